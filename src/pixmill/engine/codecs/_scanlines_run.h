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
