/* The scan: entropy code to blocks, rows of units to rows of pixels.
 *
 * The scan is copied first, without the zeros that follow each 0xFF; then 8 bytes are read at a time and nothing is asked of them.
 * Whether more was taken than there was is seen at the end of each unit; SLACK holds what may be taken until then.
 */
#ifndef PIXMILL_JPEG_SCAN_H
#define PIXMILL_JPEG_SCAN_H

#include "_jpeg.h"
#include "_jpeg_pixels.h"

#define ALWAYS FAST static inline __attribute__((always_inline))

typedef struct {
    const uint8_t *at;
    uint64_t window; /* the next bits, from the top */
    int bits;        /* how many of these are there */
} Bits;

typedef struct {
    uint8_t *bytes;
    size_t used, *ends; /* where each interval between restarts ends */
    size_t intervals, room;
} Stuff;

/* At least 56 bits are there afterwards: two codes with their values, of 27 bits each. */
ALWAYS void fill(Bits *bits) {
    uint64_t next;
    memcpy(&next, bits->at, 8);
    bits->window |= __builtin_bswap64(next) >> bits->bits;
    bits->at += (63 - bits->bits) >> 3;
    bits->bits |= 56;
}

ALWAYS void skip(Bits *bits, uint32_t count) {
    bits->window <<= count;
    bits->bits -= (int)count;
}

/* A value of so many bits, at least 1. */
ALWAYS int take(Bits *bits, int size) {
    const int value = extended((uint32_t)(bits->window >> (64 - size)), size);
    skip(bits, (uint32_t)size);
    return value;
}

/* A SIZE for a code that is longer than LOOK, whose symbol is the next of 16 bits; a LONG if there is no such code. */
static uint32_t long_peek(uint32_t next, const Codes *codes, int is_ac) {
    for (int length = LOOK + 1; length <= LONGEST; length++)
        if ((int32_t)next < codes->below[length]) {
            const int number = (int)(next >> (LONGEST - length)) + codes->shift[length];
            if (number < 0 || number > 255) break;
            const int symbol = codes->symbols[number], zeros = is_ac ? symbol >> 4 : 0, size = is_ac ? symbol & 15 : symbol;
            return symbol || !is_ac ? PEEK(length, SIZE, zeros + 1, size) : PEEK(length, END, 0, 0);
        }
    return PEEK(0, LONG, 0, 0);
}

/* What comes next: never LONG but for a code that does not exist. */
ALWAYS uint32_t peeked(const Bits *bits, const Codes *codes, int is_ac) {
    const uint32_t peek = codes->peek[bits->window >> (64 - LOOK)];
    return KIND(peek) == LONG ? long_peek((uint32_t)(bits->window >> 48), codes, is_ac) : peek;
}

ALWAYS int first_value(Bits *bits, const Codes *codes, int *difference) {
    const uint32_t peek = peeked(bits, codes, 0);
    if (KIND(peek) == LONG) return 0;
    skip(bits, BITS(peek));
    *difference = KIND(peek) == VALUE ? WORTH(peek) : WORTH(peek) ? take(bits, WORTH(peek)) : 0;
    return 1;
}

/* One block, all zeros before; the last place of the zigzag that is not zero, -1 for one that is damaged. */
ALWAYS int read_block(Bits *stream, Component *component, float *block, float *energy) {
    const Codes *codes = component->ac;
    const float *factor = component->factor;
    Bits bits = *stream;
    int difference, place = 0;
    uint32_t last = 0;
    float squares = 0;
    fill(&bits);
    if (!first_value(&bits, component->dc, &difference)) return -1;
    const int first = component->last + difference;
    if (first < -32768 || first > 32767) return -1;
    component->last = (int16_t)first;
    block[0] = (float)first * factor[0];
    while (place < COEFFICIENTS - 1) {
        uint32_t peek = codes->peek[bits.window >> (64 - LOOK)];
        if (KIND(peek) != VALUE) {
            fill(&bits);
            peek = peeked(&bits, codes, 1);
        }
        if (KIND(peek) == END || KIND(peek) == LONG) {
            skip(&bits, BITS(peek));
            if (KIND(peek) == LONG) return -1;
            break;
        }
        skip(&bits, BITS(peek));
        place += (int)PLACES(peek);
        if (place >= COEFFICIENTS) return -1;
        int value = WORTH(peek);
        if (KIND(peek) == SIZE) {
            if (!value) continue; /* sixteen zeros */
            value = take(&bits, value);
        }
        if (bits.bits < 2 * LOOK) fill(&bits);
        const float coefficient = (float)value * factor[place];
        block[ZIGZAG[place]] = coefficient;
        squares += coefficient * coefficient;
        last = (uint32_t)place;
    }
    *stream = bits;
    *energy = squares + block[0] * block[0];
    return (int)last;
}

/* ---------------------------------------------------------------- the bytes of the scan */

static int end_interval(Stuff *stuff) {
    if (stuff->intervals == stuff->room) {
        stuff->room = 2 * stuff->room + 16;
        size_t *more = realloc(stuff->ends, stuff->room * sizeof *more);
        if (!more) return 0;
        stuff->ends = more;
    }
    stuff->ends[stuff->intervals++] = stuff->used;
    return 1;
}

/* Everything up to the end of the image, which must be there. */
static Result unstuff(Jpeg *jpeg, Stuff *stuff) {
    const uint8_t *at = jpeg->at;
    stuff->bytes = malloc((size_t)(jpeg->end - at) + SLACK);
    if (!stuff->bytes) return NO_MEMORY;
    for (;;) {
        const uint8_t *mark = memchr(at, 0xFF, (size_t)(jpeg->end - at));
        if (!mark || jpeg->end - mark < 2) return OTHER;
        const size_t plain = (size_t)(mark - at) + (mark[1] == 0);
        memcpy(stuff->bytes + stuff->used, at, plain);
        stuff->used += plain;
        at = mark + 2;
        if (mark[1] == 0) continue;
        if (!end_interval(stuff)) return NO_MEMORY;
        if (mark[1] == 0xD9) break;
        if (mark[1] != 0xD0 + (stuff->intervals - 1) % 8) return OTHER;
    }
    memset(stuff->bytes + stuff->used, 0, SLACK);
    return READ;
}

/* ---------------------------------------------------------------- units and rows */

FAST static int read_unit(Jpeg *jpeg, Bits *bits, size_t column, float *block) {
    for (int i = 0; i < jpeg->count; i++) {
        Component *component = jpeg->component + i;
        const int side = component->side;
        for (int down = 0; down < component->down; down++)
            for (int across = 0; across < component->across; across++) {
                const size_t left = (column * (size_t)component->across + (size_t)across) * (size_t)side;
                float energy;
                const int last = read_block(bits, component, block, &energy);
                if (last < 0) return 0;
                uint8_t *out = component->plane + (size_t)(down * side) * component->stride + left;
                write_block(block, i ? 0 : energy, last == 0, out, component->stride, side);
                if (last) empty(block);
            }
    }
    return 1;
}

/* The rows of pixels that one row of units holds. */
static void write_rows(const Jpeg *jpeg, long top, uint8_t *out) {
    const Component *y = jpeg->component, *cb = y + 1, *cr = y + 2;
    const long rows = (long)y->side * y->down, width = jpeg->out_width;
    for (long row = 0; row < rows && top + row < jpeg->out_height; row++) {
        const uint8_t *light = y->plane + (size_t)row * y->stride;
        if (jpeg->count == 1) {
            memcpy(out + (size_t)(top + row) * (size_t)width, light, (size_t)width);
            continue;
        }
        const size_t at = (size_t)(row * cb->side / rows) * cb->stride;
        const int twice = y->side * y->across != cb->side;
        colour_row(light, cb->plane + at, cr->plane + at, twice, out + (size_t)(top + row) * (size_t)width * 4, (size_t)width);
    }
}

FAST static Result read_units(Jpeg *jpeg, const Stuff *stuff, uint8_t *out) {
    const long unit_width = 8L * jpeg->most_across, unit_height = 8L * jpeg->most_down;
    const long across = (jpeg->width + unit_width - 1) / unit_width, down = (jpeg->height + unit_height - 1) / unit_height;
    const size_t total = (size_t)across * (size_t)down, each = jpeg->interval ? jpeg->interval : total;
    if (stuff->intervals != (total + each - 1) / each) return OTHER;
    _Alignas(32) float block[COEFFICIENTS] = {0};
    Bits bits = {0};
    const uint8_t *start = stuff->bytes, *end = start;
    size_t left = 0, interval = 0;
    for (long row = 0; row < down; row++) {
        for (long column = 0; column < across; column++, left--) {
            if (!left) {
                start = interval ? stuff->bytes + stuff->ends[interval - 1] : stuff->bytes;
                end = stuff->bytes + stuff->ends[interval++];
                bits = (Bits){.at = start};
                left = each;
                for (int i = 0; i < jpeg->count; i++) jpeg->component[i].last = 0;
            }
            if (!read_unit(jpeg, &bits, (size_t)column, block)) return OTHER;
            if ((bits.at - start) * 8 - bits.bits > (end - start) * 8) return OTHER;
        }
        write_rows(jpeg, row * jpeg->component[0].side * jpeg->component[0].down, out);
    }
    return READ;
}

/* How large decoded blocks are, and where they go. Chroma of half the samples is scaled by half as much. */
static int lay_out(Jpeg *jpeg) {
    const int side = 8 / jpeg->shrink;
    const size_t across = ((size_t)jpeg->width + 8 * (size_t)jpeg->most_across - 1) / (8 * (size_t)jpeg->most_across);
    size_t bytes = 0, at[3] = {0};
    for (int i = 0; i < jpeg->count; i++) {
        Component *component = jpeg->component + i;
        const int halved = i && jpeg->most_across == 2 && jpeg->most_down == 2 && side < 8;
        component->side = halved ? 2 * side : side;
        set_factors(component, jpeg->quantisers[component->quantiser]);
        component->stride = across * (size_t)component->across * (size_t)component->side + 64;
        at[i] = bytes;
        bytes += component->stride * (size_t)component->down * (size_t)component->side + 64;
    }
    jpeg->memory = calloc(bytes, 1);
    if (!jpeg->memory) return 0;
    for (int i = 0; i < jpeg->count; i++) jpeg->component[i].plane = jpeg->memory + at[i];
    return 1;
}

/* The header has been read; out has room for all pixels. */
static Result read_pixels(Jpeg *jpeg, uint8_t *out) {
    Stuff stuff = {0};
    Result result = lay_out(jpeg) ? unstuff(jpeg, &stuff) : NO_MEMORY;
    if (result == READ) result = read_units(jpeg, &stuff, out);
    free(stuff.bytes);
    free(stuff.ends);
    free(jpeg->memory);
    return result;
}

#endif
