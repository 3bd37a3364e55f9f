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
/* Eight samples in the lower half of each. */
ALWAYS void NAMED(give_back_8)(__m128i codes, __m128i right, __m128i below, float *out, float part) {
    const __m256i twice = _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(codes, codes));
    const __m256i apart = _mm256_sub_epi16(_mm256_cvtepu8_epi16(_mm_unpacklo_epi8(right, below)), twice);
    const Eight squares = (Eight)_mm256_cvtepi32_ps(_mm256_madd_epi16(apart, apart));
    const Eight code = (Eight)_mm256_cvtepi32_ps(_mm256_and_si256(twice, _mm256_set1_epi32(255)));
    PUT(out) = AT(out) + (code * (BEND * part / 255) + BEND_AT_0 * part) * squares;
}

/* As many of the pixels as fill steps of eight, each with a pixel to its right, and how many these are. */
ALWAYS size_t NAMED(give_back_steps)(const uint8_t *in, const uint8_t *below, float *out, size_t pixels, int layout, float part) {
    const size_t stored = (size_t)SHAPES[layout].stored, vectors = (size_t)SHAPES[layout].channels;
    size_t done = 0;
    for (; done + 8 < pixels; done += 8, out += 8 * vectors) {
        const uint8_t *at = in + done * stored, *under = below + done * stored;
#pragma GCC unroll 3
        for (size_t i = 0; i < vectors; i++) {
            NAMED(give_back_8)(NAMED(samples_8)(at, i, layout), NAMED(samples_8)(at + stored, i, layout),
                               NAMED(samples_8)(under, i, layout), out + 8 * i, part);
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
