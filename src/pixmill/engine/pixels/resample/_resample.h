/* Lanczos3 in linear light or on sRGB values, without Python: the job and its validation, the weights, the tables.
 *
 * Knows sizes, boxes, layouts and the sRGB curve (IEC 61966-2-1). Must never know Python, files or formats, nor keep
 * state: after resample_init_tables() all shared data is only read, so any number of threads may call at once.
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
#define LANES 8            /* floats per vector */
#define EDGE_TOLERANCE 1e-9 /* pixels that a box may reach over the edge of one, by rounding, without touching the next */
#define WINDOW 8           /* source rows that are kept if no output row needs more */
#define BATCH 6            /* source rows that are added to the open output rows at a time, if one does */
#define ROW_GROUP 4            /* output rows that are finished together, so that the horizontal weights are broadcast once */
#define BLOCK (64 * LANES) /* floats of a row that are processed at a time, so that BATCH of them stay in the L1 cache */
#define PADDING 64         /* floats behind a row that may be read, always finite, always with weight 0 */
#define CACHE_LINE_FLOATS 16      /* floats */
#define ALIGN_TO_CACHE_LINE(floats) (((floats) + CACHE_LINE_FLOATS - 1) / CACHE_LINE_FLOATS * CACHE_LINE_FLOATS)
#define PI 3.14159265358979323846

typedef enum { L, LA, RGB, RGBA, RGBX, LAYOUTS } Layout;
typedef enum { OK, BAD_SIZE, BAD_LAYOUT, BAD_DEPTH, BAD_STRIDE, BAD_BOX, BAD_COMPENSATION, BAD_DROOP, SHORT_BUFFER, NO_MEMORY } Status;

static const char *const MESSAGES[] = {
    [OK] = "",
    [BAD_SIZE] = "each side must be of 1 to 65535 pixels",
    [BAD_LAYOUT] = "no such layout",
    [BAD_DEPTH] = "depth must be 8 or 16",
    [BAD_STRIDE] = "the stride is shorter than a row",
    [BAD_BOX] = "the box must lie inside the image and must not be empty",
    [BAD_COMPENSATION] = "light_compensation must be between 0 and 1",
    [BAD_DROOP] = "droop_compensation must be between 0 and 0.25",
    [SHORT_BUFFER] = "the buffer is shorter than the image",
    [NO_MEMORY] = "no memory",
};

typedef struct {
    int stored_channels; /* samples per pixel in the source */
    int channels;        /* samples per pixel that are processed and written */
    int has_alpha;       /* whether the last channel is alpha */
} ChannelLayout;

static const ChannelLayout CHANNEL_LAYOUTS[LAYOUTS] = {[L] = {1, 1, 0}, [LA] = {2, 2, 1}, [RGB] = {3, 3, 0}, [RGBA] = {4, 4, 1}, [RGBX] = {4, 3, 0}};

/* Samples of 16 bits are in native byte order and need no alignment. */
typedef struct {
    const uint8_t *source;
    size_t source_bytes, stride; /* stride 0: rows without gaps */
    long width, height, out_width, out_height;
    double left, top, box_width, box_height;
    int layout, depth, out_depth;
    int linear; /* whether light is mixed, else sRGB values */
    double light_compensation; /* 0 to 1, see _resample_compensation.h; without effect on sRGB values */
    double droop_compensation; /* 0 to 0.25, see compensate_droop() */
    int halve; /* whether 2 x 2 pixels are averaged first: faster where a result has few of many pixels */
    uint8_t *out; /* rows without gaps */
} ResampleJob;

static inline int is_valid_side(long side) { return side >= 1 && side <= MAX_SIDE; }

static inline int is_valid_span(double start, double length, long side) {
    /* 1e-6 pixels allow for rounding errors; a NaN fails every comparison. */
    return start >= 0 && length > 0 && start < (double)side && start + length <= (double)side + 1e-6;
}

static Status job_validate(ResampleJob *job) {
    if (!is_valid_side(job->width) || !is_valid_side(job->height)) return BAD_SIZE;
    if (!is_valid_side(job->out_width) || !is_valid_side(job->out_height)) return BAD_SIZE;
    if (job->layout < 0 || job->layout >= LAYOUTS) return BAD_LAYOUT;
    if ((job->depth != 8 && job->depth != 16) || (job->out_depth != 8 && job->out_depth != 16)) return BAD_DEPTH;
    size_t row = (size_t)job->width * (size_t)CHANNEL_LAYOUTS[job->layout].stored_channels * (size_t)(job->depth / 8);
    if (!job->stride) job->stride = row;
    if (job->stride < row) return BAD_STRIDE;
    if (!is_valid_span(job->left, job->box_width, job->width) || !is_valid_span(job->top, job->box_height, job->height)) return BAD_BOX;
    if (!(job->light_compensation >= 0 && job->light_compensation <= 1)) return BAD_COMPENSATION;
    if (!(job->droop_compensation >= 0 && job->droop_compensation <= 0.25)) return BAD_DROOP;
    if (job->source_bytes < row || (job->source_bytes - row) / job->stride < (size_t)job->height - 1) return SHORT_BUFFER;
    return OK;
}

/* At most 65535² × 4 samples × 2 bytes, which fits 64 bits. */
static uint64_t job_out_bytes(const ResampleJob *job) {
    return (uint64_t)job->out_width * (uint64_t)job->out_height * (uint64_t)CHANNEL_LAYOUTS[job->layout].channels * (uint64_t)(job->out_depth / 8);
}

/* ---------------------------------------------------------------- the sRGB curve */

#define CURVE_SEGMENTS 4096    /* linear segments of a curve: the error is below 0.02 of a 16-bit value */
#define SQRT_CELLS 16384   /* cells of the square root of linear light, for 8-bit values: the error is below 0.02 of a value */

static struct {
    float linear8[256];                /* value / 255 -> linear */
    float alpha8[256];                 /* value / 255 */
    float linear[CURVE_SEGMENTS + 2];  /* sRGB, 0..1 in CURVE_SEGMENTS steps -> linear */
    float srgb[CURVE_SEGMENTS + 2];    /* square root of linear, 0..1 in CURVE_SEGMENTS steps -> sRGB, 0..1 */
    uint8_t srgb8[SQRT_CELLS];         /* square root of linear, 0..1 in SQRT_CELLS cells -> sRGB value */
} TABLES;

/* Linear light of an sRGB value of 11 to 255 as polynomials, highest power first, which are faster than a table. Their errors are
 * at most 0.012 and 0.0011 of a value; division by alpha can amplify the error, so images with alpha use the second. */
static const float SRGB_TO_LINEAR_5[] = {7.938381647e-14F, -7.173072639e-11F, 4.002636653e-08F, 8.006465865e-06F, 1.277306794e-04F, 9.242433523e-04F};
static const float SRGB_TO_LINEAR_7[] = {1.433325966e-18F, -1.487643007e-15F, 6.695110418e-13F, -1.852333198e-10F, 5.108759672e-08F, 7.484119656e-06F, 1.382955425e-04F, 8.546485866e-04F};

/* sRGB values of 11 to 255 from the square root of linear light; the error is at most 0.019 of a value. */
static const float LINEAR_TO_SRGB_7[] = {470.19016F, -1927.0892F, 3274.9792F, -3012.0884F, 1664.6526F, -618.56085F, 414.09927F, -11.1646F};

static double srgb_to_linear(double srgb) { return srgb <= 0.04045 ? srgb / 12.92 : pow((srgb + 0.055) / 1.055, 2.4); }

static double linear_to_srgb(double linear) { return linear <= 0.0031308 ? linear * 12.92 : 1.055 * pow(linear, 1 / 2.4) - 0.055; }

static void resample_init_tables(void) {
    for (int i = 0; i < 256; i++) {
        TABLES.linear8[i] = (float)srgb_to_linear(i / 255.0);
        TABLES.alpha8[i] = (float)(i / 255.0);
    }
    for (int i = 0; i < CURVE_SEGMENTS + 2; i++) {
        double x = i / (double)CURVE_SEGMENTS;
        TABLES.linear[i] = (float)srgb_to_linear(x);
        TABLES.srgb[i] = (float)linear_to_srgb(x * x);
    }
    for (int value = 0, cell = 0; value < 256; value++) {
        double end = value < 255 ? sqrt(srgb_to_linear((value + 0.5) / 255)) * SQRT_CELLS : SQRT_CELLS;
        for (; cell < SQRT_CELLS && cell + 0.5 <= end; cell++) TABLES.srgb8[cell] = (uint8_t)value;
    }
}

/* ---------------------------------------------------------------- weights */

/* For each output pixel along one axis the source pixels that contribute to it (taps), and their weights. */
typedef struct {
    int32_t size, max_taps; /* outputs; maximum taps of one */
    int32_t weight_stride;  /* floats per output in weight, zero behind its taps */
    int32_t begin, end;     /* range of source pixels that are used */
    int32_t *first_tap, *tap_count;
    float *weight;
} Axis;

static void axis_free(Axis *axis) {
    free(axis->first_tap);
    free(axis->tap_count);
    free(axis->weight);
}

static inline int32_t clamp_to_int(double value, int32_t low, int32_t high) {
    return value < low ? low : value > high ? high : (int32_t)value;
}

/* Lanczos3 at angle = πx/3 and on in steps, with one rotation per tap instead of two sines:
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

/* Pixels that are means of several ones droop: fine detail has less contrast. The neighbours of each tap undo it, by
 * -a, 1 + 2a, -a; those beyond low and high are the outermost ones. exact has count weights from the second on, and gets
 * one more at either end that is inside. Returns their number. */
static int32_t compensate_droop(double *exact, int32_t count, double a, int32_t *first, int32_t low, int32_t high) {
    double before = 0, at = exact[1];
    exact[0] = -a * at;
    for (int32_t i = 1; i <= count; i++) {
        const double after = i < count ? exact[i + 1] : 0;
        exact[i] = (1 + 2 * a) * at - a * (before + after);
        before = at;
        at = after;
    }
    exact[count + 1] = -a * before;
    if (*first + count == high) exact[count] += exact[count + 1];
    else count++;
    if (*first > low) {
        --*first;
        return count + 1;
    }
    exact[1] += exact[0];
    memmove(exact, exact + 1, (size_t)count * sizeof *exact);
    return count;
}

/* The source pixels that a box touches along one axis, its outermost ones in part. */
typedef struct {
    int32_t begin, end;
} Span;

static Span span_of_box(double start, double length, long side) {
    const int32_t begin = clamp_to_int(floor(start + EDGE_TOLERANCE), 0, (int32_t)side - 1);
    return (Span){begin, clamp_to_int(ceil(start + length - EDGE_TOLERANCE), begin + 1, (int32_t)side)};
}

static Status axis_make(Axis *axis, long side, double start, double length, long size, double droop_compensation) {
    double scale = length / (double)size, stretch = scale > 1 ? scale : 1, radius = LOBES * stretch;
    /* Taps stay inside the box, whose outermost pixels may be covered in part; dividing by the sum makes up for the
     * weight that is cut off. */
    const Span span = span_of_box(start, length, side);
    const int32_t low = span.begin, high = span.end;
    const int extra = droop_compensation > 0 ? 2 : 0;
    int32_t max_taps = clamp_to_int(ceil(2 * radius) + 1 + extra, 1, high - low);
    *axis = (Axis){.size = (int32_t)size, .max_taps = 0, .weight_stride = max_taps + 2 * LANES, .begin = high, .end = low};
    axis->first_tap = malloc((size_t)size * sizeof *axis->first_tap);
    axis->tap_count = malloc((size_t)size * sizeof *axis->tap_count);
    axis->weight = calloc((size_t)size * (size_t)axis->weight_stride, sizeof *axis->weight);
    double *exact = malloc(((size_t)max_taps + 2) * sizeof *exact);
    if (!axis->first_tap || !axis->tap_count || !axis->weight || !exact) {
        free(exact);
        return NO_MEMORY;
    }
    for (int32_t i = 0; i < (int32_t)size; i++) {
        double centre = start + (i + 0.5) * scale;
        int32_t first = clamp_to_int(ceil(centre - radius - 0.5), low, high - 1);
        int32_t end = clamp_to_int(floor(centre + radius - 0.5) + 1, first + 1, high);
        int32_t count = end - first < max_taps ? end - first : max_taps;
        double sum = lanczos(exact + !!extra, count, PI / 3 * (first + 0.5 - centre) / stretch, PI / 3 / stretch);
        if (extra) count = compensate_droop(exact, count, droop_compensation, &first, low, high);
        float *weight = axis->weight + (size_t)i * (size_t)axis->weight_stride;
        for (int32_t tap = 0; tap < count; tap++) weight[tap] = (float)(exact[tap] / sum);
        axis->first_tap[i] = first;
        axis->tap_count[i] = count;
        if (count > axis->max_taps) axis->max_taps = count;
        if (first < axis->begin) axis->begin = first;
        if (first + count > axis->end) axis->end = first + count;
    }
    free(exact);
    return OK;
}

#define HALVING_DROOP (1 / 32.0) /* of a mean of two pixels: (1 - 1/2²) / 24 */

/* As axis_make, over means of pairs of pixels from span->begin on, whose droop is compensated too. */
static Status axis_make_halved(Axis *axis, const Span *span, double start, double length, long size, double droop_compensation) {
    const long pairs = (span->end - span->begin + 1) / 2;
    return axis_make(axis, pairs, (start - span->begin) / 2, length / 2, size, HALVING_DROOP + droop_compensation / 4);
}

/* ---------------------------------------------------------------- the passes, for each instruction set */

#define FORCE_INLINE static inline __attribute__((always_inline))

#define FOR_TARGET(name) name##_portable
#define AVX2 0
#include "_resample_run.h"
#undef AVX2
#undef FOR_TARGET

#if defined(__x86_64__) && !defined(PIXMILL_PORTABLE)
#define HAS_AVX2 1
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
#define FOR_TARGET(name) name##_avx2
#define AVX2 1
#include "_resample_run.h"
#undef AVX2
#undef FOR_TARGET
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#else
#define HAS_AVX2 0
#endif

static inline int resample_has_avx2(void) {
#if HAS_AVX2
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
    return 0;
#endif
}

/* Requires that job_validate() returned OK. */
static Status resample(const ResampleJob *job, int use_avx2) {
#if HAS_AVX2
    if (use_avx2 && resample_has_avx2()) return run_avx2(job);
#endif
    (void)use_avx2;
    return run_portable(job);
}

#endif
