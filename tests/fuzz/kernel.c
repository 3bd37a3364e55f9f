/* Runs the resampling core with random jobs, valid and not, on buffers of exactly the size that they claim.
 *
 * To be built with AddressSanitizer and UBSan, which find memory errors. In addition it checks that every instruction
 * set gives the same pixels to within one value, and that a failed allocation ends in NO_MEMORY.
 *
 * kernel SEED JOBS
 */
#include <stdio.h>
#include <stdlib.h>

static long allocations_left = -1; /* below 0: no limit */

static int is_refused(void) { return allocations_left >= 0 && allocations_left-- == 0; }
static void *limited_malloc(size_t bytes) { return is_refused() ? NULL : malloc(bytes); }
static void *limited_calloc(size_t count, size_t bytes) { return is_refused() ? NULL : calloc(count, bytes); }
#define malloc limited_malloc
#define calloc limited_calloc
#include "_resample.h"
#undef malloc
#undef calloc

static uint64_t state;

static uint64_t draw(void) { /* xorshift64* */
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545F4914F6CDD1DULL;
}

static long up_to(long most) { return (long)(draw() % (uint64_t)(most + 1)); }
static double part(void) { return (double)(draw() >> 11) / 9007199254740992.0; }

static long side(void) {
    static const long odd[] = {0, -1, 1, 2, 7, 8, 9, MAX_SIDE, MAX_SIDE + 1};
    switch (up_to(9)) {
        case 0: return odd[up_to(8)];
        case 1: return 1 + up_to(3000);
        default: return 1 + up_to(90);
    }
}

static double bound(double sensible) {
    static const double odd[] = {-1, 0, 1e-300, 1e300, NAN, INFINITY, -0.0, 0.5};
    return up_to(30) ? sensible : odd[up_to(7)];
}

static ResampleJob any_job(void) {
    ResampleJob job = {.width = side(), .height = side(), .out_width = side(), .out_height = side()};
    job.layout = (int)up_to(30) ? (int)up_to(LAYOUTS - 1) : (int)up_to(20) - 10;
    job.depth = up_to(30) ? up_to(1) ? 8 : 16 : (int)up_to(20);
    job.out_depth = up_to(30) ? up_to(1) ? 8 : 16 : (int)up_to(20);
    job.linear = (int)up_to(1);
    job.halve = (int)up_to(1);
    job.light_compensation = up_to(1) ? 0 : bound(part());
    job.droop_compensation = up_to(1) ? 0 : bound(part() / 4);
    job.left = bound(up_to(1) ? 0 : part() * (double)job.width);
    job.top = bound(up_to(1) ? 0 : part() * (double)job.height);
    job.box_width = bound(up_to(1) ? (double)job.width - job.left : part() * ((double)job.width - job.left));
    job.box_height = bound(up_to(1) ? (double)job.height - job.top : part() * ((double)job.height - job.top));
    return job;
}

/* Returns the bytes of an image with this stride, or 0 if it is invalid or larger than a test should use. */
static size_t bytes_of(const ResampleJob *job, size_t stride) {
    if (!is_valid_side(job->width) || !is_valid_side(job->height) || job->layout < 0 || job->layout >= LAYOUTS) return 0;
    size_t row = (size_t)job->width * (size_t)CHANNEL_LAYOUTS[job->layout].stored_channels * (size_t)(job->depth / 8);
    size_t bytes = (stride ? stride : row) * (size_t)(job->height - 1) + row;
    return bytes > 4000000 ? 0 : bytes;
}

static void fill(uint8_t *bytes, size_t count) {
    const int kind = (int)up_to(2);
    for (size_t i = 0; i < count; i++) bytes[i] = (uint8_t)(kind == 0 ? draw() >> 32 : kind == 1 ? -(draw() >> 63) : 255);
}

static void fail(const ResampleJob *job, const char *what) {
    printf("%s: %ldx%ld of %d+%g,%d+%g to %ldx%ld, layout %d, depth %d to %d\n", what, job->width, job->height, (int)job->left,
           job->box_width, (int)job->top, job->box_height, job->out_width, job->out_height, job->layout, job->depth, job->out_depth);
    exit(1);
}

/* Near alpha 0, colours may differ: the last bit of a float is divided by a tiny number. */
static void compare(const ResampleJob *job, const uint8_t *one, const uint8_t *other, size_t bytes) {
    const ChannelLayout shape = CHANNEL_LAYOUTS[job->layout];
    const size_t wide = (size_t)(job->out_depth / 8), samples = bytes / wide;
    for (size_t i = 0; i < samples; i++) {
        uint16_t a = one[i], b = other[i], alpha = 255;
        if (wide == 2) {
            memcpy(&a, one + 2 * i, 2);
            memcpy(&b, other + 2 * i, 2);
        }
        if (shape.has_alpha) {
            const size_t at = i - i % (size_t)shape.channels + (size_t)shape.channels - 1;
            alpha = one[at * wide + wide - 1] < other[at * wide + wide - 1] ? one[at * wide + wide - 1] : other[at * wide + wide - 1];
        }
        if (abs(a - b) > 1 && alpha > (wide == 2 ? 16 : 0)) fail(job, "instruction sets disagree");
    }
}

static void run_both(ResampleJob *job) {
    const uint64_t bytes = job_out_bytes(job);
    if (bytes > 4000000) return;
    uint8_t *fast = malloc(bytes), *portable = malloc(bytes);
    if (!fast || !portable) abort();
    job->out = portable;
    if (resample(job, 0) != OK) fail(job, "no memory");
    job->out = fast;
    if (resample(job, 1) != OK) fail(job, "no memory");
    compare(job, fast, portable, bytes);
    const long allowed = up_to(12);
    allocations_left = allowed;
    const Status status = resample(job, 1);
    if (status != (allowed < 9 ? NO_MEMORY : OK)) fail(job, "a failed allocation was not reported");
    allocations_left = -1;
    free(fast);
    free(portable);
}

int main(int count, char **words) {
    if (count != 3) return 2;
    state = strtoull(words[1], NULL, 10) * 0x9E3779B97F4A7C15ULL + 1;
    resample_init_tables();
    long valid = 0, jobs = strtol(words[2], NULL, 10);
    for (long i = 0; i < jobs; i++) {
        ResampleJob job = any_job();
        job.stride = up_to(3) ? 0 : (size_t)up_to(40000);
        const size_t needed = bytes_of(&job, job.stride);
        job.source_bytes = up_to(20) ? needed : (size_t)up_to(1000);
        if (job.source_bytes < needed && !up_to(3)) job.source_bytes = needed ? needed - 1 : 0;
        uint8_t *in = malloc(job.source_bytes ? job.source_bytes : 1);
        if (!in) abort();
        fill(in, job.source_bytes);
        job.source = in;
        if (job_validate(&job) == OK) {
            valid++;
            run_both(&job);
        }
        free(in);
    }
    printf("%ld of %ld jobs were valid\n", valid, jobs);
    return 0;
}
