/* Arithmetic modulo the prime of secp256k1, p = 2^256 - c, in five limbs of 52 bits that need not be carried at once.
   An element has a size m: limbs are at most m (2^52 + 2^48), the highest m 2^48. Products are of size 1 and take
   factors whose sizes multiply to at most 64. For the host only. */
#ifndef ZK_SECP256K1_FIELD_H
#define ZK_SECP256K1_FIELD_H

#include "crypto/inverse.h"
#include "crypto/limbs.h"

enum { FE_LIMBS = 5, FE_BITS = 52, FE_TOP_BITS = 48 };

typedef struct {
    uint64_t limb[FE_LIMBS];
} fe;

__extension__ typedef unsigned __int128 uint128;

static const uint64_t FE_MASK = ((uint64_t)1 << FE_BITS) - 1, FE_TOP_MASK = ((uint64_t)1 << FE_TOP_BITS) - 1;
/* c = 2^32 + 977 */
static const uint64_t FE_FOLD = 0x1000003D1;
static const fe FE_P = {{0xFFFFEFFFFFC2F, 0xFFFFFFFFFFFFF, 0xFFFFFFFFFFFFF, 0xFFFFFFFFFFFFF, 0x0FFFFFFFFFFFF}};
static const u256 P = {{LIMBS(0xfffffffefffffc2f), LIMBS(0xffffffffffffffff), LIMBS(0xffffffffffffffff), LIMBS(0xffffffffffffffff)}};

/* --- Sums --- */

static inline void fe_add(fe *r, const fe *a, const fe *b) {
    for (int i = 0; i < FE_LIMBS; i++) r->limb[i] = a->limb[i] + b->limb[i];
}

/* r <- -a for an a of this size; one larger. */
static inline void fe_negate(fe *r, const fe *a, uint64_t size) {
    for (int i = 0; i < FE_LIMBS; i++) r->limb[i] = (size + 1) * FE_P.limb[i] - a->limb[i];
}

/* r <- a - b for a b of this size; larger than a by one more than that. */
static inline void fe_sub(fe *r, const fe *a, const fe *b, uint64_t size) {
    for (int i = 0; i < FE_LIMBS; i++) r->limb[i] = a->limb[i] + ((size + 1) * FE_P.limb[i] - b->limb[i]);
}

/* r <- a / 2; half as large and one more. */
static inline void fe_half(fe *r, const fe *a) {
    uint64_t odd = 0 - (a->limb[0] & 1);
    fe even;
    for (int i = 0; i < FE_LIMBS; i++) even.limb[i] = a->limb[i] + (FE_P.limb[i] & odd);
    for (int i = 0; i < FE_LIMBS - 1; i++)
        r->limb[i] = (even.limb[i] >> 1) + ((even.limb[i + 1] & 1) << (FE_BITS - 1));
    r->limb[FE_LIMBS - 1] = even.limb[FE_LIMBS - 1] >> 1;
}

/* --- Products --- */

/* What meets at 2^(52 k) when a is multiplied by b. */
static inline uint128 product_at(const fe *a, const fe *b, int k) {
    const int last = k < FE_LIMBS ? k : FE_LIMBS - 1;
    uint128 sum = 0;
#pragma GCC unroll 5
    for (int i = k - last; i <= last; i++) sum += (uint128)a->limb[i] * b->limb[k - i];
    return sum;
}

/* The same for a * a: each product of two different limbs is made once. */
static inline uint128 square_at(const fe *a, const fe *doubled, int k) {
    uint128 sum = k % 2 == 0 ? (uint128)a->limb[k / 2] * a->limb[k / 2] : 0;
#pragma GCC unroll 5
    for (int i = k < FE_LIMBS ? 0 : k - FE_LIMBS + 1; 2 * i < k; i++)
        sum += (uint128)a->limb[i] * doubled->limb[k - i];
    return sum;
}

/* sum / 2^bits, which is below 2^64. The processor's shift of two words takes longer than these three instructions. */
static inline uint64_t shifted(uint128 sum, int bits) {
    return ((uint64_t)sum >> bits) + ((uint64_t)(sum >> 64) << (64 - bits));
}

typedef uint128 (*product)(const fe *a, const fe *b, int k);

/* 2^260 is 16 c: what is above it is carried first, and then added below. */
static inline __attribute__((always_inline)) void fe_reduce(fe *r, const fe *a, const fe *b, product at) {
    uint64_t high[FE_LIMBS], low[FE_LIMBS], carry = 0;
#pragma GCC unroll 4
    for (int i = 0; i < FE_LIMBS - 1; i++) {
        uint128 sum = at(a, b, FE_LIMBS + i) + carry;
        high[i] = (uint64_t)sum & FE_MASK;
        carry = shifted(sum, FE_BITS);
    }
    high[FE_LIMBS - 1] = carry;
    carry = 0;
#pragma GCC unroll 5
    for (int i = 0; i < FE_LIMBS; i++) {
        uint128 sum = at(a, b, i) + (uint128)high[i] * (FE_FOLD << (FE_LIMBS * FE_BITS - 256)) + carry;
        low[i] = (uint64_t)sum & (i < FE_LIMBS - 1 ? FE_MASK : FE_TOP_MASK);
        carry = shifted(sum, i < FE_LIMBS - 1 ? FE_BITS : FE_TOP_BITS);
    }
    uint128 sum = (uint128)carry * FE_FOLD + low[0];
    r->limb[0] = (uint64_t)sum & FE_MASK;
    r->limb[1] = low[1] + shifted(sum, FE_BITS);
    for (int i = 2; i < FE_LIMBS; i++) r->limb[i] = low[i];
}

__attribute__((noinline, unused)) static void fe_mul(fe *r, const fe *a, const fe *b) { fe_reduce(r, a, b, product_at); }

__attribute__((noinline, unused)) static void fe_square(fe *r, const fe *a) {
    fe doubled;
    fe_add(&doubled, a, a);
    fe_reduce(r, a, &doubled, square_at);
}

/* --- Canonical elements --- */

/* Of size 1 and below 2^256 but for what the last carry may add to the highest limb. */
static inline void fe_carry(fe *r, const fe *a) {
    uint64_t carry = (a->limb[FE_LIMBS - 1] >> FE_TOP_BITS) * FE_FOLD;
    for (int i = 0; i < FE_LIMBS; i++) {
        carry += i < FE_LIMBS - 1 ? a->limb[i] : a->limb[i] & FE_TOP_MASK;
        r->limb[i] = i < FE_LIMBS - 1 ? carry & FE_MASK : carry;
        carry >>= FE_BITS;
    }
}

static inline bool limbs_equal(const fe *a, const fe *b) {
    uint64_t differ = 0;
    for (int i = 0; i < FE_LIMBS; i++) differ |= a->limb[i] ^ b->limb[i];
    return differ == 0;
}

static inline bool fe_is_zero(const fe *a) {
    static const fe zero = {{0}};
    fe carried;
    fe_carry(&carried, a);
    return limbs_equal(&carried, &zero) || limbs_equal(&carried, &FE_P);
}

static inline void fe_from_u256(fe *to, const u256 *from) {
    uint64_t w[4];
    memcpy(w, from, sizeof w);
    *to = (fe){{w[0] & FE_MASK, (w[0] >> 52 | w[1] << 12) & FE_MASK, (w[1] >> 40 | w[2] << 24) & FE_MASK,
                (w[2] >> 28 | w[3] << 36) & FE_MASK, w[3] >> 16}};
}

/* The number below p. */
static inline void fe_to_u256(u256 *to, const fe *from) {
    fe a;
    u256 less;
    fe_carry(&a, from);
    fe_carry(&a, &a);
    const uint64_t words[4] = {a.limb[0] | a.limb[1] << 52, a.limb[1] >> 12 | a.limb[2] << 40,
                               a.limb[2] >> 24 | a.limb[3] << 28, a.limb[3] >> 36 | a.limb[4] << 16};
    memcpy(to, words, sizeof *to);
    if (!u256_sub_borrow(&less, to, &P)) *to = less;
}

/* --- Roots --- */

/* r <- a^(2^times) * b */
static inline void fe_climb(fe *r, const fe *a, int times, const fe *b) {
    fe power = *a;
    for (int i = 0; i < times; i++) fe_square(&power, &power);
    fe_mul(r, &power, b);
}

/* Powers whose exponents are 2, 22 and 223 ones in binary: (p + 1) / 4 begins with 223. */
typedef struct {
    fe ones2, ones22, ones223;
} fe_runs;

static inline void fe_make_runs(fe_runs *runs, const fe *a) {
    fe ones3, ones6, ones11, ones44, ones88, ones176;
    fe_climb(&runs->ones2, a, 1, a);
    fe_climb(&ones3, &runs->ones2, 1, a);
    fe_climb(&ones6, &ones3, 3, &ones3);
    fe_climb(&ones11, &ones6, 3, &ones3);
    fe_climb(&ones11, &ones11, 2, &runs->ones2);
    fe_climb(&runs->ones22, &ones11, 11, &ones11);
    fe_climb(&ones44, &runs->ones22, 22, &runs->ones22);
    fe_climb(&ones88, &ones44, 44, &ones44);
    fe_climb(&ones176, &ones88, 88, &ones88);
    fe_climb(&runs->ones223, &ones176, 44, &ones44);
    fe_climb(&runs->ones223, &runs->ones223, 3, &ones3);
}

/* r <- a root of an a of size 1 or 2; false when it has none. */
static inline bool fe_root(fe *r, const fe *a) {
    fe_runs runs;
    fe power, check;
    fe_make_runs(&runs, a);
    fe_climb(&power, &runs.ones223, 23, &runs.ones22);
    fe_climb(&power, &power, 6, &runs.ones2);
    fe_square(&power, &power);
    fe_square(r, &power);
    fe_square(&check, r);
    fe_sub(&check, &check, a, 2);
    return fe_is_zero(&check);
}

#endif
