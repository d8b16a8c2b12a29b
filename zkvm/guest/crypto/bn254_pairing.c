/* The optimal ate pairing on alt_bn128: Vercauteren, Optimal pairings (2008). */
#include "crypto/bn254.h"
#include "crypto/bn254_field.h"
#include "crypto/quadratic.h"

/* The curve's parameter x: p = 36 x^4 + 36 x^3 + 24 x^2 + 6 x + 1. */
#define PARAMETER UINT64_C(4965661367192848881)

/* r <- a * xi, xi = 9 + u */
static inline void fp2_multiply_xi(fp2 *r, const fp2 *a) {
#if FP_IS_PLAIN
    const fp nine = {{9}};
    fp less;
    fp_negate(&less, &a->c1);
    fp c1 = a->c1;
    fp_mul_add(&c1, &c1, &nine, &a->c0);
    fp_mul_add(&r->c0, &a->c0, &nine, &less);
    r->c1 = c1;
#else
    fp2 nine = *a, turned;
    for (int i = 0; i < 3; i++) fp2_add(&nine, &nine, &nine);
    fp2_add(&nine, &nine, a);
    fp_negate(&turned.c0, &a->c1);
    turned.c1 = a->c0;
    fp2_add(r, &nine, &turned);
#endif
}

#include "crypto/tower.h"

/* xi^(k (p - 1) / 6) */
static const fp2 GAMMA[6] = {
    {FP_WORDS((0x0000000000000001, 0x0000000000000000, 0x0000000000000000, 0x0000000000000000),
              (0xd35d438dc58f0d9d, 0x0a78eb28f5c70b3d, 0x666ea36f7879462c, 0x0e0a77c19a07df2f)),
     FP_WORDS((0x0000000000000000, 0x0000000000000000, 0x0000000000000000, 0x0000000000000000),
              (0x0000000000000000, 0x0000000000000000, 0x0000000000000000, 0x0000000000000000))},
    {FP_WORDS((0xd60b35dadcc9e470, 0x5c521e08292f2176, 0xe8b99fdd76e68b60, 0x1284b71c2865a7df),
              (0xaf9ba69633144907, 0xca6b1d7387afb78a, 0x11bded5ef08a2087, 0x02f34d751a1f3a7c)),
     FP_WORDS((0xca5cf05f80f362ac, 0x747992778eeec7e5, 0xa6327cfe12150b8e, 0x246996f3b4fae7e6),
              (0xa222ae234c492d72, 0xd00f02a4565de15b, 0xdc2ff3a253dfc926, 0x10a75716b3899551))},
    {FP_WORDS((0x99e39557176f553d, 0xb78cc310c2c3330c, 0x4c0bec3cf559b143, 0x2fb347984f7911f7),
              (0xb5773b104563ab30, 0x347f91c8a9aa6454, 0x7a007127242e0991, 0x1956bcd8118214ec)),
     FP_WORDS((0x1665d51c640fcba2, 0x32ae2a1d0b7c9dce, 0x4ba4cc8bd75a0794, 0x16c9e55061ebae20),
              (0x6e849f1ea0aa4757, 0xaa1c7b6d89f89141, 0xb6e713cdfae0ca3a, 0x26694fbb4e82ebc3))},
    {FP_WORDS((0xdc54014671a0135a, 0xdbaae0eda9c95998, 0xdc5ec698b6e2f9b9, 0x063cf305489af5dc),
              (0xe4bbdd0c2936b629, 0xbb30f162e133bacb, 0x31a9d1b6f9645366, 0x253570bea500f8dd)),
     FP_WORDS((0x82d37f632623b0e3, 0x21807dc98fa25bd2, 0x0704b5a7ec796f2b, 0x07c03cbcac41049a),
              (0xa1d77ce45ffe77c7, 0x07affd117826d1db, 0x6d16bd27bb7edc6b, 0x2c87200285defecc))},
    {FP_WORDS((0x848a1f55921ea762, 0xd33365f7be94ec72, 0x80f3c0b75a181e84, 0x05b54f5e64eea801),
              (0x7361d77f843abe92, 0xa5bb2bd3273411fb, 0x9c941f314b3e2399, 0x15df9cddbb9fd3ec)),
     FP_WORDS((0xc13b4711cd2b8126, 0x3685d2ea1bdec763, 0x9f3a80b03b0b1c92, 0x2c145edbe7fd8aee),
              (0x5dddfd154bd8c949, 0x62cb29a5a4445b60, 0x37bc870a0c7dd2b9, 0x24830a9d3171f0fd))},
    {FP_WORDS((0x2ea2c810eab7692f, 0x425c459b55aa1bd3, 0xe93a3661a4353ff4, 0x0183c1e74f798649),
              (0xc970692f41690fe7, 0xe240342127694b0b, 0x32bee66b83c459e8, 0x12aabced0ab08841)),
     FP_WORDS((0x24c6b8ee6e0c2c4b, 0xb080cb99678e2ac0, 0xa27fb246c7729f7d, 0x12acf2ca76fd0675),
              (0x0d485d2340aebfa9, 0x05193418ab2fcc57, 0xd3b0a40b8a4910f5, 0x2f21ebb535d2925a))},
};

/* The second group is on y^2 = x^3 + 3 / xi. */
static const fp2 TWIST_B = {
    FP_WORDS((0x3267e6dc24a138e5, 0xb5b4c5e559dbefa3, 0x81be18991be06ac3, 0x2b149d40ceb8aaae),
             (0x3bf938e377b802a8, 0x020b1b273633535d, 0x26b7edf049755260, 0x2514c6324384a86d)),
    FP_WORDS((0xe4a2bd0685c315d2, 0xa74fa084e52d1852, 0xcd2cafadeed8fdf4, 0x009713b03af0fed4),
             (0x38e7ecccd1dcff67, 0x65f0b37d93ce0d3e, 0xd749d0dd22ac00aa, 0x0141b9ce4a688d4d)),
};

static const fp HALF =
    FP_WORDS((0x9e10460b6c3e7ea4, 0xcbc0b548b438e546, 0xdc2822db40c0ac2e, 0x183227397098d014),
             (0x87bee7d24f060572, 0xd0fd2add2f1c6ae5, 0x8f5f7492fcfd4f44, 0x1f37631a3d9cbfac));

#define ELEMENT fp2
#define FIELD(name) fp2_##name
#define POINT_TYPE g2
#define POINT(name) g2_##name
#include "crypto/curve.h"

enum { TWIST_IS_DIVIDED = true };

#include "crypto/pairing.h"

/* The endomorphism psi of the twist: multiplication by p on the group. */
static void g2_endomorphism(g2 *r, const g2 *p) {
    fp2_conjugate(&r->x, &p->x);
    fp2_mul(&r->x, &r->x, &GAMMA[2]);
    fp2_conjugate(&r->y, &p->y);
    fp2_mul(&r->y, &r->y, &GAMMA[3]);
    fp2_conjugate(&r->z, &p->z);
}

/* Whether a point of the twist is in the group of prime order: where (x + 1) + x psi + x psi^2 = 2 x psi^3. On the
   whole twist psi^2 - t psi + p = 0, and the resultant of both polynomials has no divisor in common with the cofactor.
   El Housni, Guillevic, Piellard, Co-factor clearing and subgroup membership testing on pairing-friendly curves (2022). */
static bool g2_is_in_group(const g2 *q) {
    g2 multiple, turned, left, right;
    g2_multiply_short(&multiple, q, PARAMETER);
    g2_add(&left, &multiple, q);
    g2_endomorphism(&turned, &multiple);
    g2_add(&left, &left, &turned);
    g2_endomorphism(&turned, &turned);
    g2_add(&left, &left, &turned);
    g2_endomorphism(&turned, &turned);
    g2_double(&right, &turned);
    return g2_equal(&left, &right);
}

/* Imaginary parts come first. False when a coordinate is not below p, or the point is not in the group. */
static bool g2_from_bytes(g2 *point, const uint8_t bytes[128]) {
    if (!fp_from_bytes(&point->x.c1, bytes) || !fp_from_bytes(&point->x.c0, bytes + 32)) return false;
    if (!fp_from_bytes(&point->y.c1, bytes + 64) || !fp_from_bytes(&point->y.c0, bytes + 96)) return false;
    if (fp2_is_zero(&point->x) && fp2_is_zero(&point->y)) {
        *point = g2_infinity();
        return true;
    }
    point->z = fp2_one();
    return g2_is_on_curve(&point->x, &point->y, &TWIST_B) && g2_is_in_group(point);
}

/* --- Miller's loop --- */

enum { TOGETHER = 4 };

/* 6 x + 2 with digits 1 and -1, no two beside each other: 2^65, which stands for t = q, the first less the second. */
#define PLUS_BITS UINT64_C(0x2002004200804028)
#define MINUS_BITS UINT64_C(0x82889008420a0480)

/* f <- the product of all f(p, q), without vertical lines: the final power makes them 1. */
static void miller_loop(fp12 *f, pair_t *pairs, int count) {
    begin_loop(f, pairs, count);
    for (int bit = 64; bit >= 0; bit--) {
        fp12_square(f, f);
        multiply_by_tangents(f, pairs, count);
        if (bit == 64) continue;
        if (PLUS_BITS >> bit & 1) multiply_by_chords(f, pairs, count, false);
        if (MINUS_BITS >> bit & 1) multiply_by_chords(f, pairs, count, true);
    }
    /* Then q^p, and -q^(p^2). */
    for (int power = 1; power <= 2; power++) {
        for (int i = 0; i < count; i++) g2_endomorphism(&pairs[i].q, &pairs[i].q);
        multiply_by_chords(f, pairs, count, power == 2);
    }
}

/* --- The final power, (p^12 - 1) / order --- */

/* r <- a^((p^4 - p^2 + 1) / order): y[0] y[1]^2 y[2]^6 y[3]^12 y[4]^18 y[5]^30 y[6]^36. Scott et al., On the final
   exponentiation for calculating pairings on ordinary elliptic curves (2009). Inverses are conjugates here. */
static void raise_hard(fp12 *r, const fp12 *a) {
    fp12 y[7], x1, x2, x3, t0, t1;
    fp12_power_unitary(&x1, a, PARAMETER);
    fp12_power_unitary(&x2, &x1, PARAMETER);
    fp12_power_unitary(&x3, &x2, PARAMETER);
    raise_frobenius(&y[0], a, 1);
    raise_frobenius(&t0, a, 2);
    fp12_mul(&y[0], &y[0], &t0);
    raise_frobenius(&t0, a, 3);
    fp12_mul(&y[0], &y[0], &t0);
    fp12_conjugate(&y[1], a);
    raise_frobenius(&y[2], &x2, 2);
    raise_frobenius(&t0, &x1, 1);
    fp12_conjugate(&y[3], &t0);
    raise_frobenius(&t0, &x2, 1);
    fp12_mul(&t0, &t0, &x1);
    fp12_conjugate(&y[4], &t0);
    fp12_conjugate(&y[5], &x2);
    raise_frobenius(&t0, &x3, 1);
    fp12_mul(&t0, &t0, &x3);
    fp12_conjugate(&y[6], &t0);
    fp12_square(&t0, &y[6]);
    fp12_mul(&t0, &t0, &y[4]);
    fp12_mul(&t0, &t0, &y[5]);
    fp12_mul(&t1, &y[3], &y[5]);
    fp12_mul(&t1, &t1, &t0);
    fp12_mul(&t0, &t0, &y[2]);
    fp12_square(&t1, &t1);
    fp12_mul(&t1, &t1, &t0);
    fp12_square(&t1, &t1);
    fp12_mul(&t0, &t1, &y[1]);
    fp12_mul(&t1, &t1, &y[0]);
    fp12_square(&t0, &t0);
    fp12_mul(r, &t0, &t1);
}

bool zk_bn254_pairing(bool *is_one, bytes_t input) {
    enum { PAIR = 192 };
    fp12 product = fp12_one(), factor;
    pair_t pairs[TOGETHER];
    int count = 0;
    if (input.size % PAIR) return false;
    for (uint32_t at = 0; at < input.size; at += PAIR) {
        pair_t *pair = &pairs[count];
        if (!g1_from_bytes(&pair->p, input.data + at) || !g2_from_bytes(&pair->q, input.data + at + 64)) return false;
        if (!g1_is_infinity(&pair->p) && !g2_is_infinity(&pair->q)) count++;
        if (count == TOGETHER || (count && at + PAIR == input.size)) {
            miller_loop(&factor, pairs, count);
            fp12_mul(&product, &product, &factor);
            count = 0;
        }
    }
    raise_easily(&product, &product);
    raise_hard(&product, &product);
    *is_one = fp12_is_one(&product);
    return true;
}
