/* Lanczos3 in linear light, without Python: what is asked for, whether it makes sense, the weights, the tables.
 *
 * Knows sizes, boxes, layouts and the sRGB curve (IEC 61966-2-1). Must never know Python, files or formats, nor keep
 * state: after resample_tables() everything that is shared is only read, so any number of threads may call at once.
 *
 * The work itself is in _resample_run.h, which is compiled once per instruction set.
 */
#ifndef PIXMILL_RESAMPLE_H
#define PIXMILL_RESAMPLE_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#define MAX_SIDE 65535
#define LOBES 3            /* Lanczos3: the filter reaches 3 output pixels to either side */
#define LANES 8            /* floats that are handled at a time */
#define WINDOW 8           /* source rows that are kept where no output row needs more */
#define BATCH 6            /* source rows that are added to the open output rows at a time, where one does */
#define GROUP 4            /* output rows that are finished together, so that the weights across are spread once for them */
#define BLOCK (64 * LANES) /* floats of a row that are worked on at a time, so that BATCH of them stay in the first cache */
#define PADDING 64         /* floats behind a row that may be read, always finite, always with weight 0 */
#define CACHE_LINE 16      /* floats */
#define LINE(floats) (((floats) + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE)
#define PI 3.14159265358979323846

typedef enum { L, LA, RGB, RGBA, RGBX, LAYOUTS } Layout;
typedef enum { FINE, BAD_SIZE, BAD_LAYOUT, BAD_DEPTH, BAD_STRIDE, BAD_BOX, BAD_LOST, SHORT_BUFFER, NO_MEMORY } Status;

static const char *const MESSAGES[] = {
    [FINE] = "",
    [BAD_SIZE] = "each side must be of 1 to 65535 pixels",
    [BAD_LAYOUT] = "no such layout",
    [BAD_DEPTH] = "depth must be 8 or 16",
    [BAD_STRIDE] = "the stride is shorter than a row",
    [BAD_BOX] = "the box must lie inside the picture and have a size",
    [BAD_LOST] = "what is given back must be of 0 to 1",
    [SHORT_BUFFER] = "the buffer is shorter than the picture",
    [NO_MEMORY] = "no memory",
};

typedef struct {
    int stored;   /* samples per pixel in the source */
    int channels; /* samples per pixel that are worked on and written */
    int alpha;    /* is the last channel alpha? */
} Shape;

static const Shape SHAPES[LAYOUTS] = {[L] = {1, 1, 0}, [LA] = {2, 2, 1}, [RGB] = {3, 3, 0}, [RGBA] = {4, 4, 1}, [RGBX] = {4, 3, 0}};

/* Samples of 16 bits are in the machine's byte order and need no alignment. */
typedef struct {
    const uint8_t *in;
    size_t in_bytes, stride; /* stride 0: rows without gaps */
    long width, height, out_width, out_height;
    double left, top, across, down; /* the box */
    int layout, depth, out_depth;
    double lost; /* how much of the light that is estimated to be lost is given back, see _resample_compensation.h */
    uint8_t *out; /* rows without gaps */
} Job;

static inline int side_ok(long side) { return side >= 1 && side <= MAX_SIDE; }

static inline int span_ok(double start, double length, long side) {
    /* 1e-6 pixels forgive sums that were rounded; a NaN fails every comparison. */
    return start >= 0 && length > 0 && start < (double)side && start + length <= (double)side + 1e-6;
}

static Status job_check(Job *job) {
    if (!side_ok(job->width) || !side_ok(job->height) || !side_ok(job->out_width) || !side_ok(job->out_height)) return BAD_SIZE;
    if (job->layout < 0 || job->layout >= LAYOUTS) return BAD_LAYOUT;
    if ((job->depth != 8 && job->depth != 16) || (job->out_depth != 8 && job->out_depth != 16)) return BAD_DEPTH;
    size_t row = (size_t)job->width * (size_t)SHAPES[job->layout].stored * (size_t)(job->depth / 8);
    if (!job->stride) job->stride = row;
    if (job->stride < row) return BAD_STRIDE;
    if (!span_ok(job->left, job->across, job->width) || !span_ok(job->top, job->down, job->height)) return BAD_BOX;
    if (!(job->lost >= 0 && job->lost <= 1)) return BAD_LOST;
    if (job->in_bytes < row || (job->in_bytes - row) / job->stride < (size_t)job->height - 1) return SHORT_BUFFER;
    return FINE;
}

/* At most 65535² × 4 samples × 2 bytes, which 64 bits hold. */
static uint64_t job_out_bytes(const Job *job) {
    return (uint64_t)job->out_width * (uint64_t)job->out_height * (uint64_t)SHAPES[job->layout].channels * (uint64_t)(job->out_depth / 8);
}

/* ---------------------------------------------------------------- the sRGB curve */

#define CURVE 4096    /* linear pieces of a curve: off by less than 0.02 of a code of 16 bits */
#define CODES 16384   /* cells of the square root of light, for codes of 8 bits: off by less than 0.02 of a code */

static struct {
    float light8[256];       /* code / 255 -> light */
    float alpha8[256];       /* code / 255 */
    float light[CURVE + 2];  /* code, 0..1 in CURVE steps -> light */
    float code[CURVE + 2];   /* square root of light, 0..1 in CURVE steps -> code, 0..1 */
    uint8_t code8[CODES];    /* square root of light, 0..1 in CODES cells -> code */
} TABLES;

/* Light of a code of 11 to 255 as polynomials, highest power first, which are faster than looking up. They are off by
 * at most 0.012 and 0.0011 of a code; division by alpha can make much of the error, so there it is the second. */
static const float LIGHT_5[] = {7.938381647e-14F, -7.173072639e-11F, 4.002636653e-08F, 8.006465865e-06F, 1.277306794e-04F, 9.242433523e-04F};
static const float LIGHT_7[] = {1.433325966e-18F, -1.487643007e-15F, 6.695110418e-13F, -1.852333198e-10F, 5.108759672e-08F, 7.484119656e-06F, 1.382955425e-04F, 8.546485866e-04F};

/* Codes of 11 to 255 of the square root of light, off by at most 0.019 of a code. */
static const float CODE_7[] = {470.19016F, -1927.0892F, 3274.9792F, -3012.0884F, 1664.6526F, -618.56085F, 414.09927F, -11.1646F};

static double light_of(double code) { return code <= 0.04045 ? code / 12.92 : pow((code + 0.055) / 1.055, 2.4); }

static double code_of(double light) { return light <= 0.0031308 ? light * 12.92 : 1.055 * pow(light, 1 / 2.4) - 0.055; }

static void resample_tables(void) {
    for (int i = 0; i < 256; i++) {
        TABLES.light8[i] = (float)light_of(i / 255.0);
        TABLES.alpha8[i] = (float)(i / 255.0);
    }
    for (int i = 0; i < CURVE + 2; i++) {
        double x = i / (double)CURVE;
        TABLES.light[i] = (float)light_of(x);
        TABLES.code[i] = (float)code_of(x * x);
    }
    for (int code = 0, cell = 0; code < 256; code++) {
        double end = code < 255 ? sqrt(light_of((code + 0.5) / 255)) * CODES : CODES;
        for (; cell < CODES && cell + 0.5 <= end; cell++) TABLES.code8[cell] = (uint8_t)code;
    }
}

/* ---------------------------------------------------------------- weights */

/* For each output pixel along one axis the source pixels that it is made of, and how much of each. */
typedef struct {
    int32_t size, widest, room; /* outputs; most taps of any; floats per output in weight, zero behind its taps */
    int32_t begin, end;         /* source pixels that are used at all */
    int32_t *first, *count;
    float *weight;
} Axis;

static void axis_free(Axis *axis) {
    free(axis->first);
    free(axis->count);
    free(axis->weight);
}

static inline int32_t between(double value, int32_t low, int32_t high) {
    return value < low ? low : value > high ? high : (int32_t)value;
}

/* Lanczos3 at angle = πx/3 and on in steps, with one rotation per tap in place of two sines:
 * sinc(x) sinc(x/3) = sin 3a · sin a / 3a², and sin 3a = sin a (3 − 4 sin² a). */
static double lanczos(double *weight, int32_t count, double angle, double step) {
    double s = sin(angle), c = cos(angle), step_s = sin(step), step_c = cos(step), sum = 0;
    for (int32_t i = 0; i < count; i++) {
        double a = angle + i * step, ss = s * s;
        sum += weight[i] = a * a < 1e-12 ? 1 : ss * (3 - 4 * ss) / (3 * a * a);
        double next = s * step_c + c * step_s;
        c = c * step_c - s * step_s;
        s = next;
    }
    return sum;
}

static Status axis_make(Axis *axis, long side, double start, double length, long size) {
    double scale = length / (double)size, stretch = scale > 1 ? scale : 1, reach = LOBES * stretch;
    /* Taps stay inside the box, whose outermost pixels may be covered in part; what they lose there is made up for
     * by dividing by the sum. */
    int32_t low = between(floor(start), 0, (int32_t)side - 1), high = between(ceil(start + length), low + 1, (int32_t)side);
    int32_t most = between(ceil(2 * reach) + 1, 1, high - low);
    *axis = (Axis){.size = (int32_t)size, .widest = 0, .room = most + 2 * LANES, .begin = high, .end = low};
    axis->first = malloc((size_t)size * sizeof *axis->first);
    axis->count = malloc((size_t)size * sizeof *axis->count);
    axis->weight = calloc((size_t)size * (size_t)axis->room, sizeof *axis->weight);
    double *exact = malloc((size_t)most * sizeof *exact);
    if (!axis->first || !axis->count || !axis->weight || !exact) {
        free(exact);
        return NO_MEMORY;
    }
    for (int32_t i = 0; i < (int32_t)size; i++) {
        double centre = start + (i + 0.5) * scale;
        int32_t first = between(ceil(centre - reach - 0.5), low, high - 1);
        int32_t end = between(floor(centre + reach - 0.5) + 1, first + 1, high);
        int32_t count = end - first < most ? end - first : most;
        double sum = lanczos(exact, count, PI / 3 * (first + 0.5 - centre) / stretch, PI / 3 / stretch);
        float *weight = axis->weight + (size_t)i * (size_t)axis->room;
        for (int32_t tap = 0; tap < count; tap++) weight[tap] = (float)(exact[tap] / sum);
        axis->first[i] = first;
        axis->count[i] = count;
        if (count > axis->widest) axis->widest = count;
        if (first < axis->begin) axis->begin = first;
        if (first + count > axis->end) axis->end = first + count;
    }
    free(exact);
    return FINE;
}

/* ---------------------------------------------------------------- the work, for each instruction set */

#define ALWAYS static inline __attribute__((always_inline))

#define NAMED(name) name##_portable
#define AVX2 0
#include "_resample_run.h"
#undef AVX2
#undef NAMED

#if defined(__x86_64__) && !defined(PIXMILL_PORTABLE)
#define HAS_AVX2 1
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
#define NAMED(name) name##_avx2
#define AVX2 1
#include "_resample_run.h"
#undef AVX2
#undef NAMED
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#else
#define HAS_AVX2 0
#endif

static inline int resample_fast(void) {
#if HAS_AVX2
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
    return 0;
#endif
}

/* job_check() must have said FINE. */
static Status resample(const Job *job, int fast) {
#if HAS_AVX2
    if (fast && resample_fast()) return run_avx2(job);
#endif
    (void)fast;
    return run_portable(job);
}

#endif
