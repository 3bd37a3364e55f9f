/* The filters of rows, and their reverse. Included by _scanlines.h once per instruction set, with FOR_TARGET(name).
 *
 * Loops are written so that compilers vectorise them.
 */

static inline void FOR_TARGET(filter_row)(int filter, const uint8_t *restrict x, const uint8_t *restrict up, int step,
                                          uint8_t *restrict out, size_t count) {
    const uint8_t *left = x - step, *corner = up - step;
    switch (filter) {
    case 0:
        memcpy(out, x, count);
        return;
    case 1:
        for (size_t i = 0; i < count; i++) out[i] = (uint8_t)(x[i] - left[i]);
        return;
    case 2:
        for (size_t i = 0; i < count; i++) out[i] = (uint8_t)(x[i] - up[i]);
        return;
    case 3:
        for (size_t i = 0; i < count; i++) out[i] = (uint8_t)(x[i] - (uint8_t)((left[i] + up[i]) >> 1));
        return;
    default:
        for (size_t i = 0; i < count; i++) {
            int16_t a = left[i], b = up[i], c = corner[i];
            int16_t da = (int16_t)(b - c), db = (int16_t)(a - c), dc = (int16_t)(da + db);
            da = (int16_t)(da < 0 ? -da : da), db = (int16_t)(db < 0 ? -db : db), dc = (int16_t)(dc < 0 ? -dc : dc);
            int16_t nearest = db <= dc ? b : c;
            nearest = (da <= db) & (da <= dc) ? a : nearest;
            out[i] = (uint8_t)(x[i] - nearest);
        }
    }
}

/* The sum of values as signed differences. */
static inline double FOR_TARGET(sum_of_differences)(const uint8_t *restrict row, size_t count) {
    uint64_t total = 0;
    for (size_t start = 0; start < count; start += 4096) {
        size_t end = start + 4096 < count ? start + 4096 : count;
        uint32_t sum = 0;
        for (size_t i = start; i < end; i++) {
            int difference = (int8_t)row[i];
            sum += (uint32_t)(difference < 0 ? -difference : difference);
        }
        total += sum;
    }
    return (double)total;
}

static inline double FOR_TARGET(row_cost)(int strategy, const uint8_t *row, size_t count) {
    if (strategy == LEAST_ENTROPY) return entropy_bits(row, count);
    if (strategy == FEWEST_PAIRS) return different_pairs(row, count);
    return FOR_TARGET(sum_of_differences)(row, count);
}

static Status FOR_TARGET(filter_rows)(const FilterJob *job) {
    size_t count = job->row_bytes, lane = (MARGIN + count + OVERHANG + 31) / 32 * 32;
    uint8_t *memory = calloc(2 + FILTERS, lane);
    if (!memory) return NO_MEMORY;
    uint8_t *row = memory + MARGIN, *up = row + lane, *candidates = up + lane;
    int step = job->bits == 8 ? job->kept : 1, fixed = job->strategy < FILTERS;
    for (long y = 0; y < job->height; y++) {
        pack_row(job, job->source + (size_t)y * (size_t)job->width * (size_t)job->stored, row);
        uint8_t *out = job->out + (size_t)y * (count + 1);
        if (fixed) {
            out[0] = (uint8_t)job->strategy;
            FOR_TARGET(filter_row)(job->strategy, row, up, step, out + 1, count);
        } else {
            int best = 0;
            double best_cost = 0;
            for (int filter = 0; filter < FILTERS; filter++) {
                uint8_t *candidate = candidates + (size_t)filter * lane;
                FOR_TARGET(filter_row)(filter, row, up, step, candidate, count);
                double cost = FOR_TARGET(row_cost)(job->strategy, candidate, count);
                if (!filter || cost < best_cost) best = filter, best_cost = cost;
            }
            out[0] = (uint8_t)best;
            memcpy(out + 1, candidates + (size_t)best * lane, count);
        }
        uint8_t *swap = row;
        row = up, up = swap;
    }
    free(memory);
    return OK;
}

/* ---------------------------------------------------------------- the reverse */

static inline uint8_t FOR_TARGET(paeth)(int a, int b, int c) {
    int da = abs(b - c), db = abs(a - c), dc = abs(a + b - 2 * c);
    int nearest = db <= dc ? b : c;
    return (uint8_t)(da <= db && da <= dc ? a : nearest);
}

/* The bytes of a row from `first` to `end`, one by one; its filter, which is 1, 2 or 4, is in front of it. */
static inline void FOR_TARGET(unfilter_some)(const uint8_t *in, const uint8_t *up, size_t step, uint8_t *out, size_t first, size_t end) {
    for (size_t i = first; i < end; i++) {
        int a = i < step ? 0 : out[i - step], c = i < step ? 0 : up[i - step];
        int predicted = in[-1] == 1 ? a : in[-1] == 2 ? up[i] : FOR_TARGET(paeth)(a, up[i], c);
        out[i] = (uint8_t)(in[i] + predicted);
    }
}

/* A row whose pixels depend on those to their left; `step` is a constant, so that the channels are unrolled. */
__attribute__((always_inline)) static inline void FOR_TARGET(unfilter_pixels)(int filter, const uint8_t *in, const uint8_t *up, int step,
                                                                             uint8_t *out, size_t count) {
    uint8_t a[MAX_CHANNELS] = {0}, c[MAX_CHANNELS] = {0};
    for (size_t i = 0; i < count; i += (size_t)step)
        for (int channel = 0; channel < step; channel++) {
            uint8_t b = up[i + (size_t)channel], predicted = a[channel];
            if (filter == 3) predicted = (uint8_t)((a[channel] + b) >> 1);
            if (filter == 4) predicted = FOR_TARGET(paeth)(a[channel], b, c[channel]);
            c[channel] = b;
            out[i + (size_t)channel] = a[channel] = (uint8_t)(in[i + (size_t)channel] + predicted);
        }
}

#ifdef __SSE2__
static inline __m128i FOR_TARGET(load_pixel)(const uint8_t *pixel, size_t bytes) {
    uint32_t value = 0;
    memcpy(&value, pixel, bytes);
    return _mm_unpacklo_epi8(_mm_cvtsi32_si128((int)value), _mm_setzero_si128());
}

static inline __m128i FOR_TARGET(magnitude)(__m128i v) { return _mm_max_epi16(v, _mm_sub_epi16(_mm_setzero_si128(), v)); }

/* What makes a lane predict by another filter than Paeth: left or up are taken where their distance is none. */
typedef struct {
    __m128i left, up; /* 0: no distance */
    __m128i never_left;
} FOR_TARGET(Choice);

/* The predictor of Paeth in 16-bit lanes. */
__attribute__((always_inline)) static inline __m128i FOR_TARGET(nearest)(__m128i a, __m128i b, __m128i c, FOR_TARGET(Choice) choice) {
    __m128i da = _mm_sub_epi16(b, c), db = _mm_sub_epi16(a, c), dc = FOR_TARGET(magnitude)(_mm_add_epi16(da, db));
    da = _mm_or_si128(_mm_and_si128(FOR_TARGET(magnitude)(da), choice.left), choice.never_left);
    db = _mm_and_si128(FOR_TARGET(magnitude)(db), choice.up);
    __m128i least = _mm_min_epi16(dc, _mm_min_epi16(da, db));
    __m128i is_a = _mm_cmpeq_epi16(least, da), is_b = _mm_cmpeq_epi16(least, db);
    __m128i other = _mm_or_si128(_mm_and_si128(is_b, b), _mm_andnot_si128(is_b, c));
    return _mm_or_si128(_mm_and_si128(is_a, a), _mm_andnot_si128(is_a, other));
}

static inline FOR_TARGET(Choice) FOR_TARGET(choice_of)(int filter, int other) {
    const long long all = -1, far = 0x7FFF7FFF7FFF7FFF;
    return (FOR_TARGET(Choice)){
        .left = _mm_set_epi64x(other == 1 ? 0 : all, filter == 1 ? 0 : all),
        .up = _mm_set_epi64x(other == 2 ? 0 : all, filter == 2 ? 0 : all),
        .never_left = _mm_set_epi64x(other == 2 ? far : 0, filter == 2 ? far : 0),
    };
}

/* A pixel's or two pixels' bytes from the predictor and the filtered bytes. */
static inline __m128i FOR_TARGET(sum_of_bytes)(__m128i x, __m128i predicted) {
    return _mm_and_si128(_mm_add_epi16(x, predicted), _mm_set1_epi16(255));
}

/* A row of Paeth with pixels of 3 or 4 bytes, all channels of a pixel at a time. Four bytes are read and written of each
 * but the last one: the fourth of a pixel of 3 is overwritten by the next. */
__attribute__((always_inline)) static inline void FOR_TARGET(unpaeth)(const uint8_t *in, const uint8_t *up, size_t step, uint8_t *out,
                                                                      size_t count) {
    __m128i a = _mm_setzero_si128(), c = a;
    const FOR_TARGET(Choice) paeth = FOR_TARGET(choice_of)(4, 4);
    for (size_t i = 0; i < count; i += step) {
        size_t size = i + step == count ? step : 4;
        __m128i b = FOR_TARGET(load_pixel)(up + i, size), x = FOR_TARGET(load_pixel)(in + i, size);
        a = FOR_TARGET(sum_of_bytes)(x, FOR_TARGET(nearest)(a, b, c, paeth));
        c = b;
        uint32_t value = (uint32_t)_mm_cvtsi128_si32(_mm_packus_epi16(a, a));
        memcpy(out + i, &value, size);
    }
}

static inline __m128i FOR_TARGET(load_pixels)(const uint8_t *one, const uint8_t *other) {
    return _mm_unpacklo_epi64(FOR_TARGET(load_pixel)(one, 4), FOR_TARGET(load_pixel)(other, 4));
}

static inline void FOR_TARGET(store_pixels)(__m128i pixels, uint8_t *one, uint8_t *other) {
    __m128i bytes = _mm_packus_epi16(pixels, pixels);
    uint32_t values[2];
    _mm_storel_epi64((__m128i *)values, bytes);
    memcpy(one, &values[0], 4), memcpy(other, &values[1], 4);
}

/* Four rows of pixels of 3 or 4 bytes with filters 1, 2 or 4, each a pixel behind the one above it. A pixel of Paeth waits
 * some twelve cycles for the one to its left, in which those of the other rows are computed. Needs TOGETHER pixels. */
__attribute__((always_inline)) static inline void FOR_TARGET(unfilter_four)(const uint8_t *rows, const uint8_t *up, size_t step,
                                                                           uint8_t *out, size_t count) {
    static const uint8_t nothing[4] = {0};
    const uint8_t *in[TOGETHER];
    uint8_t *to[TOGETHER];
    size_t last = count - step, stride = count + 1;
    FOR_TARGET(Choice) upper = FOR_TARGET(choice_of)(rows[0], rows[stride]);
    FOR_TARGET(Choice) lower = FOR_TARGET(choice_of)(rows[2 * stride], rows[3 * stride]);
    for (size_t row = 0; row < TOGETHER; row++) in[row] = rows + row * stride + 1, to[row] = out + row * count;
    for (size_t row = 0; row + 1 < TOGETHER; row++)
        FOR_TARGET(unfilter_some)(in[row], row ? to[row - 1] : up, step, to[row], 0, (TOGETHER - 1 - row) * step);
    __m128i a = FOR_TARGET(load_pixels)(to[0] + 2 * step, to[1] + step), c = FOR_TARGET(load_pixels)(up + 2 * step, to[0] + step);
    __m128i a2 = FOR_TARGET(load_pixels)(to[2], nothing), c2 = FOR_TARGET(load_pixels)(to[1], nothing);
    for (size_t i = 3 * step; i < last; i += step) {
        size_t i1 = i - step, i2 = i1 - step, i3 = i2 - step;
        __m128i b = _mm_unpacklo_epi64(FOR_TARGET(load_pixel)(up + i, 4), a);
        __m128i b2 = _mm_castpd_si128(_mm_shuffle_pd(_mm_castsi128_pd(a), _mm_castsi128_pd(a2), 1));
        a = FOR_TARGET(sum_of_bytes)(FOR_TARGET(load_pixels)(in[0] + i, in[1] + i1), FOR_TARGET(nearest)(a, b, c, upper));
        a2 = FOR_TARGET(sum_of_bytes)(FOR_TARGET(load_pixels)(in[2] + i2, in[3] + i3), FOR_TARGET(nearest)(a2, b2, c2, lower));
        c = b, c2 = b2;
        FOR_TARGET(store_pixels)(a, to[0] + i, to[1] + i1);
        FOR_TARGET(store_pixels)(a2, to[2] + i2, to[3] + i3);
    }
    for (size_t row = 0; row < TOGETHER; row++)
        FOR_TARGET(unfilter_some)(in[row], row ? to[row - 1] : up, step, to[row], last - row * step, count);
}
#endif

static inline void FOR_TARGET(unfilter_row)(int filter, const uint8_t *restrict in, const uint8_t *restrict up, int step,
                                            uint8_t *restrict out, size_t count) {
    if (filter == 0) {
        memcpy(out, in, count);
        return;
    }
    if (filter == 2) {
        for (size_t i = 0; i < count; i++) out[i] = (uint8_t)(in[i] + up[i]);
        return;
    }
#ifdef __SSE2__
    if (filter == 4 && step == 3) {
        FOR_TARGET(unpaeth)(in, up, 3, out, count);
        return;
    }
    if (filter == 4 && step == 4) {
        FOR_TARGET(unpaeth)(in, up, 4, out, count);
        return;
    }
#endif
#define CASE(number, step) \
    case 8 * number + step: FOR_TARGET(unfilter_pixels)(number, in, up, step, out, count); break
    switch (8 * filter + step) {
        CASE(1, 1);
        CASE(1, 2);
        CASE(1, 3);
        CASE(1, 4);
        CASE(3, 1);
        CASE(3, 2);
        CASE(3, 3);
        CASE(3, 4);
        CASE(4, 1);
        CASE(4, 2);
        CASE(4, 3);
        CASE(4, 4);
    }
#undef CASE
}

/* Unfilters TOGETHER rows if that can be done at once; whether it has. */
static inline int FOR_TARGET(unfilter_together)(const UnfilterJob *job, const uint8_t *rows, long left, const uint8_t *up, uint8_t *out,
                                                size_t count) {
#ifdef __SSE2__
    if (job->channels < 3 || job->width < TOGETHER || left < TOGETHER) return 0;
    int paeths = 0;
    for (size_t row = 0; row < TOGETHER; row++) {
        int filter = rows[row * (count + 1)];
        if (filter != 1 && filter != 2 && filter != 4) return 0;
        paeths += filter == 4;
    }
    if (paeths < 2) return 0; /* a row of another filter is faster alone */
    if (job->channels == 3)
        FOR_TARGET(unfilter_four)(rows, up, 3, out, count);
    else
        FOR_TARGET(unfilter_four)(rows, up, 4, out, count);
    return 1;
#else
    (void)job, (void)rows, (void)left, (void)up, (void)out, (void)count;
    return 0;
#endif
}

static Status FOR_TARGET(unfilter_rows)(const UnfilterJob *job) {
    size_t count = (size_t)job->width * (size_t)job->channels;
    uint8_t *zeros = calloc(count + OVERHANG, 1);
    if (!zeros) return NO_MEMORY;
    const uint8_t *up = zeros;
    Status status = OK;
    for (long y = 0; y < job->height && status == OK;) {
        const uint8_t *row = job->rows + (size_t)y * (count + 1);
        uint8_t *out = job->out + (size_t)y * count;
        if (FOR_TARGET(unfilter_together)(job, row, job->height - y, up, out, count)) {
            y += TOGETHER, up = out + (TOGETHER - 1) * count;
            continue;
        }
        if (row[0] >= FILTERS)
            status = BAD_FILTER;
        else
            FOR_TARGET(unfilter_row)(row[0], row + 1, up, job->channels, out, count);
        y++, up = out;
    }
    free(zeros);
    return status;
}
