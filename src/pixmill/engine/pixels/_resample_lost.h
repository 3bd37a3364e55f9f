/* Light that was lost where codes were averaged. Included once per instruction set, by _resample_run.h.
 *
 * A decoder that scales takes the mean of codes, not of light. Of codes that differ, the light of the mean is less than the mean
 * of the light: by half the second derivative of the curve times their variance. The codes are gone, but not their variance: it
 * is about as large as that of the pixels that are left, from one to the next. So much of it is given back as the job says.
 *
 * Samples of 8 bits without alpha only.
 */

/* Half the second derivative of the curve, from code 0..1 to light, for half the sum of two squares: on a straight line. */
#define BEND_AT_0 0.3F
#define BEND 0.475F

ALWAYS void NAMED(give_back_one)(const uint8_t *in, const uint8_t *right, const uint8_t *below, float *out, int colours,
                                 float part) {
    for (int c = 0; c < colours; c++) {
        const float code = in[c] * (1 / 255.0F);
        const int across = right[c] - in[c], down = below[c] - in[c];
        out[c] += (BEND_AT_0 + BEND * code) * part * (float)(across * across + down * down);
    }
}

#if AVX2
ALWAYS __m128i NAMED(apart)(__m128i a, __m128i b) { return _mm_or_si128(_mm_subs_epu8(a, b), _mm_subs_epu8(b, a)); }

/* Eight samples in the lower half of each. */
ALWAYS void NAMED(give_back_8)(__m128i codes, __m128i across, __m128i down, float *out, float part) {
    const __m256i both = _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(across, down));
    const Eight squares = (Eight)_mm256_cvtepi32_ps(_mm256_madd_epi16(both, both));
    const Eight code = (Eight)_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(codes));
    PUT(out) = AT(out) + (code * (BEND * part / 255) + BEND_AT_0 * part) * squares;
}

/* Four pixels of RGBX as twelve samples: eight, and four that are followed by four of nothing. */
ALWAYS void NAMED(give_back_rgbx)(__m128i in, __m128i across, __m128i down, float *out, float part) {
    const __m128i first = _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, -1, -1, -1, -1, -1, -1, -1, -1);
    const __m128i rest = _mm_setr_epi8(10, 12, 13, 14, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
    NAMED(give_back_8)(_mm_shuffle_epi8(in, first), _mm_shuffle_epi8(across, first), _mm_shuffle_epi8(down, first), out, part);
    NAMED(give_back_8)(_mm_shuffle_epi8(in, rest), _mm_shuffle_epi8(across, rest), _mm_shuffle_epi8(down, rest), out + 8, part);
}

/* As many of the pixels as fill whole steps, each with a pixel to its right, and how many these are. */
ALWAYS size_t NAMED(give_back_steps)(const uint8_t *in, const uint8_t *below, float *out, size_t pixels, int layout, float part) {
    const size_t stored = (size_t)SHAPES[layout].stored, step = layout == RGBX ? 4 : 16;
    size_t done = 0;
    for (; done + step < pixels; done += step) {
        const uint8_t *at = in + done * stored, *under = below + done * stored;
        float *to = out + done * (size_t)SHAPES[layout].channels;
        for (size_t i = 0; i < step * stored; i += 16, to += layout == RGBX ? 12 : 16) {
            const __m128i codes = _mm_loadu_si128((const __m128i *)(at + i));
            const __m128i across = NAMED(apart)(codes, _mm_loadu_si128((const __m128i *)(at + i + stored)));
            const __m128i down = NAMED(apart)(codes, _mm_loadu_si128((const __m128i *)(under + i)));
            if (layout == RGBX) {
                NAMED(give_back_rgbx)(codes, across, down, to, part);
                continue;
            }
            NAMED(give_back_8)(codes, across, down, to, part);
            NAMED(give_back_8)(_mm_srli_si128(codes, 8), _mm_srli_si128(across, 8), _mm_srli_si128(down, 8), to + 8, part);
        }
    }
    return done;
}
#endif

ALWAYS void NAMED(give_back_row)(const uint8_t *in, const uint8_t *below, float *out, size_t pixels, int more, int layout,
                                 float part) {
    const size_t stored = (size_t)SHAPES[layout].stored, channels = (size_t)SHAPES[layout].channels;
    size_t i = 0;
#if AVX2
    i = NAMED(give_back_steps)(in, below, out, pixels, layout, part);
#endif
    for (; i < pixels; i++) {
        const uint8_t *at = in + i * stored, *right = i + 1 < pixels || more ? at + stored : at;
        NAMED(give_back_one)(at, right, below + i * stored, out + i * channels, (int)channels, part);
    }
}

/* To the light of so many pixels of a row; those at the right and lower edge of what is used have a neighbour less. */
static void NAMED(give_back)(const Job *job, const Axis *x, const Axis *y, long row, int32_t column, float *out, size_t pixels) {
    const size_t stored = (size_t)SHAPES[job->layout].stored;
    const uint8_t *in = job->in + (size_t)row * job->stride + (size_t)column * stored;
    const uint8_t *below = row + 1 < y->end ? in + job->stride : in;
    const int more = column + (int32_t)pixels < x->end;
    const float part = (float)(job->lost / (255.0 * 255.0));
    switch (job->layout) {
        case L: NAMED(give_back_row)(in, below, out, pixels, more, L, part); break;
        case RGB: NAMED(give_back_row)(in, below, out, pixels, more, RGB, part); break;
        case RGBX: NAMED(give_back_row)(in, below, out, pixels, more, RGBX, part); break;
        default: break;
    }
}
