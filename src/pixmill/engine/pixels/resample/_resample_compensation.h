/* Compensates the light that was lost when sRGB values were averaged. Included once per instruction set, by _resample_run.h.
 *
 * A decoder that scales averages sRGB values, not linear light. If the values differ, the light of their mean is less than the mean
 * of their light: by half the second derivative of the curve times their variance. The values are gone, but their variance is
 * about that between neighbouring decoded pixels. The job says which part of this estimate is added back.
 *
 * Samples of 8 bits without alpha only.
 */

/* Half the second derivative of the sRGB curve, approximated by a straight line, for half the sum of two squares. */
#define CURVATURE_AT_0 0.3F
#define CURVATURE 0.475F

FORCE_INLINE void FOR_TARGET(compensate_one)(const uint8_t *in, const uint8_t *right, const uint8_t *below, float *out, int colours,
                                 float strength) {
    for (int c = 0; c < colours; c++) {
        const float value = in[c] * (1 / 255.0F);
        const int dx = right[c] - in[c], dy = below[c] - in[c];
        out[c] += (CURVATURE_AT_0 + CURVATURE * value) * strength * (float)(dx * dx + dy * dy);
    }
}

#if AVX2
/* Processes the eight samples in the lower half of each vector. */
FORCE_INLINE void FOR_TARGET(compensate_8)(__m128i values, __m128i right, __m128i below, float *out, float strength) {
    const __m256i twice = _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(values, values));
    const __m256i differences = _mm256_sub_epi16(_mm256_cvtepu8_epi16(_mm_unpacklo_epi8(right, below)), twice);
    const Float8 squares = (Float8)_mm256_cvtepi32_ps(_mm256_madd_epi16(differences, differences));
    const Float8 value = (Float8)_mm256_cvtepi32_ps(_mm256_and_si256(twice, _mm256_set1_epi32(255)));
    STORE_8(out) = LOAD_8(out) + (value * (CURVATURE * strength / 255) + CURVATURE_AT_0 * strength) * squares;
}

/* Processes whole steps of eight pixels, each of which has a right neighbour, and returns their number. */
FORCE_INLINE size_t FOR_TARGET(compensate_steps)(const uint8_t *in, const uint8_t *below, float *out, size_t pixels, int layout,
                                                 float strength) {
    const size_t stored = (size_t)CHANNEL_LAYOUTS[layout].stored_channels, vectors = (size_t)CHANNEL_LAYOUTS[layout].channels;
    size_t done = 0;
    for (; done + 8 < pixels; done += 8, out += 8 * vectors) {
        const uint8_t *at = in + done * stored, *below_at = below + done * stored;
#pragma GCC unroll 3
        for (size_t i = 0; i < vectors; i++) {
            FOR_TARGET(compensate_8)(FOR_TARGET(samples_8)(at, i, layout), FOR_TARGET(samples_8)(at + stored, i, layout),
                               FOR_TARGET(samples_8)(below_at, i, layout), out + 8 * i, strength);
        }
    }
    return done;
}
#endif

FORCE_INLINE void FOR_TARGET(compensate_row)(const uint8_t *in, const uint8_t *below, float *out, size_t pixels,
                                             int has_right_neighbour, int layout,
                                 float strength) {
    const size_t stored = (size_t)CHANNEL_LAYOUTS[layout].stored_channels, channels = (size_t)CHANNEL_LAYOUTS[layout].channels;
    size_t i = 0;
#if AVX2
    i = FOR_TARGET(compensate_steps)(in, below, out, pixels, layout, strength);
#endif
    for (; i < pixels; i++) {
        const uint8_t *at = in + i * stored, *right = i + 1 < pixels || has_right_neighbour ? at + stored : at;
        FOR_TARGET(compensate_one)(at, right, below + i * stored, out + i * channels, (int)channels, strength);
    }
}

/* Adds to the linear light of pixels of a row; those at the right and lower edge of the used range have a neighbour less. */
static void FOR_TARGET(compensate)(const ResampleJob *job, const Axis *x, const Axis *y, long row, int32_t column, float *out,
                                   size_t pixels) {
    const size_t stored = (size_t)CHANNEL_LAYOUTS[job->layout].stored_channels;
    const uint8_t *in = job->source + (size_t)row * job->stride + (size_t)column * stored;
    const uint8_t *below = row + 1 < y->end ? in + job->stride : in;
    const int has_right_neighbour = column + (int32_t)pixels < x->end;
    const float strength = (float)(job->light_compensation / (255.0 * 255.0));
    switch (job->layout) {
        case L: FOR_TARGET(compensate_row)(in, below, out, pixels, has_right_neighbour, L, strength); break;
        case RGB: FOR_TARGET(compensate_row)(in, below, out, pixels, has_right_neighbour, RGB, strength); break;
        case RGBX: FOR_TARGET(compensate_row)(in, below, out, pixels, has_right_neighbour, RGBX, strength); break;
        default: break;
    }
}
