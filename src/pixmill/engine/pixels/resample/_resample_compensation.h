/* Compensates the light that was lost when sRGB values were averaged. Included once per instruction set, by _resample_run.h.
 *
 * A decoder that scales averages sRGB values, not linear light. If the values differ, the light of their mean is less than the mean
 * of their light: by half the second derivative of the curve times their variance. The values are gone, but their variance follows
 * from the differences between the neighbours on either side of the decoded pixel: they explain 1.7 times as much of the loss as
 * differences to one neighbour. The job says which part of the squares is added back.
 *
 * Samples of 8 bits without alpha only.
 */

/* Half the second derivative of the sRGB curve, approximated by a straight line, for half the sum of two squares. */
#define CURVATURE_AT_0 0.3F
#define CURVATURE 0.475F

/* The same sample of a pixel and of its four neighbours, or of itself where there is none. */
typedef struct {
    const uint8_t *at, *left, *right, *above, *below;
} FOR_TARGET(Neighbours);
#define Neighbours FOR_TARGET(Neighbours)

FORCE_INLINE void FOR_TARGET(compensate_one)(Neighbours in, float *out, int colours, float strength) {
    for (int c = 0; c < colours; c++) {
        const int dx = in.right[c] - in.left[c], dy = in.below[c] - in.above[c];
        out[c] += (CURVATURE_AT_0 + CURVATURE / 255 * in.at[c]) * strength * (float)(dx * dx + dy * dy);
    }
}

#if AVX2
/* Processes eight samples. */
FORCE_INLINE void FOR_TARGET(compensate_8)(Neighbours in, size_t which, int layout, float *out, float strength) {
    const __m128i after = _mm_unpacklo_epi8(FOR_TARGET(samples_8)(in.right, which, layout), FOR_TARGET(samples_8)(in.below, which, layout));
    const __m128i before = _mm_unpacklo_epi8(FOR_TARGET(samples_8)(in.left, which, layout), FOR_TARGET(samples_8)(in.above, which, layout));
    const __m256i differences = _mm256_sub_epi16(_mm256_cvtepu8_epi16(after), _mm256_cvtepu8_epi16(before));
    const Float8 squares = (Float8)_mm256_cvtepi32_ps(_mm256_madd_epi16(differences, differences));
    const Float8 value = (Float8)_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(FOR_TARGET(samples_8)(in.at, which, layout)));
    STORE_8(out) = LOAD_8(out) + (value * (CURVATURE * strength / 255) + CURVATURE_AT_0 * strength) * squares;
}
#endif

FORCE_INLINE void FOR_TARGET(compensate_row)(const uint8_t *at, const uint8_t *above, const uint8_t *below, float *out, size_t pixels,
                                             int has_left, int has_right, int layout, float strength) {
    const size_t stored = (size_t)CHANNEL_LAYOUTS[layout].stored_channels, channels = (size_t)CHANNEL_LAYOUTS[layout].channels;
    for (size_t i = 0; i < pixels;) {
        const Neighbours in = {
            .at = at + i * stored,
            .left = i > 0 || has_left ? at + i * stored - stored : at,
            .right = at + (i + 1 < pixels || has_right ? i + 1 : i) * stored,
            .above = above + i * stored,
            .below = below + i * stored,
        };
#if AVX2
        if ((i > 0 || has_left) && i + 8 + !has_right <= pixels) { /* eight pixels with a neighbour to either side */
#pragma GCC unroll 3
            for (size_t k = 0; k < channels; k++) FOR_TARGET(compensate_8)(in, k, layout, out + i * channels + 8 * k, strength);
            i += 8;
            continue;
        }
#endif
        FOR_TARGET(compensate_one)(in, out + i * channels, (int)channels, strength);
        i++;
    }
}

/* Adds to the linear light of pixels of a row; those at the edges of the used range have a neighbour less. */
static void FOR_TARGET(compensate)(const ResampleJob *job, Span columns, Span rows, long row, int32_t column, float *out,
                                   size_t pixels) {
    const size_t stored = (size_t)CHANNEL_LAYOUTS[job->layout].stored_channels;
    const uint8_t *at = job->source + (size_t)row * job->stride + (size_t)column * stored;
    const uint8_t *above = row > rows.begin ? at - job->stride : at, *below = row + 1 < rows.end ? at + job->stride : at;
    const int has_left = column > columns.begin, has_right = column + (int32_t)pixels < columns.end;
    const float strength = (float)(job->light_compensation / (255.0 * 255.0));
    switch (job->layout) {
        case L: FOR_TARGET(compensate_row)(at, above, below, out, pixels, has_left, has_right, L, strength); break;
        case RGB: FOR_TARGET(compensate_row)(at, above, below, out, pixels, has_left, has_right, RGB, strength); break;
        case RGBX: FOR_TARGET(compensate_row)(at, above, below, out, pixels, has_left, has_right, RGBX, strength); break;
        default: break;
    }
}
#undef Neighbours
