/* From coefficients to samples, and from samples to RGB: AVX2 and FMA only.
 *
 * A block becomes 8 × 8 samples by Arai, Agui and Nakajima's transform in floats. At 1/2 and 1/4 what comes out are the means
 * of 2 × 2 and 4 × 4 of those, without any of them being made: half a transform, or a quarter.
 */
#ifndef PIXMILL_JPEG_PIXELS_H
#define PIXMILL_JPEG_PIXELS_H

#include <immintrin.h>
#include <math.h>

#include "_jpeg.h"

#define FAST __attribute__((target("avx2,fma,bmi,bmi2,lzcnt,movbe")))
#define PI 3.14159265358979323846

/* Means of neighbouring samples by coefficient, for the first half of the outputs; the others differ in the sign of the odd ones. */
static float HALF[2][8], QUARTER[8];

static double basis(int sample, int coefficient) {
    return (coefficient ? 0.5 : 0.5 / sqrt(2)) * cos((2 * sample + 1) * coefficient * PI / 16);
}

static void pixel_tables(void) {
    for (int c = 0; c < 8; c++) {
        for (int j = 0; j < 2; j++) HALF[j][c] = (float)((basis(2 * j, c) + basis(2 * j + 1, c)) / 2);
        QUARTER[c] = (float)((basis(0, c) + basis(1, c) + basis(2, c) + basis(3, c)) / 4);
    }
}

/* What each coefficient is multiplied by: its quantiser, and the scales that the transform leaves out. */
static void set_factors(Component *component, const uint16_t *quantiser) {
    for (int i = 0; i < COEFFICIENTS; i++) {
        const int row = ZIGZAG[i] / 8, column = ZIGZAG[i] % 8;
        double scale = 1;
        if (component->side == 8) scale = (row ? sqrt(2) * cos(row * PI / 16) : 1) * (column ? sqrt(2) * cos(column * PI / 16) : 1) / 8;
        component->factor[i] = (float)(quantiser[i] * scale);
    }
}

FAST static inline void transpose_8(__m256 *r) {
    __m256 t[8], s[8];
    for (int i = 0; i < 8; i += 2) {
        t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
        t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
    }
    for (int i = 0; i < 8; i += 4) {
        s[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
        s[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xEE);
        s[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
        s[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xEE);
    }
    for (int i = 0; i < 4; i++) {
        r[i] = _mm256_permute2f128_ps(s[i], s[i + 4], 0x20);
        r[i + 4] = _mm256_permute2f128_ps(s[i], s[i + 4], 0x31);
    }
}

/* Arai, Agui, Nakajima: "A fast DCT-SQ scheme for images", 1988; eight columns at a time. */
FAST static inline void transform_8(__m256 *r) {
    const __m256 root = _mm256_set1_ps(1.414213562F);
    __m256 sum = r[0] + r[4], difference = r[0] - r[4], inner = r[2] + r[6], outer = _mm256_fmsub_ps(r[2] - r[6], root, inner);
    const __m256 e0 = sum + inner, e3 = sum - inner, e1 = difference + outer, e2 = difference - outer;
    const __m256 z13 = r[5] + r[3], z10 = r[5] - r[3], z11 = r[1] + r[7], z12 = r[1] - r[7];
    const __m256 o7 = z11 + z13, z5 = (z10 + z12) * _mm256_set1_ps(1.847759065F);
    const __m256 o6 = _mm256_fnmadd_ps(z10, _mm256_set1_ps(2.613125930F), z5) - o7;
    const __m256 o5 = _mm256_fmsub_ps(z11 - z13, root, o6);
    const __m256 o4 = _mm256_fnmadd_ps(z12, _mm256_set1_ps(1.082392200F), z5) - o5;
    r[0] = e0 + o7, r[7] = e0 - o7, r[1] = e1 + o6, r[6] = e1 - o6;
    r[2] = e2 + o5, r[5] = e2 - o5, r[3] = e3 + o4, r[4] = e3 - o4;
}

/* Two rows of samples, from -128 on, as bytes. */
FAST static inline __m128i samples_16(__m256 one, __m256 two) {
    const __m256i middle = _mm256_set1_epi32(128);
    __m256i words = _mm256_packs_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(one), middle), _mm256_add_epi32(_mm256_cvtps_epi32(two), middle));
    words = _mm256_permute4x64_epi64(words, 0xD8);
    return _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
}

FAST static inline void block_8(const float *block, uint8_t *out, size_t stride) {
    __m256 r[8];
    for (int i = 0; i < 8; i++) r[i] = _mm256_load_ps(block + 8 * i);
    transform_8(r);
    transpose_8(r);
    transform_8(r);
    transpose_8(r);
    for (int i = 0; i < 8; i += 2) {
        const __m128i both = samples_16(r[i], r[i + 1]);
        _mm_storel_epi64((__m128i *)(out + (size_t)i * stride), both);
        _mm_storeh_pd((double *)(out + (size_t)(i + 1) * stride), _mm_castsi128_pd(both));
    }
}

/* ---------------------------------------------------------------- light */

/* A mean of codes is darker than the mean of their light: where codes c vary by v about their mean m, by about 0.6 v / m, since light
 * grows with c to the power of 2.2. How much varies within the cells of a block that became one sample each is what its
 * coefficients hold (Parseval) less what the samples still show. It is shared out evenly, so there is a most that it may do: beside
 * hard edges it is less than can be seen. Of what scaling here loses in SSIMULACRA2 half comes back: nine photographs of 6 megapixels
 * at 512 pixels score 76.4 for 76.2 halved, 75.5 for 74.3 quartered, where all of their pixels score 76.6.
 */
#define DARKEST 16.0F
#define MOST_LIGHT 6.0F

FAST static inline float sum_of(__m256 v) {
    __m128 four = _mm256_castps256_ps128(v) + _mm256_extractf128_ps(v, 1);
    four += _mm_movehl_ps(four, four);
    return four[0] + four[1];
}

/* Samples from -128 on, each the mean of a cell. */
FAST static inline __m256 lighter(__m256 mean, float variance) {
    const __m256 code = _mm256_max_ps(mean + _mm256_set1_ps(128), _mm256_set1_ps(DARKEST));
    const __m256 more = _mm256_set1_ps(0.6F * variance) / code;
    return mean + _mm256_max_ps(_mm256_min_ps(more, _mm256_set1_ps(MOST_LIGHT)), _mm256_setzero_ps());
}

/* ---------------------------------------------------------------- blocks made smaller: energy is the sum of squares of all coefficients, 0 for chroma */

FAST static inline void block_4(const float *block, float energy, uint8_t *out, size_t stride) {
    __m256 r[8], even[2], odd[2];
    for (int i = 0; i < 8; i++) r[i] = _mm256_load_ps(block + 8 * i);
    for (int j = 0; j < 2; j++) { /* the means of the fourth are 0 */
        even[j] = r[0] * HALF[j][0] + r[2] * HALF[j][2] + r[6] * HALF[j][6];
        odd[j] = r[1] * HALF[j][1] + r[3] * HALF[j][3] + r[5] * HALF[j][5] + r[7] * HALF[j][7];
    }
    const __m256 down[4] = {even[0] + odd[0], even[1] + odd[1], even[1] - odd[1], even[0] - odd[0]};
    __m128 c[8];
    for (int i = 0; i < 4; i++) c[i] = _mm256_castps256_ps128(down[i]), c[4 + i] = _mm256_extractf128_ps(down[i], 1);
    _MM_TRANSPOSE4_PS(c[0], c[1], c[2], c[3]);
    _MM_TRANSPOSE4_PS(c[4], c[5], c[6], c[7]);
    __m128 e[2], o[2];
    for (int j = 0; j < 2; j++) {
        e[j] = c[0] * HALF[j][0] + c[2] * HALF[j][2] + c[6] * HALF[j][6];
        o[j] = c[1] * HALF[j][1] + c[3] * HALF[j][3] + c[5] * HALF[j][5] + c[7] * HALF[j][7];
    }
    __m128 a = e[0] + o[0], b = e[1] + o[1], d = e[1] - o[1], f = e[0] - o[0];
    _MM_TRANSPOSE4_PS(a, b, d, f);
    __m256 top = _mm256_set_m128(b, a), bottom = _mm256_set_m128(f, d);
    if (energy > 0) {
        const float variance = (energy - 4 * sum_of(_mm256_fmadd_ps(top, top, bottom * bottom))) / COEFFICIENTS;
        top = lighter(top, variance);
        bottom = lighter(bottom, variance);
    }
    const __m128i all = samples_16(top, bottom);
    uint32_t rows[4];
    _mm_storeu_si128((__m128i *)rows, all);
    for (int i = 0; i < 4; i++) memcpy(out + (size_t)i * stride, rows + i, 4);
}

static inline uint8_t sample(float value) {
    const int code = (int)lrintf(value) + 128;
    return (uint8_t)(code < 0 ? 0 : code > 255 ? 255 : code);
}

FAST static inline void block_2(const float *block, float energy, uint8_t *out, size_t stride) {
    const __m256 even = _mm256_load_ps(block) * QUARTER[0];
    const __m256 odd = _mm256_load_ps(block + 8) * QUARTER[1] + _mm256_load_ps(block + 24) * QUARTER[3] +
                       _mm256_load_ps(block + 40) * QUARTER[5] + _mm256_load_ps(block + 56) * QUARTER[7];
    const __m256 across = _mm256_setr_ps(0, QUARTER[1], 0, QUARTER[3], 0, QUARTER[5], 0, QUARTER[7]);
    const __m256 up = even + odd, low = even - odd;
    const float first[2] = {up[0] * QUARTER[0], low[0] * QUARTER[0]}, rest[2] = {sum_of(up * across), sum_of(low * across)};
    __m256 four = _mm256_setr_ps(first[0] + rest[0], first[0] - rest[0], first[1] + rest[1], first[1] - rest[1], 0, 0, 0, 0);
    if (energy > 0) four = lighter(four, (energy - 16 * sum_of(four * four)) / COEFFICIENTS);
    const uint32_t codes = (uint32_t)_mm_cvtsi128_si32(samples_16(four, four));
    memcpy(out, &codes, 2);
    memcpy(out + stride, (const uint8_t *)&codes + 2, 2);
}

FAST static inline void block_1(const float *block, float energy, uint8_t *out) {
    const float mean = block[0] / 8;
    *out = sample(energy > 0 ? lighter(_mm256_set1_ps(mean), (energy - block[0] * block[0]) / COEFFICIENTS)[0] : mean);
}

FAST static inline void empty(float *block) {
    for (int i = 0; i < COEFFICIENTS; i += 8) _mm256_store_ps(block + i, _mm256_setzero_ps());
}

/* A block of one colour, which many are. */
static inline void block_flat(float first, uint8_t *out, size_t stride, int side) {
    const uint64_t codes = 0x0101010101010101U * (uint64_t)sample(side == 8 ? first : first / 8);
    for (int i = 0; i < side; i++, out += stride) {
        if (side == 8) memcpy(out, &codes, 8);
        else if (side == 4) memcpy(out, &codes, 4);
        else if (side == 2) memcpy(out, &codes, 2);
        else *out = (uint8_t)codes;
    }
}

FAST static inline void write_block(const float *block, float energy, int is_flat, uint8_t *out, size_t stride, int side) {
    if (is_flat) block_flat(block[0], out, stride, side);
    else if (side == 8) block_8(block, out, stride);
    else if (side == 4) block_4(block, energy, out, stride);
    else if (side == 2) block_2(block, energy, out, stride);
    else block_1(block, energy, out);
}

/* ---------------------------------------------------------------- colours (JFIF, T.871 §7) */

FAST static inline __m256i chroma_16(const uint8_t *in, int twice) {
    __m128i codes = twice ? _mm_loadl_epi64((const __m128i *)in) : _mm_loadu_si128((const __m128i *)in);
    if (twice) codes = _mm_unpacklo_epi8(codes, codes);
    return _mm256_slli_epi16(_mm256_sub_epi16(_mm256_cvtepu8_epi16(codes), _mm256_set1_epi16(128)), 7);
}

FAST static inline __m128i codes_16(__m256i sixteenths) {
    const __m256i rounded = _mm256_srai_epi16(_mm256_add_epi16(sixteenths, _mm256_set1_epi16(8)), 4);
    return _mm_packus_epi16(_mm256_castsi256_si128(rounded), _mm256_extracti128_si256(rounded, 1));
}

/* 16 pixels as RGBX; everything in sixteenths of a code. */
FAST static inline void colours_16(const uint8_t *y, const uint8_t *cb, const uint8_t *cr, int twice, uint8_t *out) {
    const __m256i blue = chroma_16(cb, twice), red = chroma_16(cr, twice);
    const __m256i light = _mm256_slli_epi16(_mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)y)), 4);
    const __m128i r = codes_16(_mm256_add_epi16(light, _mm256_mulhrs_epi16(red, _mm256_set1_epi16(5743))));
    const __m128i b = codes_16(_mm256_add_epi16(light, _mm256_mulhrs_epi16(blue, _mm256_set1_epi16(7258))));
    const __m256i less = _mm256_add_epi16(_mm256_mulhrs_epi16(blue, _mm256_set1_epi16(1410)), _mm256_mulhrs_epi16(red, _mm256_set1_epi16(2925)));
    const __m128i g = codes_16(_mm256_sub_epi16(light, less)), x = _mm_set1_epi8(-1);
    const __m128i rg_low = _mm_unpacklo_epi8(r, g), rg_high = _mm_unpackhi_epi8(r, g);
    const __m128i bx_low = _mm_unpacklo_epi8(b, x), bx_high = _mm_unpackhi_epi8(b, x);
    _mm_storeu_si128((__m128i *)out, _mm_unpacklo_epi16(rg_low, bx_low));
    _mm_storeu_si128((__m128i *)out + 1, _mm_unpackhi_epi16(rg_low, bx_low));
    _mm_storeu_si128((__m128i *)out + 2, _mm_unpacklo_epi16(rg_high, bx_high));
    _mm_storeu_si128((__m128i *)out + 3, _mm_unpackhi_epi16(rg_high, bx_high));
}

/* Planes are readable for 16 samples beyond the width; out is not. */
FAST static void colour_row(const uint8_t *y, const uint8_t *cb, const uint8_t *cr, int twice, uint8_t *out, size_t width) {
    size_t i = 0;
    for (; i + 16 <= width; i += 16) colours_16(y + i, cb + (i >> twice), cr + (i >> twice), twice, out + 4 * i);
    uint8_t rest[64];
    if (i < width) {
        colours_16(y + i, cb + (i >> twice), cr + (i >> twice), twice, rest);
        memcpy(out + 4 * i, rest, 4 * (width - i));
    }
}

#endif
