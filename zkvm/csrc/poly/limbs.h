/* Long sums of products without a reduction for each.
 *
 * A factor is kept as three limbs of 22, 22 and 20 bits; the other, a field element, is two halves of 32. The six
 * products are below 2^54, so SUM_TERMS of them add up in 64 bits. Three sums run at once over the same elements: the
 * coordinates of an extension element, or three points. */
#ifndef ZKHUB_LIMBS_H
#define ZKHUB_LIMBS_H

#include "field/vector.h"

#define SUM_TERMS 1024
#define LIMBS 3
#define LIMB_BITS 22
#define SUMS 3

typedef struct {
    fv at[SUMS][2][LIMBS];
} limb_sums;

#if defined(ZK_ISA_avx512)
static inline fv fv_wide(fv a, fv b) { return _mm512_mul_epu32(a, b); } /* product of the low halves */
static inline fv fv_plus(fv a, fv b) { return _mm512_add_epi64(a, b); } /* mod 2^64 */
static inline fv fv_high(fv a) { return _mm512_srli_epi64(a, 32); }
#elif defined(ZK_ISA_avx2)
static inline fv fv_wide(fv a, fv b) { return _mm256_mul_epu32(a, b); }
static inline fv fv_plus(fv a, fv b) { return _mm256_add_epi64(a, b); }
static inline fv fv_high(fv a) { return _mm256_srli_epi64(a, 32); }
#else
static inline fv fv_wide(fv a, fv b) { return (uint64_t)(uint32_t)a * (uint32_t)b; }
static inline fv fv_plus(fv a, fv b) { return a + b; }
static inline fv fv_high(fv a) { return a >> 32; }
#endif

static inline uint64_t limb_of(uint64_t factor, int limb) {
    return factor >> (limb * LIMB_BITS) & (limb == LIMBS - 1 ? ~0ULL : (1ULL << LIMB_BITS) - 1);
}

static inline void sums_clear(limb_sums *s) {
    for (int k = 0; k < SUMS; k++) {
        for (int l = 0; l < LIMBS; l++) s->at[k][0][l] = s->at[k][1][l] = fv_zero();
    }
}

static inline void sums_add(limb_sums *s, int which, int limb, fv low, fv high, fv factor) {
    s->at[which][0][limb] = fv_plus(s->at[which][0][limb], fv_wide(low, factor));
    s->at[which][1][limb] = fv_plus(s->at[which][1][limb], fv_wide(high, factor));
}

/* The sum as a field element. */
static inline fv sums_take(const limb_sums *s, int which) {
    fv total = fv_zero();
    for (int half = 0; half < 2; half++) {
        for (int l = 0; l < LIMBS; l++) {
            const uint64_t unit = gl_pow(2, 32 * (uint64_t)half + LIMB_BITS * (uint64_t)l);
            total = fv_add(total, fv_mul(s->at[which][half][l], fv_set1(unit)));
        }
    }
    return total;
}

#endif
