/* A reader of plain JPEG (ITU-T T.81): baseline or extended Huffman coding, 8 bits, grey or YCbCr in one scan, at 1/1, 1/2, 1/4 or 1/8.
 *
 * That is what cameras and web sites write. Everything else, and every file with anything wrong in it, is OTHER: it is left to
 * libjpeg-turbo, which also decides what is to be said of it. Here nothing is guessed, repaired or skipped.
 *
 * This file knows markers and tables, _jpeg_scan.h the entropy code, _jpeg_pixels.h blocks and colours. None may know Python.
 * Whatever is read lies between `at` and `end`; whatever is written has been sized from the frame header.
 */
#ifndef PIXMILL_JPEG_H
#define PIXMILL_JPEG_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define COEFFICIENTS 64
#define LOOK 11      /* bits of a code, and of the value behind it, that are looked up at once */
#define LONGEST 16   /* bits of a code */
#define MAX_SIZE 11  /* bits of a value: more of them are for 12-bit samples (T.81 table F.1) */
#define SLACK 4096   /* bytes behind the scan that may be read: a unit takes at most 6 blocks × 64 values × 27 bits */

typedef enum { READ, OTHER, NO_MEMORY } Result;

/* What a peek of LOOK bits says, in one word: how many bits it takes (6 bits), its kind (2), by how many places of the zigzag it leads on (8), and
 * the value, or of a SIZE how many bits of it follow (16). */
typedef enum { VALUE, SIZE, END, LONG } Kind;
#define PEEK(bits, kind, places, value) ((uint32_t)(bits) | (uint32_t)(kind) << 6 | (uint32_t)(places) << 8 | (uint32_t)(uint16_t)(value) << 16)
#define BITS(peek) ((peek) & 63)
#define KIND(peek) ((peek) >> 6 & 3)
#define PLACES(peek) ((peek) >> 8 & 255)
#define WORTH(peek) ((int16_t)((peek) >> 16))

typedef struct {
    int known;
    uint8_t symbols[256];
    int32_t below[LONGEST + 2]; /* codes of this many bits are below this, aligned to 16 bits */
    int32_t shift[LONGEST + 2]; /* from a code to the number of its symbol */
    uint32_t peek[1 << LOOK];
} Codes;

typedef struct {
    int id, across, down, quantiser; /* blocks per unit */
    const Codes *dc, *ac;
    int side;           /* samples along a side of a decoded block: 8, 4, 2 or 1 */
    float factor[COEFFICIENTS]; /* by place in the zigzag */
    int16_t last;       /* DC of the block before */
    size_t stride;
    uint8_t *plane;     /* one row of units */
} Component;

typedef struct {
    const uint8_t *at, *end;
    uint16_t quantisers[4][COEFFICIENTS]; /* in zigzag order */
    int quantiser_known[4];
    Codes dc[4], ac[4];
    int width, height, count, most_across, most_down;
    Component component[3];
    unsigned interval;
    int jfif, adobe;    /* adobe: its transform, -1 without */
    int shrink;
    long out_width, out_height;
    uint8_t *memory;
} Jpeg;

static const uint8_t ZIGZAG[COEFFICIENTS] = {
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6,  7,  14, 21, 28,
    35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};

static inline int extended(uint32_t bits, int size) { return (int)bits - (bits >> (size - 1) ? 0 : (1 << size) - 1); }

/* ---------------------------------------------------------------- tables */

/* One entry for each of the prefixes that begin with this code; where the value fits in as well, it is there. */
static void put_peeks(Codes *codes, int is_ac, uint32_t code, int bits, uint8_t symbol) {
    const int zeros = is_ac ? symbol >> 4 : 0, size = is_ac ? symbol & 15 : symbol, rest = LOOK - bits;
    for (uint32_t more = 0; more < 1u << rest; more++) {
        uint32_t peek = PEEK(bits, SIZE, zeros + 1, size);
        if (is_ac && size == 0 && zeros != 15) peek = PEEK(bits, END, 0, 0);
        else if (size > 0 && size <= rest) peek = PEEK(bits + size, VALUE, zeros + 1, extended(more >> (rest - size), size));
        codes->peek[(code << rest) | more] = peek;
    }
}

/* T.81 annex C. Codes that would not be a tree are refused, and symbols that say more than is possible. */
static int make_codes(Codes *codes, const uint8_t *counts, const uint8_t *symbols, int total, int is_ac) {
    for (int i = 0; i < 1 << LOOK; i++) codes->peek[i] = PEEK(0, LONG, 0, 0);
    memset(codes->symbols, 0, sizeof codes->symbols);
    uint32_t code = 0;
    int number = 0;
    for (int bits = 1; bits <= LONGEST; bits++, code <<= 1) {
        codes->shift[bits] = number - (int)code;
        for (int i = 0; i < counts[bits - 1]; i++, number++, code++) {
            const uint8_t symbol = symbols[number];
            if (code >= (1u << bits) - 1 || (is_ac ? symbol & 15 : symbol) > MAX_SIZE) return 0; /* all ones is no code */
            if (is_ac && !(symbol & 15) && symbol && symbol != 0xF0) return 0; /* the ends of bands, for progressive ones */
            codes->symbols[number] = symbol;
            if (bits <= LOOK) put_peeks(codes, is_ac, code, bits, symbol);
        }
        codes->below[bits] = (int32_t)(code << (LONGEST - bits));
    }
    codes->known = 1;
    return number == total;
}

/* A segment of Huffman tables; 0 for one that is wrong. */
static int read_codes(Jpeg *jpeg, const uint8_t *at, const uint8_t *end) {
    while (at < end) {
        if (end - at < 17 || at[0] & 0xEC) return 0;
        int total = 0;
        for (int i = 0; i < 16; i++) total += at[1 + i];
        if (total > 256 || end - at < 17 + total) return 0;
        const int is_ac = at[0] >> 4;
        if (!make_codes((is_ac ? jpeg->ac : jpeg->dc) + (at[0] & 3), at + 1, at + 17, total, is_ac)) return 0;
        at += 17 + total;
    }
    return 1;
}

static int read_quantisers(Jpeg *jpeg, const uint8_t *at, const uint8_t *end) {
    while (at < end) {
        const int wide = at[0] >> 4, number = at[0] & 15;
        if (wide > 1 || number > 3 || end - at < 1 + COEFFICIENTS * (1 + wide)) return 0;
        for (int i = 0; i < COEFFICIENTS; i++)
            jpeg->quantisers[number][i] = (uint16_t)(wide ? at[1 + 2 * i] << 8 | at[2 + 2 * i] : at[1 + i]);
        jpeg->quantiser_known[number] = 1;
        at += 1 + COEFFICIENTS * (1 + wide);
    }
    return 1;
}

/* ---------------------------------------------------------------- frame and scan */

static int read_frame(Jpeg *jpeg, const uint8_t *at, const uint8_t *end) {
    if (jpeg->count || end - at < 6 || at[0] != 8 || (at[5] != 1 && at[5] != 3) || end - at != 6 + 3 * at[5]) return 0;
    jpeg->height = at[1] << 8 | at[2];
    jpeg->width = at[3] << 8 | at[4];
    jpeg->count = at[5];
    jpeg->most_across = jpeg->most_down = 1;
    for (int i = 0; i < jpeg->count; i++) {
        const uint8_t *said = at + 6 + 3 * i;
        Component *component = jpeg->component + i;
        *component = (Component){.id = said[0], .across = said[1] >> 4, .down = said[1] & 15, .quantiser = said[2]};
        if (jpeg->count == 1) component->across = component->down = 1; /* blocks of a lone one are not gathered in units */
        const int most = i ? 1 : 2;
        if (component->across < 1 || component->across > most || component->down < 1 || component->down > most) return 0;
        if (component->quantiser > 3) return 0;
        if (component->across > jpeg->most_across) jpeg->most_across = component->across;
        if (component->down > jpeg->most_down) jpeg->most_down = component->down;
    }
    return jpeg->width > 0 && jpeg->height > 0;
}

/* Is it YCbCr, as libjpeg sees it? In doubt it is not. */
static int colours_known(const Jpeg *jpeg) {
    const Component *component = jpeg->component;
    if (jpeg->count == 1) return 1;
    if (jpeg->adobe >= 0) return jpeg->adobe == 1;
    return jpeg->jfif || (component[0].id == 1 && component[1].id == 2 && component[2].id == 3);
}

/* All components in one scan, all of each coefficient. */
static int read_scan(Jpeg *jpeg, const uint8_t *at, const uint8_t *end) {
    if (!jpeg->count || end - at != 4 + 2 * jpeg->count || at[0] != jpeg->count) return 0;
    for (int i = 0; i < jpeg->count; i++) {
        Component *component = jpeg->component + i;
        const int dc = at[2 + 2 * i] >> 4, ac = at[2 + 2 * i] & 15;
        if (at[1 + 2 * i] != component->id || dc > 3 || ac > 3) return 0;
        component->dc = jpeg->dc + dc;
        component->ac = jpeg->ac + ac;
        if (!component->dc->known || !component->ac->known || !jpeg->quantiser_known[component->quantiser]) return 0;
    }
    const uint8_t *rest = at + 1 + 2 * jpeg->count;
    return rest[0] == 0 && rest[1] == COEFFICIENTS - 1 && rest[2] == 0 && colours_known(jpeg);
}

static void read_application(Jpeg *jpeg, int marker, const uint8_t *at, const uint8_t *end) {
    if (marker == 0xE0 && end - at >= 14 && !memcmp(at, "JFIF", 5)) jpeg->jfif = 1;
    if (marker == 0xEE && end - at >= 12 && !memcmp(at, "Adobe", 5)) jpeg->adobe = at[11];
}

/* From the start of the file to the first byte of the scan. */
static Result read_header(Jpeg *jpeg) {
    if (jpeg->end - jpeg->at < 2 || jpeg->at[0] != 0xFF || jpeg->at[1] != 0xD8) return OTHER;
    jpeg->at += 2;
    jpeg->adobe = -1;
    for (;;) {
        while (jpeg->end - jpeg->at >= 2 && jpeg->at[0] == 0xFF && jpeg->at[1] == 0xFF) jpeg->at++; /* filling */
        if (jpeg->end - jpeg->at < 4 || jpeg->at[0] != 0xFF) return OTHER;
        const int marker = jpeg->at[1];
        const uint8_t *at = jpeg->at + 4;
        const ptrdiff_t length = (jpeg->at[2] << 8 | jpeg->at[3]) - 2;
        if (length < 0 || jpeg->end - at < length) return OTHER;
        jpeg->at = at + length;
        int fine = 1;
        switch (marker) {
            case 0xC0: case 0xC1: fine = read_frame(jpeg, at, jpeg->at); break;
            case 0xC4: fine = read_codes(jpeg, at, jpeg->at); break;
            case 0xDB: fine = read_quantisers(jpeg, at, jpeg->at); break;
            case 0xDD: fine = length == 2; jpeg->interval = fine ? (unsigned)(at[0] << 8 | at[1]) : 0; break;
            case 0xDA: return read_scan(jpeg, at, jpeg->at) ? READ : OTHER;
            case 0xFE: break;
            default: fine = marker >= 0xE0 && marker <= 0xEF; read_application(jpeg, marker, at, jpeg->at);
        }
        if (!fine) return OTHER;
    }
}

#endif
