/* The passes over the pixels. Included once per instruction set; FOR_TARGET(name) distinguishes the copies.
 *
 * Source rows are converted to linear light, or to floats of their sRGB values, a batch of rows and a block of columns at a
 * time so that they stay in the L1 cache, and added, times their weights, to the open output rows (about 2 × LOBES of them). A finished output row is
 * still as wide as the source: it is resampled horizontally and encoded as sRGB. Memory is some rows of floats,
 * whatever the ratio.
 */

typedef float FOR_TARGET(Float8) __attribute__((vector_size(32)));
typedef int32_t FOR_TARGET(Int8) __attribute__((vector_size(32)));
typedef double FOR_TARGET(Double4) __attribute__((vector_size(32)));
typedef float FOR_TARGET(Float4) __attribute__((vector_size(16)));
typedef float FOR_TARGET(Unaligned_4) __attribute__((vector_size(16), aligned(4), may_alias));
typedef float FOR_TARGET(Unaligned_8) __attribute__((vector_size(32), aligned(4), may_alias));

#define Float8 FOR_TARGET(Float8)
#define Int8 FOR_TARGET(Int8)
#define LOAD_8(pointer) (*(const FOR_TARGET(Unaligned_8) *)(pointer))
#define LOAD_4(pointer) (*(const FOR_TARGET(Unaligned_4) *)(pointer))
#define STORE_4(pointer) (*(FOR_TARGET(Unaligned_4) *)(pointer))
#define STORE_8(pointer) (*(FOR_TARGET(Unaligned_8) *)(pointer))
#define BROADCAST(x) ((Float8){x, x, x, x, x, x, x, x})
#if AVX2
#define KEEP_IN_REGISTER(v) __asm__("" : "+x"(v)) /* otherwise GCC loads it again for each use */
#define DECODE_FAST FOR_TARGET(decode_fast)
#else
#define KEEP_IN_REGISTER(v) (void)(v)
#define DECODE_FAST(in, out, pixels, layout, linear) FOR_TARGET(decode)(in, out, pixels, layout, 8, linear)
#endif
#define SELECT(a, b, ...) ((Float8)(((Int8)(b) & (Int8){__VA_ARGS__}) | ((Int8)(a) & ~(Int8){__VA_ARGS__})))
#if defined(__clang__)
#define SHUFFLE(v, ...) __builtin_shufflevector(v, v, __VA_ARGS__)
#else
#define SHUFFLE(v, ...) __builtin_shuffle(v, (Int8){__VA_ARGS__})
#endif

/* ---------------------------------------------------------------- to linear light, or to sRGB values of 0 to 1 */

FORCE_INLINE float FOR_TARGET(decode_sample_16)(const uint8_t *in, int linear) {
    uint16_t value;
    memcpy(&value, in, 2);
    if (!linear) return value / 65535.0F;
    float at = value * (CURVE_SEGMENTS / 65535.0F);
    int cell = (int)at;
    return TABLES.linear[cell] + (at - (float)cell) * (TABLES.linear[cell + 1] - TABLES.linear[cell]);
}

FORCE_INLINE float FOR_TARGET(decode_sample)(const uint8_t *in, int depth, int linear) {
    return depth == 16 ? FOR_TARGET(decode_sample_16)(in, linear) : linear ? TABLES.linear8[*in] : TABLES.alpha8[*in];
}

/* Premultiplies colours, so that transparent pixels do not contribute. */
FORCE_INLINE void FOR_TARGET(decode)(const uint8_t *in, float *out, size_t pixels, int layout, int depth, int linear) {
    const ChannelLayout shape = CHANNEL_LAYOUTS[layout];
    const int bytes = depth / 8, colours = shape.channels - shape.has_alpha;
    for (size_t i = 0; i < pixels; i++, in += shape.stored_channels * bytes, out += shape.channels) {
        float alpha = shape.has_alpha ? FOR_TARGET(decode_sample)(in + colours * bytes, depth, 0) : 1;
        for (int c = 0; c < colours; c++) {
            float light = FOR_TARGET(decode_sample)(in + c * bytes, depth, linear);
            out[c] = shape.has_alpha ? light * alpha : light;
        }
        if (shape.has_alpha) out[colours] = alpha;
    }
}

#if AVX2
FORCE_INLINE Float8 FOR_TARGET(polynomial)(Float8 x, const float *factors, int degree) {
    Float8 y = factors[0] + (Float8){0};
    for (int i = 1; i <= degree; i++) y = y * x + factors[i];
    return y;
}

/* The curve begins with a straight line. */
FORCE_INLINE Float8 FOR_TARGET(srgb_to_linear_8)(Float8 value, int alpha) {
    Float8 power = alpha ? FOR_TARGET(polynomial)(value, SRGB_TO_LINEAR_7, 7) : FOR_TARGET(polynomial)(value, SRGB_TO_LINEAR_5, 5);
    Float8 line = value * (float)(1 / 12.92 / 255);
    Int8 dark = value < 10.5F;
    return (Float8)((dark & (Int8)line) | (~dark & (Int8)power));
}

/* Decodes eight values: premultiplied colours, and alpha. */
FORCE_INLINE void FOR_TARGET(decode_8)(__m128i values, float *out, int layout, int linear) {
    Float8 value = (Float8)_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(values));
    Float8 alpha = value * (1 / 255.0F), light = linear ? FOR_TARGET(srgb_to_linear_8)(value, CHANNEL_LAYOUTS[layout].has_alpha) : alpha;
    if (layout == RGBA) light = SELECT(light * SHUFFLE(alpha, 3, 3, 3, 3, 7, 7, 7, 7), alpha, 0, 0, 0, -1, 0, 0, 0, -1);
    if (layout == LA) light = SELECT(light * SHUFFLE(alpha, 1, 1, 3, 3, 5, 5, 7, 7), alpha, 0, -1, 0, -1, 0, -1, 0, -1);
    STORE_8(out) = light;
}

/* Returns eight samples from byte 8 × which on, of the 24 in eight RGBX pixels: selected from 16 bytes. */
FORCE_INLINE __m128i FOR_TARGET(rgbx_8)(const uint8_t *in, size_t which) {
    const __m128i picks[3] = {
        _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, -1, -1, -1, -1, -1, -1, -1, -1),
        _mm_setr_epi8(2, 4, 5, 6, 8, 9, 10, 12, -1, -1, -1, -1, -1, -1, -1, -1),
        _mm_setr_epi8(5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1, -1, -1, -1, -1),
    };
    return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(in + 8 * which)), picks[which]);
}

/* The same for any layout. */
FORCE_INLINE __m128i FOR_TARGET(samples_8)(const uint8_t *in, size_t which, int layout) {
    return layout == RGBX ? FOR_TARGET(rgbx_8)(in, which) : _mm_loadl_epi64((const __m128i *)(in + 8 * which));
}

/* Decodes 32 bytes; in RGBX these are 8 pixels, 24 samples. */
FORCE_INLINE void FOR_TARGET(decode_32)(const uint8_t *in, float *out, int layout, int linear) {
    const size_t vectors = layout == RGBX ? 3 : 4;
#pragma GCC unroll 4
    for (size_t i = 0; i < vectors; i++) FOR_TARGET(decode_8)(FOR_TARGET(samples_8)(in, i, layout), out + 8 * i, layout, linear);
}

/* Requires space for whole steps at out. */
FORCE_INLINE void FOR_TARGET(decode_fast)(const uint8_t *in, float *out, size_t pixels, int layout, int linear) {
    const size_t step = layout == RGBX ? 24 : 32;
    size_t bytes = pixels * (size_t)CHANNEL_LAYOUTS[layout].stored_channels;
    for (; bytes >= 32; bytes -= 32, in += 32, out += step) {
        __builtin_prefetch((const void *)((uintptr_t)in + BLOCK)); /* the next block of this row */
        FOR_TARGET(decode_32)(in, out, layout, linear);
    }
    uint8_t rest[32] = {0};
    memcpy(rest, in, bytes);
    if (bytes) FOR_TARGET(decode_32)(rest, out, layout, linear);
}
#endif

static void FOR_TARGET(to_floats)(const ResampleJob *job, long row, int32_t column, float *out, size_t pixels) {
    const uint8_t *in = job->source + (size_t)row * job->stride;
    in += (size_t)column * (size_t)CHANNEL_LAYOUTS[job->layout].stored_channels * (size_t)(job->depth / 8);
    /* 16-bit results use the exact tables. */
    const int decode_key = job->depth == 8 && job->out_depth == 8 ? 0 : job->depth;
#define CASE(layout, linear) \
    case (layout) * 64 + (linear) * 32 + 8: FOR_TARGET(decode)(in, out, pixels, layout, 8, linear); break; \
    case (layout) * 64 + (linear) * 32 + 16: FOR_TARGET(decode)(in, out, pixels, layout, 16, linear); break; \
    case (layout) * 64 + (linear) * 32: DECODE_FAST(in, out, pixels, layout, linear); break;
    switch (job->layout * 64 + !!job->linear * 32 + decode_key) {
        CASE(L, 0) CASE(LA, 0) CASE(RGB, 0) CASE(RGBA, 0) CASE(RGBX, 0)
        CASE(L, 1) CASE(LA, 1) CASE(RGB, 1) CASE(RGBA, 1) CASE(RGBX, 1)
    }
#undef CASE
}

#include "_resample_compensation.h"

/* ---------------------------------------------------------------- vertical pass */

/* sums[k] += Σ rows × weights[k]: with two sums each row is loaded once for both. */
FORCE_INLINE void FOR_TARGET(accumulate_rows)(float *const *sums, const float *const *rows, const float *const *weights, size_t values,
                            int outputs, int count) {
    const float *row[WINDOW];
    Float8 factor[2][WINDOW];
    for (int r = 0; r < count; r++) {
        row[r] = rows[r];
        for (int k = 0; k < outputs; k++) factor[k][r] = BROADCAST(weights[k][r]);
    }
    float *const first = sums[0], *const second = sums[outputs - 1];
    for (size_t i = 0; i < values; i += LANES) {
        Float8 one = LOAD_8(first + i), two = LOAD_8(second + i);
        for (int r = 0; r < count; r++) {
            Float8 light = LOAD_8(row[r] + i);
            if (outputs == 2) KEEP_IN_REGISTER(light);
            one += light * factor[0][r];
            if (outputs == 2) two += light * factor[1][r];
        }
        STORE_8(first + i) = one;
        if (outputs == 2) STORE_8(second + i) = two;
    }
}

/* Accumulates 1 to WINDOW rows into one output, or 1 to BATCH into one or two; values is rounded up to whole vectors. */
static void FOR_TARGET(accumulate)(float *const *sums, const float *const *rows, const float *const *weights, size_t values, int outputs,
                       int count) {
#define CASE(outputs, n) \
    case (outputs) * 16 + (n): FOR_TARGET(accumulate_rows)(sums, rows, weights, values, outputs, n); break;
    switch (outputs * 16 + count) {
        CASE(1, 1) CASE(1, 2) CASE(1, 3) CASE(1, 4) CASE(1, 5) CASE(1, 6) CASE(1, 7) CASE(1, 8)
        CASE(2, 1) CASE(2, 2) CASE(2, 3) CASE(2, 4) CASE(2, 5) CASE(2, 6)
    }
#undef CASE
}

/* ---------------------------------------------------------------- horizontal pass */

#if AVX2

/* One vector holds 8, 4, 2 or 2 pixels of 1, 2, 3 or 4 channels; each weight is repeated for the channels of its pixel. */
FORCE_INLINE Float8 FOR_TARGET(broadcast_weights)(const float *weight, int channels) {
    if (channels == 1) return LOAD_8(weight);
    if (channels == 2) return SHUFFLE(LOAD_8(weight), 0, 0, 1, 1, 2, 2, 3, 3);
    double pair;
    memcpy(&pair, weight, sizeof pair);
    Float8 w = (Float8)((FOR_TARGET(Double4)){pair, pair, pair, pair});
    return channels == 3 ? SHUFFLE(w, 0, 0, 0, 1, 1, 1, 0, 0) : SHUFFLE(w, 0, 0, 0, 0, 1, 1, 1, 1);
}

/* Returns the sum over the pixels in a vector, in its first lanes. */
FORCE_INLINE Float8 FOR_TARGET(sum_pixels)(Float8 v, int channels) {
    if (channels == 3) return v + SHUFFLE(v, 3, 4, 5, 3, 4, 5, 3, 4);
    v += SHUFFLE(v, 4, 5, 6, 7, 0, 1, 2, 3);
    if (channels <= 2) v += SHUFFLE(v, 2, 3, 0, 1, 6, 7, 4, 5);
    if (channels == 1) v += SHUFFLE(v, 1, 0, 3, 2, 5, 4, 7, 6);
    return v;
}

/* Computes one output pixel of several rows, with the weights broadcast once. Excess lanes at out are overwritten by the
 * next pixel, or are padding. */
FORCE_INLINE void FOR_TARGET(resample_pixel)(const float *const *rows, size_t at, const float *weight, int32_t count, float *out, size_t line,
                         int channels, int row_count) {
    const int taps = channels == 1 ? 8 : channels == 2 ? 4 : 2;
    Float8 even[ROW_GROUP] = {0}, odd = {0};
    for (int32_t tap = 0; tap < count; tap += 2 * taps) {
        const Float8 one = FOR_TARGET(broadcast_weights)(weight + tap, channels);
        const Float8 two = FOR_TARGET(broadcast_weights)(weight + tap + taps, channels);
        const size_t first = at + (size_t)(tap * channels), second = at + (size_t)((tap + taps) * channels);
        for (int r = 0; r < row_count; r++) even[r] += LOAD_8(rows[r] + first) * one;
        if (row_count == 1) odd += LOAD_8(rows[0] + second) * two; /* two sums, because one would wait for its own result */
        else for (int r = 0; r < row_count; r++) even[r] += LOAD_8(rows[r] + second) * two;
    }
    if (row_count == 1) even[0] += odd;
    for (int r = 0; r < row_count; r++) {
        Float8 sum = FOR_TARGET(sum_pixels)(even[r], channels);
        memcpy(out + (size_t)r * line, &sum, 4 * sizeof *out);
    }
}

#else

FORCE_INLINE void FOR_TARGET(resample_pixel)(const float *const *rows, size_t at, const float *weight, int32_t count, float *out, size_t line,
                         int channels, int row_count) {
    for (int r = 0; r < row_count; r++, out += line) {
        const float *in = rows[r] + at;
        FOR_TARGET(Float4) sum = {0};
        if (channels == 1) {
            for (int32_t tap = 0; tap < count; tap += 4) sum += LOAD_4(in + tap) * LOAD_4(weight + tap);
            *out = (sum[0] + sum[1]) + (sum[2] + sum[3]);
        } else {
            for (int32_t tap = 0; tap < count; tap++) sum += LOAD_4(in + tap * channels) * weight[tap];
            memcpy(out, &sum, sizeof sum);
        }
    }
}

#endif

FORCE_INLINE void FOR_TARGET(resample_row)(const float *const *rows, float *out, size_t line, const Axis *axis, int channels, int32_t fixed_taps,
                          int row_count) {
    const int32_t *first = axis->first_tap, *count = axis->tap_count, size = axis->size, begin = axis->begin;
    const float *weight = axis->weight;
    for (int32_t i = 0; i < size; i++, out += channels, weight += axis->weight_stride)
        FOR_TARGET(resample_pixel)(rows, (size_t)((first[i] - begin) * channels), weight, fixed_taps ? fixed_taps : count[i], out,
                                   line, channels, row_count);
}

/* Few taps, as in enlarging, need no loop. */
FORCE_INLINE void FOR_TARGET(resample_horizontally)(const float *const *rows, float *out, size_t line, const Axis *axis, int channels,
                                                    int row_count) {
    if (axis->max_taps <= 8) FOR_TARGET(resample_row)(rows, out, line, axis, channels, 8, row_count);
    else FOR_TARGET(resample_row)(rows, out, line, axis, channels, 0, row_count);
}

/* ---------------------------------------------------------------- to sRGB values */

FORCE_INLINE float FOR_TARGET(clamp_to_unit)(float x) {
    x = x > 0 ? x : 0;
    return x < 1 ? x : 1;
}

/* Alpha below half a 16-bit value has no colour. */
FORCE_INLINE void FOR_TARGET(unpremultiply)(float *row, size_t pixels, int channels) {
    for (size_t i = 0; i < pixels; i++, row += channels) {
        float alpha = FOR_TARGET(clamp_to_unit)(row[channels - 1]), inverse = alpha > 0.5F / 65535 ? 1 / alpha : 0;
        for (int c = 0; c < channels - 1; c++) row[c] *= inverse;
        row[channels - 1] = alpha;
    }
}

#if AVX2

/* The curve begins with a straight line; NaN becomes 0. */
FORCE_INLINE __m256i FOR_TARGET(linear_to_srgb_8)(const float *row) {
    Float8 light = (Float8)_mm256_min_ps(_mm256_max_ps((__m256)LOAD_8(row), _mm256_setzero_ps()), _mm256_set1_ps(1));
    Float8 power = FOR_TARGET(polynomial)((Float8)_mm256_sqrt_ps((__m256)light), LINEAR_TO_SRGB_7, 7), line = light * (float)(12.92 * 255);
    Int8 dark = light < 0.0031308F;
    return _mm256_cvttps_epi32((__m256)((Float8)((dark & (Int8)line) | (~dark & (Int8)power)) + 0.5F));
}

/* NaN becomes 0. */
FORCE_INLINE __m256i FOR_TARGET(values_8)(const float *row) {
    Float8 value = (Float8)_mm256_min_ps(_mm256_max_ps((__m256)LOAD_8(row), _mm256_setzero_ps()), _mm256_set1_ps(1));
    return _mm256_cvttps_epi32((__m256)(value * 255.0F + 0.5F));
}

FORCE_INLINE __m256i FOR_TARGET(encode_8)(const float *row, int linear) {
    return linear ? FOR_TARGET(linear_to_srgb_8)(row) : FOR_TARGET(values_8)(row);
}

FORCE_INLINE void FOR_TARGET(encode8)(const float *row, uint8_t *out, size_t values, int linear) {
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    for (size_t i = 0; i < values; i += 32, row += 32) {
        uint8_t tail[32];
        uint8_t *target = values - i < 32 ? tail : out + i;
        __m256i low = _mm256_packs_epi32(FOR_TARGET(encode_8)(row, linear), FOR_TARGET(encode_8)(row + 8, linear));
        __m256i high = _mm256_packs_epi32(FOR_TARGET(encode_8)(row + 16, linear), FOR_TARGET(encode_8)(row + 24, linear));
        _mm256_storeu_si256((__m256i *)target, _mm256_permutevar8x32_epi32(_mm256_packus_epi16(low, high), order));
        if (target == tail) memcpy(out + i, tail, values - i);
    }
}

#else

FORCE_INLINE void FOR_TARGET(encode8)(const float *row, uint8_t *out, size_t values, int linear) {
    if (!linear) {
        for (size_t i = 0; i < values; i++) out[i] = (uint8_t)(FOR_TARGET(clamp_to_unit)(row[i]) * 255 + 0.5F);
        return;
    }
    int32_t cell[32];
    for (size_t i = 0; i < values; i += 32) {
        uint8_t tail[32];
        for (int j = 0; j < 32; j++) cell[j] = (int32_t)(sqrtf(FOR_TARGET(clamp_to_unit)(row[i + j])) * (SQRT_CELLS - 0.01F));
        uint8_t *target = values - i < 32 ? tail : out + i;
#pragma GCC unroll 32
        for (int j = 0; j < 32; j++) target[j] = TABLES.srgb8[cell[j]];
        if (target == tail) memcpy(out + i, tail, values - i);
    }
}

#endif

static void FOR_TARGET(encode16)(const float *row, uint8_t *out, size_t values, int linear) {
    for (size_t i = 0; i < values; i++) {
        float srgb = FOR_TARGET(clamp_to_unit)(row[i]);
        if (linear) {
            float at = sqrtf(srgb) * CURVE_SEGMENTS;
            int cell = (int)at;
            srgb = TABLES.srgb[cell] + (at - (float)cell) * (TABLES.srgb[cell + 1] - TABLES.srgb[cell]);
        }
        uint16_t rounded = (uint16_t)(srgb * 65535 + 0.5F);
        memcpy(out + 2 * i, &rounded, 2);
    }
}

static void FOR_TARGET(encode_alpha)(const float *row, uint8_t *out, size_t pixels, int channels, int depth) {
    for (size_t i = 0; i < pixels; i++) {
        float alpha = row[i * (size_t)channels + (size_t)channels - 1];
        size_t at = i * (size_t)channels + (size_t)channels - 1;
        uint16_t wide = (uint16_t)(alpha * 65535 + 0.5F);
        if (depth == 16) memcpy(out + 2 * at, &wide, 2);
        else out[at] = (uint8_t)(alpha * 255 + 0.5F);
    }
}

/* ---------------------------------------------------------------- both passes */

typedef struct {
    const ResampleJob *job;
    Axis x, y;
    Span columns, rows; /* source pixels that are used */
    int channels;
    size_t source_row_stride; /* floats from one row to the next */
    int32_t open_rows;        /* rows in sums */
    float *sums;   /* open output rows, as wide as the source */
    float *weights; /* BATCH for each open output row */
    float *linear_rows; /* BATCH rows of a block, or WINDOW of the whole width */
    float *output_rows; /* ROW_GROUP rows */
    float *pair; /* two source rows, if they are halved */
    size_t pair_stride;
    size_t output_row_stride;
} FOR_TARGET(Workspace);
#define Workspace FOR_TARGET(Workspace)

/* Converts pixels of a source row to what is mixed: linear light, or sRGB values. */
static void FOR_TARGET(decode_source_row)(const Workspace *work, long row, int32_t column, float *out, size_t pixels) {
    FOR_TARGET(to_floats)(work->job, row, column, out, pixels);
    if (work->job->linear && work->job->light_compensation > 0 && work->job->depth == 8)
        FOR_TARGET(compensate)(work->job, work->columns, work->rows, row, column, out, pixels);
}

/* Writes the mean of 2 x 2 pixels for each output pixel, and up to three floats behind the last. */
FORCE_INLINE void FOR_TARGET(average_pairs)(const float *one, const float *two, float *out, size_t pixels, size_t channels) {
    for (size_t i = 0; i < pixels; i++, one += 2 * channels, two += 2 * channels, out += channels) {
        const FOR_TARGET(Float4) sum = (LOAD_4(one) + LOAD_4(two)) + (LOAD_4(one + channels) + LOAD_4(two + channels));
        STORE_4(out) = sum * 0.25F;
    }
}

/* The same for a row of halved pixels; an odd last source pixel or row counts twice. */
static void FOR_TARGET(decode_halved_row)(const Workspace *work, long row, int32_t column, float *out, size_t pixels) {
    const size_t channels = (size_t)work->channels;
    const int32_t left = work->columns.begin + 2 * column;
    const size_t available = (size_t)(work->columns.end - left), used = 2 * pixels < available ? 2 * pixels : available;
    float *pair[2] = {work->pair, work->pair + work->pair_stride};
    for (int k = 0; k < 2; k++) {
        const long source = work->rows.begin + 2 * row + k;
        FOR_TARGET(decode_source_row)(work, source < work->rows.end ? source : source - 1, left, pair[k], used);
        if (used < 2 * pixels) memcpy(pair[k] + used * channels, pair[k] + (used - 1) * channels, channels * sizeof(float));
    }
    switch (channels) {
        case 1: FOR_TARGET(average_pairs)(pair[0], pair[1], out, pixels, 1); break;
        case 2: FOR_TARGET(average_pairs)(pair[0], pair[1], out, pixels, 2); break;
        case 3: FOR_TARGET(average_pairs)(pair[0], pair[1], out, pixels, 3); break;
        default: FOR_TARGET(average_pairs)(pair[0], pair[1], out, pixels, 4); break;
    }
}

static void FOR_TARGET(decode_row)(const Workspace *work, long row, int32_t column, float *out, size_t pixels) {
    if (work->job->halve) FOR_TARGET(decode_halved_row)(work, row, column, out, pixels);
    else FOR_TARGET(decode_source_row)(work, row, column, out, pixels);
}

/* Unpremultiplies a finished row and encodes it. */
static void FOR_TARGET(encode_row)(const Workspace *work, float *line, int32_t y) {
    const ResampleJob *job = work->job;
    const size_t pixels = (size_t)job->out_width, values = pixels * (size_t)work->channels;
    uint8_t *out = job->out + (size_t)y * values * (size_t)(job->out_depth / 8);
    if (CHANNEL_LAYOUTS[job->layout].has_alpha) FOR_TARGET(unpremultiply)(line, pixels, work->channels);
    if (job->out_depth == 16) FOR_TARGET(encode16)(line, out, values, job->linear);
    else if (job->linear) FOR_TARGET(encode8)(line, out, values, 1);
    else FOR_TARGET(encode8)(line, out, values, 0);
    if (CHANNEL_LAYOUTS[job->layout].has_alpha) FOR_TARGET(encode_alpha)(line, out, pixels, work->channels, job->out_depth);
}

/* Finishes 1 to ROW_GROUP output rows from y on, whose sums are complete. */
static void FOR_TARGET(finish_rows)(Workspace *work, int32_t y, int row_count) {
    const float *rows[ROW_GROUP];
    for (int r = 0; r < row_count; r++) rows[r] = work->sums + (size_t)((y + r) % work->open_rows) * work->source_row_stride;
#define CASE(channels, n) \
    case (channels) * 8 + (n): FOR_TARGET(resample_horizontally)(rows, work->output_rows, work->output_row_stride, &work->x, channels, n); break;
    switch (work->channels * 8 + row_count) {
        CASE(1, 1) CASE(1, 2) CASE(1, 3) CASE(1, 4) CASE(2, 1) CASE(2, 2) CASE(2, 3) CASE(2, 4)
        CASE(3, 1) CASE(3, 2) CASE(3, 3) CASE(3, 4) CASE(4, 1) CASE(4, 2) CASE(4, 3) CASE(4, 4)
    }
#undef CASE
    for (int r = 0; r < row_count; r++) FOR_TARGET(encode_row)(work, work->output_rows + (size_t)r * work->output_row_stride, y + r);
}

/* For few taps, as in enlarging: keeps the rows of one window, and computes one output row at a time. */
static void FOR_TARGET(resample_by_output_row)(Workspace *work) {
    const Axis *y = &work->y;
    const size_t pixels = (size_t)(work->x.end - work->x.begin);
    const float *rows[WINDOW];
    int32_t next = y->begin;
    for (int32_t i = 0; i < y->size; i++) {
        for (; next < y->first_tap[i] + y->tap_count[i]; next++)
            FOR_TARGET(decode_row)(work, next, work->x.begin,
                                   work->linear_rows + (size_t)(next % WINDOW) * work->source_row_stride, pixels);
        for (int32_t r = 0; r < y->tap_count[i]; r++)
            rows[r] = work->linear_rows + (size_t)((y->first_tap[i] + r) % WINDOW) * work->source_row_stride;
        const float *weight = y->weight + (size_t)i * (size_t)y->weight_stride;
        float *sum = work->sums + (size_t)(i % ROW_GROUP) * work->source_row_stride;
        memset(sum, 0, work->source_row_stride * sizeof(float));
        FOR_TARGET(accumulate)(&sum, rows, &weight, pixels * (size_t)work->channels, 1, y->tap_count[i]);
        if (i % ROW_GROUP == ROW_GROUP - 1 || i == y->size - 1) FOR_TARGET(finish_rows)(work, i - i % ROW_GROUP, i % ROW_GROUP + 1);
    }
}

/* Collects the weights of the rows from..end in the output rows done..open, 0 if a row is not in the window. */
static void FOR_TARGET(collect_weights)(Workspace *work, int32_t from, int32_t end, int32_t done, int32_t open) {
    const Axis *y = &work->y;
    for (int32_t i = done; i < open; i++) {
        float *weight = work->weights + (size_t)(i % work->open_rows) * BATCH;
        for (int32_t r = from; r < end; r++) {
            const int32_t tap = r - y->first_tap[i];
            weight[r - from] = tap >= 0 && tap < y->tap_count[i] ? y->weight[(size_t)i * (size_t)y->weight_stride + (size_t)tap] : 0;
        }
    }
}

/* Adds the columns of one block to one or two output rows from i on. */
static void FOR_TARGET(accumulate_outputs)(Workspace *work, const float *const *rows, int32_t from, int32_t end, int32_t i, int outputs,
                               size_t at, size_t values) {
    const Axis *y = &work->y;
    float *sums[2];
    const float *weights[2];
    int32_t first = y->first_tap[i] > from ? y->first_tap[i] - from : 0;
    int32_t last = y->first_tap[i + outputs - 1] + y->tap_count[i + outputs - 1];
    last = (last < end ? last : end) - from;
    for (int k = 0; k < outputs; k++) {
        const size_t slot = (size_t)((i + k) % work->open_rows);
        sums[k] = work->sums + slot * work->source_row_stride + at;
        weights[k] = work->weights + slot * BATCH + first;
        if (y->first_tap[i + k] >= from) memset(sums[k], 0, values * sizeof(float));
    }
    FOR_TARGET(accumulate)(sums, rows + first, weights, values, outputs, last - first);
}

/* Adds source rows from..end, columns of one block, to the output rows done..open. */
static void FOR_TARGET(accumulate_block)(Workspace *work, int32_t from, int32_t end, int32_t done, int32_t open, size_t at, size_t pixels) {
    const size_t channels = (size_t)work->channels, values = (pixels * channels + LANES - 1) / LANES * LANES;
    const float *rows[BATCH];
    for (int32_t r = from; r < end; r++) {
        float *light = work->linear_rows + (size_t)(r - from) * BLOCK;
        FOR_TARGET(decode_row)(work, r, work->x.begin + (int32_t)at, light, pixels);
        rows[r - from] = light;
    }
    for (int32_t i = done; i < open; i += 2)
        FOR_TARGET(accumulate_outputs)(work, rows, from, end, i, open - i > 1 ? 2 : 1, at * channels, values);
}

/* For many taps: reads each source row once and adds it to all output rows that need it. */
static void FOR_TARGET(resample_by_source_row)(Workspace *work) {
    const Axis *y = &work->y;
    const size_t pixels = (size_t)(work->x.end - work->x.begin);
    const size_t block = BLOCK / (size_t)work->channels / 32 * 32; /* whole steps of decode_fast */
    int32_t ready = 0; /* rows from here to done wait until they fill a group */
    for (int32_t from = y->begin, done = 0, open = 0; from < y->end; from += BATCH) {
        int32_t end = from + BATCH < y->end ? from + BATCH : y->end;
        while (open < y->size && y->first_tap[open] < end) open++;
        FOR_TARGET(collect_weights)(work, from, end, done, open);
        for (size_t at = 0; at < pixels; at += block)
            FOR_TARGET(accumulate_block)(work, from, end, done, open, at, pixels - at < block ? pixels - at : block);
        while (done < open && y->first_tap[done] + y->tap_count[done] <= end) done++;
        for (; done - ready >= ROW_GROUP; ready += ROW_GROUP) FOR_TARGET(finish_rows)(work, ready, ROW_GROUP);
    }
    if (ready < y->size) FOR_TARGET(finish_rows)(work, ready, y->size - ready);
}

/* Returns the maximum number of output rows that are open, or wait to be finished, at the same time. */
static int32_t FOR_TARGET(max_open_rows)(const Axis *y) {
    int32_t max_open = 1;
    for (int32_t from = y->begin, done = 0, open = 0; from < y->end; from += BATCH) {
        while (open < y->size && y->first_tap[open] < from + BATCH) open++;
        if (open - done > max_open) max_open = open - done;
        while (done < open && y->first_tap[done] + y->tap_count[done] <= from + BATCH) done++;
    }
    return max_open + ROW_GROUP - 1;
}

/* Allocates all rows at once, each at the start of a cache line, because vectors that cross lines cost double. */
static float *FOR_TARGET(allocate_workspace)(Workspace *work, int fits_window) {
    const size_t wide = ALIGN_TO_CACHE_LINE((size_t)(work->x.end - work->x.begin) * (size_t)work->channels + PADDING);
    const size_t line = ALIGN_TO_CACHE_LINE((size_t)work->x.size * (size_t)work->channels + PADDING);
    const size_t light = fits_window ? WINDOW * wide : BATCH * BLOCK;
    const size_t slots = (size_t)work->open_rows, weights = ALIGN_TO_CACHE_LINE(slots * BATCH);
    const size_t pair = work->job->halve ? ALIGN_TO_CACHE_LINE((size_t)(work->columns.end - work->columns.begin + 1) *
                                                                   (size_t)work->channels + PADDING) : 0;
    float *memory = calloc(slots * wide + light + ROW_GROUP * line + weights + 2 * pair + CACHE_LINE_FLOATS, sizeof(float));
    if (!memory) return NULL;
    work->source_row_stride = wide;
    work->sums = memory + (CACHE_LINE_FLOATS - (uintptr_t)memory / sizeof(float) % CACHE_LINE_FLOATS) % CACHE_LINE_FLOATS;
    work->linear_rows = work->sums + slots * wide;
    work->output_rows = work->linear_rows + light;
    work->output_row_stride = line;
    work->weights = work->output_rows + ROW_GROUP * line;
    work->pair = work->weights + weights;
    work->pair_stride = pair;
    return memory;
}

static Status FOR_TARGET(make_axes)(Workspace *work) {
    const ResampleJob *job = work->job;
    const double droop = job->droop_compensation;
    if (job->halve) {
        work->columns = span_of_box(job->left, job->box_width, job->width);
        work->rows = span_of_box(job->top, job->box_height, job->height);
        const Status status = axis_make_halved(&work->x, &work->columns, job->left, job->box_width, job->out_width, droop);
        return status == OK ? axis_make_halved(&work->y, &work->rows, job->top, job->box_height, job->out_height, droop) : status;
    }
    Status status = axis_make(&work->x, job->width, job->left, job->box_width, job->out_width, droop);
    if (status == OK) status = axis_make(&work->y, job->height, job->top, job->box_height, job->out_height, droop);
    work->columns = (Span){work->x.begin, work->x.end};
    work->rows = (Span){work->y.begin, work->y.end};
    return status;
}

static Status FOR_TARGET(run)(const ResampleJob *job) {
    Workspace work = {.job = job, .channels = CHANNEL_LAYOUTS[job->layout].channels};
    Status status = FOR_TARGET(make_axes)(&work);
    if (status == OK) {
        const int fits_window = work.y.max_taps <= WINDOW;
        work.open_rows = fits_window ? ROW_GROUP : FOR_TARGET(max_open_rows)(&work.y);
        float *memory = FOR_TARGET(allocate_workspace)(&work, fits_window);
        if (!memory) status = NO_MEMORY;
        else if (fits_window) FOR_TARGET(resample_by_output_row)(&work);
        else FOR_TARGET(resample_by_source_row)(&work);
        free(memory);
    }
    axis_free(&work.x);
    axis_free(&work.y);
    return status;
}

#undef Workspace
#undef Float8
#undef Int8
#undef LOAD_8
#undef LOAD_4
#undef STORE_4
#undef STORE_8
#undef SHUFFLE
#undef DECODE_FAST
#undef KEEP_IN_REGISTER
#undef BROADCAST
#undef SELECT
