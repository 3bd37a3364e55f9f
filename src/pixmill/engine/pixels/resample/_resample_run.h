/* The passes over the pixels. Included once per instruction set, with NAMED(name) to tell the copies apart.
 *
 * Source rows become linear light, a batch of rows and a block of columns at a time so that they stay in the first
 * cache; they are added, times their weights, to the output rows that are open (about 2 × LOBES of them). A finished
 * output row is still as wide as the source: it is resampled across, and becomes codes. Memory is some rows of
 * floats, whatever the ratio.
 */

typedef float NAMED(Eight) __attribute__((vector_size(32)));
typedef int32_t NAMED(Eight_i) __attribute__((vector_size(32)));
typedef double NAMED(Four_d) __attribute__((vector_size(32)));
typedef float NAMED(Four) __attribute__((vector_size(16)));
typedef float NAMED(Loose_4) __attribute__((vector_size(16), aligned(4), may_alias));
typedef float NAMED(Loose) __attribute__((vector_size(32), aligned(4), may_alias));

#define Eight NAMED(Eight)
#define Eight_i NAMED(Eight_i)
#define AT(pointer) (*(const NAMED(Loose) *)(pointer))
#define AT_4(pointer) (*(const NAMED(Loose_4) *)(pointer))
#define PUT(pointer) (*(NAMED(Loose) *)(pointer))
#define ALL(x) ((Eight){x, x, x, x, x, x, x, x})
#if AVX2
#define HOLD(v) __asm__("" : "+x"(v)) /* in its register, or GCC loads it again for each use */
#define DECODE_FAST NAMED(decode_fast)
#else
#define HOLD(v) (void)(v)
#define DECODE_FAST(in, out, pixels, layout) NAMED(decode)(in, out, pixels, layout, 8)
#endif
#define SELECT(a, b, ...) ((Eight)(((Eight_i)(b) & (Eight_i){__VA_ARGS__}) | ((Eight_i)(a) & ~(Eight_i){__VA_ARGS__})))
#if defined(__clang__)
#define SPREAD(v, ...) __builtin_shufflevector(v, v, __VA_ARGS__)
#else
#define SPREAD(v, ...) __builtin_shuffle(v, (Eight_i){__VA_ARGS__})
#endif

/* ---------------------------------------------------------------- to linear light */

ALWAYS float NAMED(sample16)(const uint8_t *in, int colour) {
    uint16_t code;
    memcpy(&code, in, 2);
    if (!colour) return code / 65535.0F;
    float at = code * (CURVE / 65535.0F);
    int cell = (int)at;
    return TABLES.light[cell] + (at - (float)cell) * (TABLES.light[cell + 1] - TABLES.light[cell]);
}

ALWAYS float NAMED(sample)(const uint8_t *in, int depth, int colour) {
    return depth == 16 ? NAMED(sample16)(in, colour) : colour ? TABLES.light8[*in] : TABLES.alpha8[*in];
}

/* Colours are multiplied by alpha: what cannot be seen does not count. */
ALWAYS void NAMED(decode)(const uint8_t *in, float *out, size_t pixels, int layout, int depth) {
    const Shape shape = SHAPES[layout];
    const int bytes = depth / 8, colours = shape.channels - shape.alpha;
    for (size_t i = 0; i < pixels; i++, in += shape.stored * bytes, out += shape.channels) {
        float alpha = shape.alpha ? NAMED(sample)(in + colours * bytes, depth, 0) : 1;
        for (int c = 0; c < colours; c++) {
            float light = NAMED(sample)(in + c * bytes, depth, 1);
            out[c] = shape.alpha ? light * alpha : light;
        }
        if (shape.alpha) out[colours] = alpha;
    }
}

#if AVX2
ALWAYS Eight NAMED(polynomial)(Eight x, const float *factors, int degree) {
    Eight y = factors[0] + (Eight){0};
    for (int i = 1; i <= degree; i++) y = y * x + factors[i];
    return y;
}

/* The curve begins with a line. */
ALWAYS Eight NAMED(light_of_8)(Eight code, int alpha) {
    Eight power = alpha ? NAMED(polynomial)(code, LIGHT_7, 7) : NAMED(polynomial)(code, LIGHT_5, 5);
    Eight line = code * (float)(1 / 12.92 / 255);
    Eight_i dark = code < 10.5F;
    return (Eight)((dark & (Eight_i)line) | (~dark & (Eight_i)power));
}

/* Eight codes as what they stand for: colours, which are multiplied by alpha, and alpha itself. */
ALWAYS void NAMED(decode_8)(__m128i codes, float *out, int layout) {
    Eight code = (Eight)_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(codes));
    Eight light = NAMED(light_of_8)(code, SHAPES[layout].alpha), alpha = code * (1 / 255.0F);
    if (layout == RGBA) light = SELECT(light * SPREAD(alpha, 3, 3, 3, 3, 7, 7, 7, 7), alpha, 0, 0, 0, -1, 0, 0, 0, -1);
    if (layout == LA) light = SELECT(light * SPREAD(alpha, 1, 1, 3, 3, 5, 5, 7, 7), alpha, 0, -1, 0, -1, 0, -1, 0, -1);
    PUT(out) = light;
}

/* Eight samples from byte 8 × which on, of the 24 that are in eight pixels of RGBX: picked out of 16 bytes. */
ALWAYS __m128i NAMED(rgbx_8)(const uint8_t *in, size_t which) {
    const __m128i picks[3] = {
        _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, -1, -1, -1, -1, -1, -1, -1, -1),
        _mm_setr_epi8(2, 4, 5, 6, 8, 9, 10, 12, -1, -1, -1, -1, -1, -1, -1, -1),
        _mm_setr_epi8(5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1, -1, -1, -1, -1),
    };
    return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(in + 8 * which)), picks[which]);
}

/* The same of any layout. */
ALWAYS __m128i NAMED(samples_8)(const uint8_t *in, size_t which, int layout) {
    return layout == RGBX ? NAMED(rgbx_8)(in, which) : _mm_loadl_epi64((const __m128i *)(in + 8 * which));
}

/* 32 bytes; of RGBX they are 8 pixels, 24 samples. */
ALWAYS void NAMED(decode_32)(const uint8_t *in, float *out, int layout) {
    const size_t vectors = layout == RGBX ? 3 : 4;
#pragma GCC unroll 4
    for (size_t i = 0; i < vectors; i++) NAMED(decode_8)(NAMED(samples_8)(in, i, layout), out + 8 * i, layout);
}

/* There is room for whole steps at out. */
ALWAYS void NAMED(decode_fast)(const uint8_t *in, float *out, size_t pixels, int layout) {
    const size_t step = layout == RGBX ? 24 : 32;
    size_t bytes = pixels * (size_t)SHAPES[layout].stored;
    for (; bytes >= 32; bytes -= 32, in += 32, out += step) {
        __builtin_prefetch((const void *)((uintptr_t)in + BLOCK)); /* the next block of this row */
        NAMED(decode_32)(in, out, layout);
    }
    uint8_t rest[32] = {0};
    memcpy(rest, in, bytes);
    if (bytes) NAMED(decode_32)(rest, out, layout);
}
#endif

static void NAMED(to_light)(const Job *job, long row, int32_t column, float *out, size_t pixels) {
    const uint8_t *in = job->in + (size_t)row * job->stride;
    in += (size_t)column * (size_t)SHAPES[job->layout].stored * (size_t)(job->depth / 8);
    /* What is written in 16 bits is looked up, exactly. */
    const int how = job->depth == 8 && job->out_depth == 8 ? 0 : job->depth;
#define CASE(layout) \
    case (layout) * 32 + 8: NAMED(decode)(in, out, pixels, layout, 8); break; \
    case (layout) * 32 + 16: NAMED(decode)(in, out, pixels, layout, 16); break; \
    case (layout) * 32: DECODE_FAST(in, out, pixels, layout); break;
    switch (job->layout * 32 + how) { CASE(L) CASE(LA) CASE(RGB) CASE(RGBA) CASE(RGBX) }
#undef CASE
}

#include "_resample_compensation.h"

/* ---------------------------------------------------------------- down */

/* sums[k] += Σ rows × weights[k]: with two sums each row is loaded once for both. */
ALWAYS void NAMED(add_rows)(float *const *sums, const float *const *rows, const float *const *weights, size_t values,
                            int outputs, int count) {
    const float *row[WINDOW];
    Eight factor[2][WINDOW];
    for (int r = 0; r < count; r++) {
        row[r] = rows[r];
        for (int k = 0; k < outputs; k++) factor[k][r] = ALL(weights[k][r]);
    }
    float *const first = sums[0], *const second = sums[outputs - 1];
    for (size_t i = 0; i < values; i += LANES) {
        Eight one = AT(first + i), two = AT(second + i);
        for (int r = 0; r < count; r++) {
            Eight light = AT(row[r] + i);
            if (outputs == 2) HOLD(light);
            one += light * factor[0][r];
            if (outputs == 2) two += light * factor[1][r];
        }
        PUT(first + i) = one;
        if (outputs == 2) PUT(second + i) = two;
    }
}

/* For 1 to WINDOW rows into one output, or 1 to BATCH into one or two; values is rounded up to whole lanes. */
static void NAMED(add)(float *const *sums, const float *const *rows, const float *const *weights, size_t values, int outputs,
                       int count) {
#define CASE(outputs, n) \
    case (outputs) * 16 + (n): NAMED(add_rows)(sums, rows, weights, values, outputs, n); break;
    switch (outputs * 16 + count) {
        CASE(1, 1) CASE(1, 2) CASE(1, 3) CASE(1, 4) CASE(1, 5) CASE(1, 6) CASE(1, 7) CASE(1, 8)
        CASE(2, 1) CASE(2, 2) CASE(2, 3) CASE(2, 4) CASE(2, 5) CASE(2, 6)
    }
#undef CASE
}

/* ---------------------------------------------------------------- across */

#if AVX2

/* One vector holds 8, 4, 2 or 2 pixels of 1, 2, 3 or 4 channels; weights are spread to match. */
ALWAYS Eight NAMED(spread)(const float *weight, int channels) {
    if (channels == 1) return AT(weight);
    if (channels == 2) return SPREAD(AT(weight), 0, 0, 1, 1, 2, 2, 3, 3);
    double pair;
    memcpy(&pair, weight, sizeof pair);
    Eight w = (Eight)((NAMED(Four_d)){pair, pair, pair, pair});
    return channels == 3 ? SPREAD(w, 0, 0, 0, 1, 1, 1, 0, 0) : SPREAD(w, 0, 0, 0, 0, 1, 1, 1, 1);
}

/* The sum over the pixels in a vector, in its first lanes. */
ALWAYS Eight NAMED(gather)(Eight v, int channels) {
    if (channels == 3) return v + SPREAD(v, 3, 4, 5, 3, 4, 5, 3, 4);
    v += SPREAD(v, 4, 5, 6, 7, 0, 1, 2, 3);
    if (channels <= 2) v += SPREAD(v, 2, 3, 0, 1, 6, 7, 4, 5);
    if (channels == 1) v += SPREAD(v, 1, 0, 3, 2, 5, 4, 7, 6);
    return v;
}

/* One output pixel of some rows, whose weights are spread once for all; what is too much at out is overwritten by the next, or is padding. */
ALWAYS void NAMED(pixel)(const float *const *rows, size_t at, const float *weight, int32_t count, float *out, size_t line,
                         int channels, int many) {
    const int taps = channels == 1 ? 8 : channels == 2 ? 4 : 2;
    Eight even[GROUP] = {0}, odd = {0};
    for (int32_t tap = 0; tap < count; tap += 2 * taps) {
        const Eight one = NAMED(spread)(weight + tap, channels), two = NAMED(spread)(weight + tap + taps, channels);
        const size_t first = at + (size_t)(tap * channels), second = at + (size_t)((tap + taps) * channels);
        for (int r = 0; r < many; r++) even[r] += AT(rows[r] + first) * one;
        if (many == 1) odd += AT(rows[0] + second) * two; /* one sum alone would wait for itself */
        else for (int r = 0; r < many; r++) even[r] += AT(rows[r] + second) * two;
    }
    if (many == 1) even[0] += odd;
    for (int r = 0; r < many; r++) {
        Eight sum = NAMED(gather)(even[r], channels);
        memcpy(out + (size_t)r * line, &sum, 4 * sizeof *out);
    }
}

#else

ALWAYS void NAMED(pixel)(const float *const *rows, size_t at, const float *weight, int32_t count, float *out, size_t line,
                         int channels, int many) {
    for (int r = 0; r < many; r++, out += line) {
        const float *in = rows[r] + at;
        NAMED(Four) sum = {0};
        if (channels == 1) {
            for (int32_t tap = 0; tap < count; tap += 4) sum += AT_4(in + tap) * AT_4(weight + tap);
            *out = (sum[0] + sum[1]) + (sum[2] + sum[3]);
        } else {
            for (int32_t tap = 0; tap < count; tap++) sum += AT_4(in + tap * channels) * weight[tap];
            memcpy(out, &sum, sizeof sum);
        }
    }
}

#endif

ALWAYS void NAMED(pixels)(const float *const *rows, float *out, size_t line, const Axis *axis, int channels, int32_t most,
                          int many) {
    const int32_t *first = axis->first, *count = axis->count, size = axis->size, begin = axis->begin;
    const float *weight = axis->weight;
    for (int32_t i = 0; i < size; i++, out += channels, weight += axis->room)
        NAMED(pixel)(rows, (size_t)((first[i] - begin) * channels), weight, most ? most : count[i], out, line, channels, many);
}

/* Few taps, as in enlarging, are done without a loop. */
ALWAYS void NAMED(across)(const float *const *rows, float *out, size_t line, const Axis *axis, int channels, int many) {
    if (axis->widest <= 8) NAMED(pixels)(rows, out, line, axis, channels, 8, many);
    else NAMED(pixels)(rows, out, line, axis, channels, 0, many);
}

/* ---------------------------------------------------------------- to codes */

ALWAYS float NAMED(unit)(float x) {
    x = x > 0 ? x : 0;
    return x < 1 ? x : 1;
}

/* Alpha of less than half a code of 16 bits has no colour. */
ALWAYS void NAMED(divide_by_alpha)(float *row, size_t pixels, int channels) {
    for (size_t i = 0; i < pixels; i++, row += channels) {
        float alpha = NAMED(unit)(row[channels - 1]), inverse = alpha > 0.5F / 65535 ? 1 / alpha : 0;
        for (int c = 0; c < channels - 1; c++) row[c] *= inverse;
        row[channels - 1] = alpha;
    }
}

#if AVX2

/* The curve begins with a line; what is no number becomes 0. */
ALWAYS __m256i NAMED(codes_of_8)(const float *row) {
    Eight light = (Eight)_mm256_min_ps(_mm256_max_ps((__m256)AT(row), _mm256_setzero_ps()), _mm256_set1_ps(1));
    Eight power = NAMED(polynomial)((Eight)_mm256_sqrt_ps((__m256)light), CODE_7, 7), line = light * (float)(12.92 * 255);
    Eight_i dark = light < 0.0031308F;
    return _mm256_cvttps_epi32((__m256)((Eight)((dark & (Eight_i)line) | (~dark & (Eight_i)power)) + 0.5F));
}

static void NAMED(encode8)(const float *row, uint8_t *out, size_t values) {
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    for (size_t i = 0; i < values; i += 32, row += 32) {
        uint8_t code[32];
        uint8_t *to = values - i < 32 ? code : out + i;
        __m256i low = _mm256_packs_epi32(NAMED(codes_of_8)(row), NAMED(codes_of_8)(row + 8));
        __m256i high = _mm256_packs_epi32(NAMED(codes_of_8)(row + 16), NAMED(codes_of_8)(row + 24));
        _mm256_storeu_si256((__m256i *)to, _mm256_permutevar8x32_epi32(_mm256_packus_epi16(low, high), order));
        if (to == code) memcpy(out + i, code, values - i);
    }
}

#else

static void NAMED(encode8)(const float *row, uint8_t *out, size_t values) {
    int32_t cell[32];
    for (size_t i = 0; i < values; i += 32) {
        uint8_t code[32];
        for (int j = 0; j < 32; j++) cell[j] = (int32_t)(sqrtf(NAMED(unit)(row[i + j])) * (CODES - 0.01F));
        uint8_t *to = values - i < 32 ? code : out + i;
#pragma GCC unroll 32
        for (int j = 0; j < 32; j++) to[j] = TABLES.code8[cell[j]];
        if (to == code) memcpy(out + i, code, values - i);
    }
}

#endif

static void NAMED(encode16)(const float *row, uint8_t *out, size_t values) {
    for (size_t i = 0; i < values; i++) {
        float at = sqrtf(NAMED(unit)(row[i])) * CURVE;
        int cell = (int)at;
        float code = TABLES.code[cell] + (at - (float)cell) * (TABLES.code[cell + 1] - TABLES.code[cell]);
        uint16_t rounded = (uint16_t)(code * 65535 + 0.5F);
        memcpy(out + 2 * i, &rounded, 2);
    }
}

static void NAMED(encode_alpha)(const float *row, uint8_t *out, size_t pixels, int channels, int depth) {
    for (size_t i = 0; i < pixels; i++) {
        float alpha = row[i * (size_t)channels + (size_t)channels - 1];
        size_t at = i * (size_t)channels + (size_t)channels - 1;
        uint16_t wide = (uint16_t)(alpha * 65535 + 0.5F);
        if (depth == 16) memcpy(out + 2 * at, &wide, 2);
        else out[at] = (uint8_t)(alpha * 255 + 0.5F);
    }
}

/* ---------------------------------------------------------------- the whole */

typedef struct {
    const Job *job;
    Axis x, y;
    int channels;
    size_t row;    /* floats from one row to the next */
    int32_t slots; /* rows in sums */
    float *sums;   /* output rows that are open, as wide as the source */
    float *weights; /* BATCH for each open output row */
    float *light;  /* rows in linear light: BATCH of a block, or WINDOW of the whole width */
    float *lines;  /* GROUP output rows */
    size_t line;   /* floats from one of them to the next */
} NAMED(Work);
#define Work NAMED(Work)

/* Linear light of so many pixels of a row. */
static void NAMED(lit)(const Work *work, long row, int32_t column, float *out, size_t pixels) {
    NAMED(to_light)(work->job, row, column, out, pixels);
    if (work->job->lost > 0 && work->job->depth == 8) NAMED(give_back)(work->job, &work->x, &work->y, row, column, out, pixels);
}

/* The last of a row: without alpha in its colours, and in the codes of the result. */
static void NAMED(to_codes)(const Work *work, float *line, int32_t y) {
    const Job *job = work->job;
    const size_t pixels = (size_t)job->out_width, values = pixels * (size_t)work->channels;
    uint8_t *out = job->out + (size_t)y * values * (size_t)(job->out_depth / 8);
    if (SHAPES[job->layout].alpha) NAMED(divide_by_alpha)(line, pixels, work->channels);
    if (job->out_depth == 16) NAMED(encode16)(line, out, values);
    else NAMED(encode8)(line, out, values);
    if (SHAPES[job->layout].alpha) NAMED(encode_alpha)(line, out, pixels, work->channels, job->out_depth);
}

/* Output rows from y on, 1 to GROUP of them, whose sums are complete. */
static void NAMED(finish)(Work *work, int32_t y, int many) {
    const float *rows[GROUP];
    for (int r = 0; r < many; r++) rows[r] = work->sums + (size_t)((y + r) % work->slots) * work->row;
#define CASE(channels, n) \
    case (channels) * 8 + (n): NAMED(across)(rows, work->lines, work->line, &work->x, channels, n); break;
    switch (work->channels * 8 + many) {
        CASE(1, 1) CASE(1, 2) CASE(1, 3) CASE(1, 4) CASE(2, 1) CASE(2, 2) CASE(2, 3) CASE(2, 4)
        CASE(3, 1) CASE(3, 2) CASE(3, 3) CASE(3, 4) CASE(4, 1) CASE(4, 2) CASE(4, 3) CASE(4, 4)
    }
#undef CASE
    for (int r = 0; r < many; r++) NAMED(to_codes)(work, work->lines + (size_t)r * work->line, y + r);
}

/* Few taps, as in enlarging: the rows of one window stay, and each output row is made in one go. */
static void NAMED(by_output)(Work *work) {
    const Axis *y = &work->y;
    const size_t pixels = (size_t)(work->x.end - work->x.begin);
    const float *rows[WINDOW];
    int32_t next = y->begin;
    for (int32_t i = 0; i < y->size; i++) {
        for (; next < y->first[i] + y->count[i]; next++)
            NAMED(lit)(work, next, work->x.begin, work->light + (size_t)(next % WINDOW) * work->row, pixels);
        for (int32_t r = 0; r < y->count[i]; r++) rows[r] = work->light + (size_t)((y->first[i] + r) % WINDOW) * work->row;
        const float *weight = y->weight + (size_t)i * (size_t)y->room;
        float *sum = work->sums + (size_t)(i % GROUP) * work->row;
        memset(sum, 0, work->row * sizeof(float));
        NAMED(add)(&sum, rows, &weight, pixels * (size_t)work->channels, 1, y->count[i]);
        if (i % GROUP == GROUP - 1 || i == y->size - 1) NAMED(finish)(work, i - i % GROUP, i % GROUP + 1);
    }
}


/* The weights of the rows from..end in the output rows done..open, 0 where a row is not in the window. */
static void NAMED(weigh)(Work *work, int32_t from, int32_t end, int32_t done, int32_t open) {
    const Axis *y = &work->y;
    for (int32_t i = done; i < open; i++) {
        float *weight = work->weights + (size_t)(i % work->slots) * BATCH;
        for (int32_t r = from; r < end; r++) {
            const int32_t tap = r - y->first[i];
            weight[r - from] = tap >= 0 && tap < y->count[i] ? y->weight[(size_t)i * (size_t)y->room + (size_t)tap] : 0;
        }
    }
}

/* One or two output rows from i on, columns of one block. */
static void NAMED(add_outputs)(Work *work, const float *const *rows, int32_t from, int32_t end, int32_t i, int outputs,
                               size_t at, size_t values) {
    const Axis *y = &work->y;
    float *sums[2];
    const float *weights[2];
    int32_t first = y->first[i] > from ? y->first[i] - from : 0;
    int32_t last = y->first[i + outputs - 1] + y->count[i + outputs - 1];
    last = (last < end ? last : end) - from;
    for (int k = 0; k < outputs; k++) {
        const size_t slot = (size_t)((i + k) % work->slots);
        sums[k] = work->sums + slot * work->row + at;
        weights[k] = work->weights + slot * BATCH + first;
        if (y->first[i + k] >= from) memset(sums[k], 0, values * sizeof(float));
    }
    NAMED(add)(sums, rows + first, weights, values, outputs, last - first);
}

/* Source rows from..end, columns of one block, into the output rows done..open. */
static void NAMED(add_block)(Work *work, int32_t from, int32_t end, int32_t done, int32_t open, size_t at, size_t pixels) {
    const size_t channels = (size_t)work->channels, values = (pixels * channels + LANES - 1) / LANES * LANES;
    const float *rows[BATCH];
    for (int32_t r = from; r < end; r++) {
        float *light = work->light + (size_t)(r - from) * BLOCK;
        NAMED(lit)(work, r, work->x.begin + (int32_t)at, light, pixels);
        rows[r - from] = light;
    }
    for (int32_t i = done; i < open; i += 2)
        NAMED(add_outputs)(work, rows, from, end, i, open - i > 1 ? 2 : 1, at * channels, values);
}

/* Many taps: each source row is read once and added to all the output rows that it belongs to. */
static void NAMED(by_source)(Work *work) {
    const Axis *y = &work->y;
    const size_t pixels = (size_t)(work->x.end - work->x.begin);
    const size_t block = BLOCK / (size_t)work->channels / 32 * 32; /* whole steps of decode_fast */
    int32_t ready = 0; /* rows from here to done wait until they are a group */
    for (int32_t from = y->begin, done = 0, open = 0; from < y->end; from += BATCH) {
        int32_t end = from + BATCH < y->end ? from + BATCH : y->end;
        while (open < y->size && y->first[open] < end) open++;
        NAMED(weigh)(work, from, end, done, open);
        for (size_t at = 0; at < pixels; at += block)
            NAMED(add_block)(work, from, end, done, open, at, pixels - at < block ? pixels - at : block);
        while (done < open && y->first[done] + y->count[done] <= end) done++;
        for (; done - ready >= GROUP; ready += GROUP) NAMED(finish)(work, ready, GROUP);
    }
    if (ready < y->size) NAMED(finish)(work, ready, y->size - ready);
}

/* How many output rows are open at once, or wait to be finished. */
static int32_t NAMED(most_open)(const Axis *y) {
    int32_t most = 1;
    for (int32_t from = y->begin, done = 0, open = 0; from < y->end; from += BATCH) {
        while (open < y->size && y->first[open] < from + BATCH) open++;
        if (open - done > most) most = open - done;
        while (done < open && y->first[done] + y->count[done] <= from + BATCH) done++;
    }
    return most + GROUP - 1;
}

/* One allocation for all the rows, each at the start of a cache line: vectors that cross lines cost double. */
static float *NAMED(carve)(Work *work, int few) {
    const size_t wide = LINE((size_t)(work->x.end - work->x.begin) * (size_t)work->channels + PADDING);
    const size_t line = LINE((size_t)work->x.size * (size_t)work->channels + PADDING);
    const size_t light = few ? WINDOW * wide : BATCH * BLOCK;
    const size_t slots = (size_t)work->slots, weights = LINE(slots * BATCH);
    float *memory = calloc(slots * wide + light + GROUP * line + weights + CACHE_LINE, sizeof(float));
    if (!memory) return NULL;
    work->row = wide;
    work->sums = memory + (CACHE_LINE - (uintptr_t)memory / sizeof(float) % CACHE_LINE) % CACHE_LINE;
    work->light = work->sums + slots * wide;
    work->lines = work->light + light;
    work->line = line;
    work->weights = work->lines + GROUP * line;
    return memory;
}

static Status NAMED(run)(const Job *job) {
    Work work = {.job = job, .channels = SHAPES[job->layout].channels};
    Status status = axis_make(&work.x, job->width, job->left, job->across, job->out_width);
    if (status == FINE) status = axis_make(&work.y, job->height, job->top, job->down, job->out_height);
    if (status == FINE) {
        const int few = work.y.widest <= WINDOW;
        work.slots = few ? GROUP : NAMED(most_open)(&work.y);
        float *memory = NAMED(carve)(&work, few);
        if (!memory) status = NO_MEMORY;
        else if (few) NAMED(by_output)(&work);
        else NAMED(by_source)(&work);
        free(memory);
    }
    axis_free(&work.x);
    axis_free(&work.y);
    return status;
}

#undef Work
#undef Eight
#undef Eight_i
#undef AT
#undef AT_4
#undef PUT
#undef SPREAD
#undef DECODE_FAST
#undef HOLD
#undef ALL
#undef SELECT
