/* Products with powers of two, and the transposition of 8 vectors. */
#ifndef ZKHUB_SHIFTS_H
#define ZKHUB_SHIFTS_H

#include "field/vector.h"

#define ZK_IMMEDIATE static inline __attribute__((always_inline)) /* distances of shifts are immediates */

/* With constant bits:
 *   fv_times_low (below 32): x 2^bits = low + 2^64 high = low + (2^32 - 1) high, high < 2^32.
 *   fv_times_middle (32 to 63): as a product of 128 bits.
 *   fv_over (1 to 32): x = x1 2^bits + x0, y = x0 2^(32 - bits): x / 2^bits = x1 + y - y 2^32; one borrow at most.
 *
 * fv_gather8 takes 8 FV_LANES consecutive elements, read as FV_LANES groups of 8, to x[r] = element r of every group;
 * fv_scatter8 goes back. */

#if defined(ZK_ISA_avx512)

ZK_IMMEDIATE fv fv_times_low(fv x, unsigned bits) {
    fv high = _mm512_srli_epi64(x, 64 - bits);
    fv folded = _mm512_sub_epi64(_mm512_slli_epi64(high, 32), high);
    fv r = _mm512_add_epi64(_mm512_slli_epi64(x, bits), folded);
    r = _mm512_mask_add_epi64(r, _mm512_cmplt_epu64_mask(r, folded), r, fv_set1(GL_EPSILON));
    return _mm512_min_epu64(r, _mm512_sub_epi64(r, fv_set1(GL_P)));
}

ZK_IMMEDIATE fv fv_times_middle(fv x, unsigned bits) {
    return fv_reduce(_mm512_srli_epi64(x, 64 - bits), _mm512_slli_epi64(x, bits));
}

ZK_IMMEDIATE fv fv_over(fv x, unsigned bits) {
    fv top = _mm512_slli_epi64(x, 64 - bits);
    return fv_sub(_mm512_add_epi64(_mm512_srli_epi64(x, bits), _mm512_srli_epi64(top, 32)), top);
}

static inline void fv_transpose8(fv x[8]) {
    const fv low = _mm512_set_epi64(13, 12, 5, 4, 9, 8, 1, 0), high = _mm512_set_epi64(15, 14, 7, 6, 11, 10, 3, 2);
    fv a[8], b[8];
    for (int i = 0; i < 8; i += 2) {
        a[i] = _mm512_unpacklo_epi64(x[i], x[i + 1]);
        a[i + 1] = _mm512_unpackhi_epi64(x[i], x[i + 1]);
    }
    for (int i = 0; i < 8; i += 4) {
        for (int k = 0; k < 2; k++) {
            b[i + k] = _mm512_permutex2var_epi64(a[i + k], low, a[i + 2 + k]);
            b[i + 2 + k] = _mm512_permutex2var_epi64(a[i + k], high, a[i + 2 + k]);
        }
    }
    for (int k = 0; k < 2; k++) {
        x[k] = _mm512_shuffle_i64x2(b[k], b[4 + k], 0x44);
        x[4 + k] = _mm512_shuffle_i64x2(b[k], b[4 + k], 0xEE);
        x[2 + k] = _mm512_shuffle_i64x2(b[2 + k], b[6 + k], 0x44);
        x[6 + k] = _mm512_shuffle_i64x2(b[2 + k], b[6 + k], 0xEE);
    }
}

static inline void fv_gather8(fv x[8]) { fv_transpose8(x); }
static inline void fv_scatter8(fv x[8]) { fv_transpose8(x); }

#elif defined(ZK_ISA_avx2)

ZK_IMMEDIATE fv fv_times_low(fv x, unsigned bits) {
    fv high = _mm256_srli_epi64(x, 64 - (int)bits);
    fv folded = _mm256_sub_epi64(_mm256_slli_epi64(high, 32), high);
    fv low = fv_shifted(_mm256_slli_epi64(x, (int)bits));
    fv r = _mm256_add_epi64(low, folded);
    r = _mm256_add_epi64(r, _mm256_srli_epi64(_mm256_cmpgt_epi64(low, r), 32));
    fv above = _mm256_cmpgt_epi64(r, fv_set1((GL_P - 1) ^ FV_SIGN));
    return _mm256_add_epi64(fv_shifted(r), _mm256_srli_epi64(above, 32));
}

ZK_IMMEDIATE fv fv_times_middle(fv x, unsigned bits) {
    return fv_reduce(_mm256_srli_epi64(x, 64 - (int)bits), _mm256_slli_epi64(x, (int)bits));
}

ZK_IMMEDIATE fv fv_over(fv x, unsigned bits) {
    fv top = _mm256_slli_epi64(x, 64 - (int)bits);
    return fv_sub(_mm256_add_epi64(_mm256_srli_epi64(x, (int)bits), _mm256_srli_epi64(top, 32)), top);
}

static inline void fv_transpose4(fv *a, fv *b, fv *c, fv *d) {
    fv ab_low = _mm256_unpacklo_epi64(*a, *b), ab_high = _mm256_unpackhi_epi64(*a, *b);
    fv cd_low = _mm256_unpacklo_epi64(*c, *d), cd_high = _mm256_unpackhi_epi64(*c, *d);
    *a = _mm256_permute2x128_si256(ab_low, cd_low, 0x20);
    *b = _mm256_permute2x128_si256(ab_high, cd_high, 0x20);
    *c = _mm256_permute2x128_si256(ab_low, cd_low, 0x31);
    *d = _mm256_permute2x128_si256(ab_high, cd_high, 0x31);
}

static inline void fv_gather8(fv x[8]) {
    fv y[8] = {x[0], x[2], x[4], x[6], x[1], x[3], x[5], x[7]};
    fv_transpose4(&y[0], &y[1], &y[2], &y[3]);
    fv_transpose4(&y[4], &y[5], &y[6], &y[7]);
    for (int i = 0; i < 8; i++) x[i] = y[i];
}

static inline void fv_scatter8(fv x[8]) {
    fv_transpose4(&x[0], &x[1], &x[2], &x[3]);
    fv_transpose4(&x[4], &x[5], &x[6], &x[7]);
    fv y[8] = {x[0], x[4], x[1], x[5], x[2], x[6], x[3], x[7]};
    for (int i = 0; i < 8; i++) x[i] = y[i];
}

#else

ZK_IMMEDIATE fv fv_times_low(fv x, unsigned bits) { return gl_reduce(x >> (64 - bits), x << bits); }
ZK_IMMEDIATE fv fv_times_middle(fv x, unsigned bits) { return gl_reduce(x >> (64 - bits), x << bits); }
ZK_IMMEDIATE fv fv_over(fv x, unsigned bits) {
    fv top = x << (64 - bits);
    return gl_sub((x >> bits) + (top >> 32), top);
}
static inline void fv_gather8(fv x[8]) { (void)x; }
static inline void fv_scatter8(fv x[8]) { (void)x; }

#endif

#endif
