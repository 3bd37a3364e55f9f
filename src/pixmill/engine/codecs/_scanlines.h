/* Rows of pixels as PNG stores them, without Python: packing, filters, and indices of images of few colours.
 *
 * Knows bytes, sides and the filters of the PNG specification (third edition, §9). Must never know Python, chunks or
 * compression, nor keep state: any number of threads may call at once.
 *
 * The filters are in _scanlines_run.h, which is compiled once per instruction set.
 */
#ifndef PIXMILL_SCANLINES_H
#define PIXMILL_SCANLINES_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define MAX_SIDE 65535
#define MAX_CHANNELS 4
#define MARGIN 32      /* zeros in front of a row: the pixel to the left of the first one, aligned */
#define OVERHANG 32    /* bytes behind a row that may be read and written */
#define FILTERS 5      /* none, sub, up, average, Paeth */
#define TOGETHER 4     /* rows that are unfiltered at once */
#define MAX_COLOURS 256
#define CELLS 1024     /* of the table of colours */

/* How the filter of a row is chosen: a number below FILTERS is that filter for every row. */
typedef enum { LEAST_SUM = FILTERS, LEAST_ENTROPY, FEWEST_PAIRS, STRATEGIES } Strategy;

typedef enum { OK, BAD_SIZE, BAD_CHANNELS, BAD_BITS, BAD_STRATEGY, SHORT_BUFFER, BAD_FILTER, NO_MEMORY } Status;

static const char *const MESSAGES[] = {
    [OK] = "",
    [BAD_SIZE] = "each side must be of 1 to 65535 pixels",
    [BAD_CHANNELS] = "no such channels",
    [BAD_BITS] = "bits must be 1, 2, 4 or 8, and 8 for more than one channel",
    [BAD_STRATEGY] = "no such strategy",
    [SHORT_BUFFER] = "the buffer is shorter than the image",
    [BAD_FILTER] = "a row has an unknown filter",
    [NO_MEMORY] = "no memory",
};

/* The source has pixels of `stored` bytes; `kept` of them go into the file: 1 is the first, 2 the first and the last,
 * 3 the first three, 4 all. */
typedef struct {
    const uint8_t *source;
    size_t source_bytes;
    long width, height;
    int stored, kept, bits, strategy;
    size_t row_bytes; /* of a packed row, without its filter */
    uint8_t *out;     /* height rows of 1 + row_bytes */
} FilterJob;

typedef struct {
    const uint8_t *rows; /* each with its filter in front, of 8 bits a channel */
    size_t size_bytes;
    long width, height;
    int channels;
    uint8_t *out; /* pixels without gaps */
} UnfilterJob;

static inline int is_valid_side(long side) { return side >= 1 && side <= MAX_SIDE; }

static inline int is_valid_bits(int bits) { return bits == 1 || bits == 2 || bits == 4 || bits == 8; }

static inline size_t packed_row_bytes(long width, int channels, int bits) {
    return ((size_t)width * (size_t)channels * (size_t)bits + 7) / 8;
}

static Status filter_validate(FilterJob *job) {
    if (!is_valid_side(job->width) || !is_valid_side(job->height)) return BAD_SIZE;
    if (job->stored < 1 || job->stored > MAX_CHANNELS || job->kept < 1 || job->kept > job->stored) return BAD_CHANNELS;
    if (!is_valid_bits(job->bits) || (job->bits != 8 && job->kept != 1)) return BAD_BITS;
    if (job->strategy < 0 || job->strategy >= STRATEGIES) return BAD_STRATEGY;
    if (job->source_bytes < (size_t)job->width * (size_t)job->height * (size_t)job->stored) return SHORT_BUFFER;
    job->row_bytes = packed_row_bytes(job->width, job->kept, job->bits);
    return OK;
}

static Status unfilter_validate(const UnfilterJob *job) {
    if (!is_valid_side(job->width) || !is_valid_side(job->height)) return BAD_SIZE;
    if (job->channels < 1 || job->channels > MAX_CHANNELS) return BAD_CHANNELS;
    size_t row = 1 + (size_t)job->width * (size_t)job->channels;
    return job->size_bytes < row * (size_t)job->height ? SHORT_BUFFER : OK;
}

static void pack_row(const FilterJob *job, const uint8_t *in, uint8_t *out) {
    long width = job->width;
    int stored = job->stored;
    if (job->bits < 8) {
        int bits = job->bits, per_byte = 8 / bits, mask = (1 << bits) - 1;
        memset(out, 0, job->row_bytes);
        for (long x = 0; x < width; x++)
            out[x / per_byte] |= (uint8_t)((in[x * stored] & mask) << (8 - bits * (int)(x % per_byte + 1)));
    } else if (job->kept == stored) {
        memcpy(out, in, job->row_bytes);
    } else if (job->kept == 1) {
        for (long x = 0; x < width; x++) out[x] = in[x * stored];
    } else if (job->kept == 2) {
        for (long x = 0; x < width; x++) out[2 * x] = in[x * stored], out[2 * x + 1] = in[x * stored + stored - 1];
    } else {
        for (long x = 0; x < width; x++) out[3 * x] = in[4 * x], out[3 * x + 1] = in[4 * x + 1], out[3 * x + 2] = in[4 * x + 2];
    }
}

/* ---------------------------------------------------------------- how well a filtered row may compress: less is better */

#define TABLED_COUNTS 4096

static float COUNT_BITS[TABLED_COUNTS]; /* n log2 n, written once by init_tables() */

static void init_tables(void) {
    for (int n = 1; n < TABLED_COUNTS; n++) COUNT_BITS[n] = (float)(n * log2(n));
}

static inline float count_bits(uint32_t n) { return n < TABLED_COUNTS ? COUNT_BITS[n] : (float)n * log2f((float)n); }

static double entropy_bits(const uint8_t *row, size_t count) {
    uint32_t counts[4][256] = {{0}}; /* four, so that equal neighbours do not wait for each other */
    size_t i = 0;
    for (; i + 4 <= count; i += 4)
        counts[0][row[i]]++, counts[1][row[i + 1]]++, counts[2][row[i + 2]]++, counts[3][row[i + 3]]++;
    for (; i < count; i++) counts[0][row[i]]++;
    double sum = 0;
    for (int value = 0; value < 256; value++) {
        uint32_t n = counts[0][value] + counts[1][value] + counts[2][value] + counts[3][value];
        sum -= count_bits(n);
    }
    return sum;
}

static double different_pairs(const uint8_t *row, size_t count) {
    uint64_t seen[1024] = {0};
    double different = 0;
    for (size_t i = 1; i < count; i++) {
        unsigned pair = (unsigned)row[i - 1] << 8 | row[i];
        uint64_t bit = (uint64_t)1 << (pair & 63);
        different += !(seen[pair >> 6] & bit);
        seen[pair >> 6] |= bit;
    }
    return different;
}

/* ---------------------------------------------------------------- the filters, for each instruction set */

#define FOR_TARGET(name) name##_portable
#include "_scanlines_run.h"
#undef FOR_TARGET

#if defined(__x86_64__) && !defined(PIXMILL_PORTABLE)
#define HAS_AVX2 1
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2")
#endif
#define FOR_TARGET(name) name##_avx2
#include "_scanlines_run.h"
#undef FOR_TARGET
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#else
#define HAS_AVX2 0
#endif

static inline int has_avx2(void) {
#if HAS_AVX2
    return __builtin_cpu_supports("avx2");
#else
    return 0;
#endif
}

/* Requires that filter_validate() returned OK. */
static Status filter_rows(const FilterJob *job, int use_avx2) {
#if HAS_AVX2
    if (use_avx2 && has_avx2()) return filter_rows_avx2(job);
#endif
    (void)use_avx2;
    return filter_rows_portable(job);
}

/* Requires that unfilter_validate() returned OK. */
static Status unfilter_rows(const UnfilterJob *job, int use_avx2) {
#if HAS_AVX2
    if (use_avx2 && has_avx2()) return unfilter_rows_avx2(job);
#endif
    (void)use_avx2;
    return unfilter_rows_portable(job);
}

/* ---------------------------------------------------------------- images of few colours */

typedef struct {
    const uint8_t *source;
    size_t pixels;
    int stored, channels, max_colours;
    uint32_t colours[MAX_COLOURS]; /* red, green, blue and alpha in memory order */
    uint32_t counts[MAX_COLOURS];
    int colour_count;              /* -1: too many */
    uint8_t *indices;
} IndexJob;

static inline uint32_t colour_at(const uint8_t *pixel, int channels) {
    uint8_t colour[4] = {pixel[0], pixel[0], pixel[0], 255};
    if (channels >= 3) colour[1] = pixel[1], colour[2] = pixel[2];
    if (channels == 2) colour[3] = pixel[1];
    if (channels == 4) colour[3] = pixel[3];
    uint32_t value;
    memcpy(&value, colour, sizeof value);
    return value;
}

/* Ends at the first colour too many, which is soon found in a photograph. */
static void index_pixels(IndexJob *job) {
    uint16_t cells[CELLS];
    memset(cells, 0xFF, sizeof cells);
    uint32_t last = 0;
    int index = -1;
    job->colour_count = 0;
    for (size_t at = 0; at < job->pixels; at++) {
        uint32_t colour = colour_at(job->source + at * (size_t)job->stored, job->channels);
        if (index < 0 || colour != last) {
            uint32_t cell = (colour * 0x9E3779B1U) >> 22;
            while (cells[cell] != 0xFFFF && job->colours[cells[cell]] != colour) cell = (cell + 1) % CELLS;
            if (cells[cell] == 0xFFFF) {
                if (job->colour_count == job->max_colours) {
                    job->colour_count = -1;
                    return;
                }
                job->colours[job->colour_count] = colour;
                cells[cell] = (uint16_t)job->colour_count++;
            }
            last = colour, index = cells[cell];
        }
        job->counts[index]++;
        job->indices[at] = (uint8_t)index;
    }
}

/* ---------------------------------------------------------------- what channels hold */

/* Whether the last of `stored` bytes is 255 in each pixel. */
static int is_opaque(const uint8_t *source, size_t pixels, int stored) {
    for (size_t at = 0; at < pixels; at++)
        if (source[at * (size_t)stored + (size_t)stored - 1] != 255) return 0;
    return 1;
}

/* Whether the first three of `stored` bytes are equal in each pixel. */
static int is_grey(const uint8_t *source, size_t pixels, int stored) {
    for (size_t at = 0; at < pixels; at++) {
        const uint8_t *pixel = source + at * (size_t)stored;
        if (pixel[0] != pixel[1] || pixel[0] != pixel[2]) return 0;
    }
    return 1;
}

#define SAMPLED_ROWS 4 /* one row of so many is surveyed */

__attribute__((always_inline)) static inline size_t repeated_in_row(const uint8_t *row, size_t up, long width, int stored) {
    size_t count = 0;
    for (long x = 1; x < width; x++) {
        const uint8_t *pixel = row + x * stored;
        int left = 1, above = 1;
        for (int channel = 0; channel < stored; channel++) {
            left &= pixel[channel] == pixel[channel - stored];
            above &= pixel[channel] == *(pixel + channel - up);
        }
        count += (size_t)(left | above);
    }
    return count;
}

/* The share of pixels that equal the one to their left or above, in a sample of rows. */
static double repeated_share(const uint8_t *source, long width, long height, int stored) {
    size_t up = (size_t)width * (size_t)stored, repeated = 0, sampled = 0;
    for (long y = 1; y < height; y += SAMPLED_ROWS) {
        const uint8_t *row = source + (size_t)y * up;
        sampled += (size_t)width - 1;
        switch (stored) {
        case 1: repeated += repeated_in_row(row, up, width, 1); break;
        case 2: repeated += repeated_in_row(row, up, width, 2); break;
        case 3: repeated += repeated_in_row(row, up, width, 3); break;
        default: repeated += repeated_in_row(row, up, width, 4);
        }
    }
    return sampled ? (double)repeated / (double)sampled : 1;
}

#endif
