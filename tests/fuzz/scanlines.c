/* Runs the filters of PNG rows, their reverse, the survey and the index with random jobs, valid and not, on buffers of
 * exactly the size that they claim.
 *
 * To be built with AddressSanitizer and UBSan, which find memory errors. In addition it checks that every instruction
 * set gives the same bytes, that what is filtered is what comes back, that rows of any filters become what the
 * specification says, and that a failed allocation ends in NO_MEMORY.
 *
 * scanlines SEED JOBS
 */
#include <stdio.h>
#include <stdlib.h>

static int refuses = 0;
static void *limited_calloc(size_t count, size_t bytes) { return refuses ? NULL : calloc(count, bytes); }
#define calloc limited_calloc
#include "_scanlines.h"
#undef calloc

static uint64_t state;

static uint64_t draw(void) { /* xorshift64* */
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545F4914F6CDD1DULL;
}

static long up_to(long most) { return (long)(draw() % (uint64_t)(most + 1)); }

static long side(void) {
    static const long odd[] = {0, -1, MAX_SIDE, MAX_SIDE + 1};
    return up_to(40) ? 1 + up_to(70) : odd[up_to(3)];
}

static uint8_t *filled(size_t count) {
    uint8_t *bytes = malloc(count ? count : 1);
    if (!bytes) abort();
    const int kind = (int)up_to(2);
    for (size_t i = 0; i < count; i++) bytes[i] = (uint8_t)(kind == 0 ? draw() >> 32 : kind == 1 ? -(draw() >> 63) : draw() >> 61);
    return bytes;
}

static void fail(const char *what) {
    printf("%s\n", what);
    exit(1);
}

static void unfilter_both(UnfilterJob *job, size_t bytes, uint8_t *portable, uint8_t *fast, Status expected) {
    job->out = portable;
    Status status = unfilter_rows(job, 0);
    job->out = fast;
    if (unfilter_rows(job, 1) != status || (expected == OK && status != OK)) fail("other status");
    if (status == OK && memcmp(portable, fast, bytes)) fail("instruction sets disagree");
    refuses = 1;
    if (unfilter_rows(job, 1) != NO_MEMORY) fail("a failed allocation was not reported");
    refuses = 0;
}

static uint8_t byte_before(const uint8_t *row, size_t i, size_t step) { return row && i >= step ? row[i - step] : 0; }

/* Rows of random bytes with random filters, against the formulas of the specification. */
static void unfilter_any(const UnfilterJob *job, uint8_t *rows, size_t size) {
    size_t step = (size_t)job->channels, count = (size_t)job->width * step, all = (count + 1) * (size_t)job->height;
    const int mostly = (int)up_to(FILTERS - 1);
    for (size_t i = 0; i < all; i++) rows[i] = (uint8_t)(i % (count + 1) ? (long)(draw() >> 56) : up_to(2) ? mostly : up_to(FILTERS - 1));
    uint8_t *expected = malloc(size), *one = malloc(size), *other = malloc(size);
    if (!expected || !one || !other) abort();
    for (long y = 0; y < job->height; y++) {
        const uint8_t *in = rows + (size_t)y * (count + 1);
        uint8_t *out = expected + (size_t)y * count;
        const uint8_t *up = y ? out - count : NULL;
        for (size_t i = 0; i < count; i++) {
            int a = byte_before(out, i, step), b = up ? up[i] : 0, c = byte_before(up, i, step), p = a + b - c;
            int nearest = abs(p - a) <= abs(p - b) && abs(p - a) <= abs(p - c) ? a : abs(p - b) <= abs(p - c) ? b : c;
            const int predictors[FILTERS] = {0, a, b, (a + b) / 2, nearest};
            out[i] = (uint8_t)(in[1 + i] + predictors[in[0]]);
        }
    }
    UnfilterJob any = *job;
    unfilter_both(&any, size, one, other, OK);
    if (memcmp(expected, one, size)) fail("not what the specification says");
    free(expected), free(one), free(other);
}

static void run(FilterJob *job) {
    size_t bytes = (job->row_bytes + 1) * (size_t)job->height, pixels = (size_t)job->width * (size_t)job->height;
    uint8_t *portable = malloc(bytes), *fast = malloc(bytes);
    if (!portable || !fast) abort();
    job->out = portable;
    if (filter_rows(job, 0) != OK) fail("no memory");
    job->out = fast;
    if (filter_rows(job, 1) != OK) fail("no memory");
    if (memcmp(portable, fast, bytes)) fail("instruction sets disagree");
    refuses = 1;
    if (filter_rows(job, 1) != NO_MEMORY) fail("a failed allocation was not reported");
    refuses = 0;
    if (job->bits == 8) {
        size_t size = pixels * (size_t)job->kept;
        UnfilterJob back = {fast, bytes, job->width, job->height, job->kept, NULL};
        if (unfilter_validate(&back) != OK) fail("rows of an image are refused");
        back.size_bytes--;
        if (unfilter_validate(&back) != SHORT_BUFFER) fail("too few rows are not refused");
        back.size_bytes++;
        uint8_t *one = malloc(size), *other = malloc(size), *row = malloc(job->row_bytes);
        if (!one || !other || !row) abort();
        unfilter_both(&back, size, one, other, OK);
        for (long y = 0; y < job->height; y++) {
            pack_row(job, job->source + (size_t)y * (size_t)job->width * (size_t)job->stored, row);
            if (memcmp(row, one + (size_t)y * job->row_bytes, job->row_bytes)) fail("other pixels");
        }
        unfilter_any(&back, fast, size);
        for (size_t i = 0; i < bytes; i += 1 + (size_t)up_to(9)) fast[i] = (uint8_t)draw();
        unfilter_both(&back, size, one, other, BAD_FILTER);
        free(one), free(other), free(row);
    }
    IndexJob index = {.source = job->source, .pixels = pixels, .stored = job->stored, .channels = job->kept};
    index.max_colours = 1 + (int)up_to(MAX_COLOURS - 1);
    index.indices = malloc(pixels);
    if (!index.indices) abort();
    index_pixels(&index);
    for (size_t i = 0; index.colour_count >= 0 && i < pixels; i++)
        if (index.colours[index.indices[i]] != colour_at(job->source + i * (size_t)job->stored, job->kept)) fail("other colours");
    is_opaque(job->source, pixels, job->stored);
    if (job->stored >= 3) is_grey(job->source, pixels, job->stored);
    repeated_share(job->source, job->width, job->height, job->stored);
    free(index.indices), free(portable), free(fast);
}

int main(int count, char **words) {
    if (count != 3) return 2;
    state = strtoull(words[1], NULL, 10) * 0x9E3779B97F4A7C15ULL + 1;
    init_tables();
    long valid = 0, jobs = strtol(words[2], NULL, 10);
    for (long i = 0; i < jobs; i++) {
        static const int depths[] = {1, 2, 4, 8, 8, 8, 8, 8, 0, 3};
        FilterJob job = {.width = side(), .height = side(), .stored = (int)up_to(5), .strategy = (int)up_to(STRATEGIES)};
        job.kept = up_to(9) ? 1 + (int)up_to(job.stored ? job.stored - 1 : 0) : (int)up_to(6) - 1;
        job.bits = job.kept == 1 ? depths[up_to(9)] : up_to(20) ? 8 : 4;
        int is_usable = is_valid_side(job.width) && is_valid_side(job.height) && job.width * job.height < 100000;
        size_t needed = is_usable ? (size_t)job.width * (size_t)job.height * (size_t)job.stored : (size_t)up_to(1000);
        job.source_bytes = up_to(20) || !needed ? needed : needed - 1;
        uint8_t *in = filled(job.source_bytes);
        job.source = in;
        if (filter_validate(&job) == OK) {
            valid++;
            run(&job);
        }
        free(in);
    }
    printf("%ld of %ld jobs were valid\n", valid, jobs);
    return 0;
}
