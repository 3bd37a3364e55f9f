/* Feeds the resampling core with random jobs, sensible and not, from buffers of exactly the size that they claim.
 *
 * Meant to be built with AddressSanitizer and UBSan, which see what goes wrong in memory. It adds what they cannot see:
 * every instruction set gives the same pixels to within one code, and a refused allocation ends in NO_MEMORY.
 *
 * kernel SEED JOBS
 */
#include <stdio.h>
#include <stdlib.h>

static long allocations_left = -1; /* below 0: as many as there is memory for */

static int refused(void) { return allocations_left >= 0 && allocations_left-- == 0; }
static void *picky_malloc(size_t bytes) { return refused() ? NULL : malloc(bytes); }
static void *picky_calloc(size_t count, size_t bytes) { return refused() ? NULL : calloc(count, bytes); }
#define malloc picky_malloc
#define calloc picky_calloc
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

static Job any_job(void) {
    Job job = {.width = side(), .height = side(), .out_width = side(), .out_height = side()};
    job.layout = (int)up_to(30) ? (int)up_to(LAYOUTS - 1) : (int)up_to(20) - 10;
    job.depth = up_to(30) ? up_to(1) ? 8 : 16 : (int)up_to(20);
    job.out_depth = up_to(30) ? up_to(1) ? 8 : 16 : (int)up_to(20);
    job.left = bound(up_to(1) ? 0 : part() * (double)job.width);
    job.top = bound(up_to(1) ? 0 : part() * (double)job.height);
    job.across = bound(up_to(1) ? (double)job.width - job.left : part() * ((double)job.width - job.left));
    job.down = bound(up_to(1) ? (double)job.height - job.top : part() * ((double)job.height - job.top));
    return job;
}

/* Bytes of a picture with this stride, or 0 where that means nothing or is more than a test should take. */
static size_t bytes_of(const Job *job, size_t stride) {
    if (!side_ok(job->width) || !side_ok(job->height) || job->layout < 0 || job->layout >= LAYOUTS) return 0;
    size_t row = (size_t)job->width * (size_t)SHAPES[job->layout].stored * (size_t)(job->depth / 8);
    size_t bytes = (stride ? stride : row) * (size_t)(job->height - 1) + row;
    return bytes > 4000000 ? 0 : bytes;
}

static void fill(uint8_t *bytes, size_t count) {
    const int kind = (int)up_to(2);
    for (size_t i = 0; i < count; i++) bytes[i] = (uint8_t)(kind == 0 ? draw() >> 32 : kind == 1 ? -(draw() >> 63) : 255);
}

static void fail(const Job *job, const char *what) {
    printf("%s: %ldx%ld of %d+%g,%d+%g to %ldx%ld, layout %d, depth %d to %d\n", what, job->width, job->height, (int)job->left,
           job->across, (int)job->top, job->down, job->out_width, job->out_height, job->layout, job->depth, job->out_depth);
    exit(1);
}

/* Where alpha hardly shows, colours may differ by the last bit of a float divided by very little. */
static void compare(const Job *job, const uint8_t *one, const uint8_t *other, size_t bytes) {
    const Shape shape = SHAPES[job->layout];
    const size_t wide = (size_t)(job->out_depth / 8), samples = bytes / wide;
    for (size_t i = 0; i < samples; i++) {
        uint16_t a = one[i], b = other[i], alpha = 255;
        if (wide == 2) {
            memcpy(&a, one + 2 * i, 2);
            memcpy(&b, other + 2 * i, 2);
        }
        if (shape.alpha) {
            const size_t at = i - i % (size_t)shape.channels + (size_t)shape.channels - 1;
            alpha = one[at * wide + wide - 1] < other[at * wide + wide - 1] ? one[at * wide + wide - 1] : other[at * wide + wide - 1];
        }
        if (abs(a - b) > 1 && alpha > (wide == 2 ? 16 : 0)) fail(job, "instruction sets disagree");
    }
}

static void run_both(Job *job) {
    const uint64_t bytes = job_out_bytes(job);
    if (bytes > 4000000) return;
    uint8_t *fast = malloc(bytes), *portable = malloc(bytes);
    if (!fast || !portable) abort();
    job->out = portable;
    if (resample(job, 0) != FINE) fail(job, "no memory");
    job->out = fast;
    if (resample(job, 1) != FINE) fail(job, "no memory");
    compare(job, fast, portable, bytes);
    const long allowed = up_to(12);
    allocations_left = allowed;
    const Status status = resample(job, 1);
    if (status != (allowed < 9 ? NO_MEMORY : FINE)) fail(job, "a refused allocation went unseen");
    allocations_left = -1;
    free(fast);
    free(portable);
}

int main(int count, char **words) {
    if (count != 3) return 2;
    state = strtoull(words[1], NULL, 10) * 0x9E3779B97F4A7C15ULL + 1;
    resample_tables();
    long fine = 0, jobs = strtol(words[2], NULL, 10);
    for (long i = 0; i < jobs; i++) {
        Job job = any_job();
        job.stride = up_to(3) ? 0 : (size_t)up_to(40000);
        const size_t needed = bytes_of(&job, job.stride);
        job.in_bytes = up_to(20) ? needed : (size_t)up_to(1000);
        if (job.in_bytes < needed && !up_to(3)) job.in_bytes = needed ? needed - 1 : 0;
        uint8_t *in = malloc(job.in_bytes ? job.in_bytes : 1);
        if (!in) abort();
        fill(in, job.in_bytes);
        job.in = in;
        if (job_check(&job) == FINE) {
            fine++;
            run_both(&job);
        }
        free(in);
    }
    printf("%ld of %ld jobs were fine\n", fine, jobs);
    return 0;
}
