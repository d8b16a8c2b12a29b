/* The optimal ate pairing on alt_bn128: Vercauteren, Optimal pairings (2008). */
#include "crypto/bn254.h"
#include "crypto/bn254_field.h"
#include "crypto/quadratic.h"

/* The curve's parameter x: p = 36 x^4 + 36 x^3 + 24 x^2 + 6 x + 1. */
#define PARAMETER UINT64_C(4965661367192848881)

/* r <- a * xi, xi = 9 + u */
static inline void fp2_multiply_xi(fp2 *r, const fp2 *a) {
    fp2 nine = *a, turned;
    for (int i = 0; i < 3; i++) fp2_add(&nine, &nine, &nine);
    fp2_add(&nine, &nine, a);
    fp_negate(&turned.c0, &a->c1);
    turned.c1 = a->c0;
    fp2_add(r, &nine, &turned);
}

#include "crypto/tower.h"

/* xi^(k (p - 1) / 6) */
static const fp2 GAMMA[6] = {
    {{{LIMBS(0xd35d438dc58f0d9d), LIMBS(0x0a78eb28f5c70b3d),
       LIMBS(0x666ea36f7879462c), LIMBS(0x0e0a77c19a07df2f)}},
     {{LIMBS(0x0000000000000000), LIMBS(0x0000000000000000),
       LIMBS(0x0000000000000000), LIMBS(0x0000000000000000)}}},
    {{{LIMBS(0xaf9ba69633144907), LIMBS(0xca6b1d7387afb78a),
       LIMBS(0x11bded5ef08a2087), LIMBS(0x02f34d751a1f3a7c)}},
     {{LIMBS(0xa222ae234c492d72), LIMBS(0xd00f02a4565de15b),
       LIMBS(0xdc2ff3a253dfc926), LIMBS(0x10a75716b3899551)}}},
    {{{LIMBS(0xb5773b104563ab30), LIMBS(0x347f91c8a9aa6454),
       LIMBS(0x7a007127242e0991), LIMBS(0x1956bcd8118214ec)}},
     {{LIMBS(0x6e849f1ea0aa4757), LIMBS(0xaa1c7b6d89f89141),
       LIMBS(0xb6e713cdfae0ca3a), LIMBS(0x26694fbb4e82ebc3)}}},
    {{{LIMBS(0xe4bbdd0c2936b629), LIMBS(0xbb30f162e133bacb),
       LIMBS(0x31a9d1b6f9645366), LIMBS(0x253570bea500f8dd)}},
     {{LIMBS(0xa1d77ce45ffe77c7), LIMBS(0x07affd117826d1db),
       LIMBS(0x6d16bd27bb7edc6b), LIMBS(0x2c87200285defecc)}}},
    {{{LIMBS(0x7361d77f843abe92), LIMBS(0xa5bb2bd3273411fb),
       LIMBS(0x9c941f314b3e2399), LIMBS(0x15df9cddbb9fd3ec)}},
     {{LIMBS(0x5dddfd154bd8c949), LIMBS(0x62cb29a5a4445b60),
       LIMBS(0x37bc870a0c7dd2b9), LIMBS(0x24830a9d3171f0fd)}}},
    {{{LIMBS(0xc970692f41690fe7), LIMBS(0xe240342127694b0b),
       LIMBS(0x32bee66b83c459e8), LIMBS(0x12aabced0ab08841)}},
     {{LIMBS(0x0d485d2340aebfa9), LIMBS(0x05193418ab2fcc57),
       LIMBS(0xd3b0a40b8a4910f5), LIMBS(0x2f21ebb535d2925a)}}},
};

/* The second group is on y^2 = x^3 + 3 / xi. */
static const fp2 TWIST_B = {
    {{LIMBS(0x3bf938e377b802a8), LIMBS(0x020b1b273633535d),
      LIMBS(0x26b7edf049755260), LIMBS(0x2514c6324384a86d)}},
    {{LIMBS(0x38e7ecccd1dcff67), LIMBS(0x65f0b37d93ce0d3e),
      LIMBS(0xd749d0dd22ac00aa), LIMBS(0x0141b9ce4a688d4d)}},
};

static const fp HALF = {{
    LIMBS(0x87bee7d24f060572), LIMBS(0xd0fd2add2f1c6ae5), LIMBS(0x8f5f7492fcfd4f44), LIMBS(0x1f37631a3d9cbfac),
}};

static const uint8_t ORDER[32] = {
    0x30, 0x64, 0x4e, 0x72, 0xe1, 0x31, 0xa0, 0x29, 0xb8, 0x50, 0x45, 0xb6, 0x81, 0x81, 0x58, 0x5d,
    0x28, 0x33, 0xe8, 0x48, 0x79, 0xb9, 0x70, 0x91, 0x43, 0xe1, 0xf5, 0x93, 0xf0, 0x00, 0x00, 0x01,
};

#define ELEMENT fp2
#define FIELD(name) fp2_##name
#define POINT_TYPE g2
#define POINT(name) g2_##name
#include "crypto/curve.h"

enum { TWIST_IS_DIVIDED = true };

#include "crypto/pairing.h"

/* Imaginary parts come first. False when a coordinate is not below p, or the point is not in the group. */
static bool g2_from_bytes(g2 *point, const uint8_t bytes[128]) {
    g2 multiple;
    if (!fp_from_bytes(&point->x.c1, bytes) || !fp_from_bytes(&point->x.c0, bytes + 32)) return false;
    if (!fp_from_bytes(&point->y.c1, bytes + 64) || !fp_from_bytes(&point->y.c0, bytes + 96)) return false;
    if (fp2_is_zero(&point->x) && fp2_is_zero(&point->y)) {
        *point = g2_infinity();
        return true;
    }
    point->z = fp2_one();
    if (!g2_is_on_curve(&point->x, &point->y, &TWIST_B)) return false;
    g2_multiply(&multiple, point, ORDER);
    return g2_is_infinity(&multiple);
}

/* --- Miller's loop --- */

/* f <- f(p, q), both finite with z = 1. */
static void miller_loop(fp12 *f, const g1 *p, const g2 *q) {
    g2 t = *q;
    line l;
    fp2 x = q->x, y = q->y;
    *f = fp12_one();
    /* 6 x + 2 has 65 bits; the highest stands for t = q. */
    const uint64_t low = (uint64_t)(PARAMETER * 6 + 2);
    for (int bit = 63; bit >= 0; bit--) {
        fp12_square(f, f);
        double_step(&t, &l);
        multiply_by_line(f, &l, p);
        if (!(low >> bit & 1)) continue;
        add_step(&t, &q->x, &q->y, &l);
        multiply_by_line(f, &l, p);
    }
    /* Then q^p, and -q^(p^2). */
    for (int power = 1; power <= 2; power++) {
        fp2_conjugate(&x, &x);
        fp2_mul(&x, &x, &GAMMA[2]);
        fp2_conjugate(&y, &y);
        fp2_mul(&y, &y, &GAMMA[3]);
        if (power == 2) fp2_negate(&y, &y);
        add_step(&t, &x, &y, &l);
        multiply_by_line(f, &l, p);
    }
}

/* --- The final power, (p^12 - 1) / order --- */

/* r <- a^((p^4 - p^2 + 1) / order): y[0] y[1]^2 y[2]^6 y[3]^12 y[4]^18 y[5]^30 y[6]^36. Scott et al., On the final
   exponentiation for calculating pairings on ordinary elliptic curves (2009). Inverses are conjugates here. */
static void raise_hard(fp12 *r, const fp12 *a) {
    fp12 y[7], x1, x2, x3, t0, t1;
    fp12_power(&x1, a, PARAMETER);
    fp12_power(&x2, &x1, PARAMETER);
    fp12_power(&x3, &x2, PARAMETER);
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

bool zk_bn254_pairing(bool *is_one, bytes_t pairs) {
    enum { PAIR = 192 };
    fp12 product = fp12_one(), factor;
    g1 p;
    g2 q;
    if (pairs.size % PAIR) return false;
    for (uint32_t at = 0; at < pairs.size; at += PAIR) {
        if (!g1_from_bytes(&p, pairs.data + at) || !g2_from_bytes(&q, pairs.data + at + 64)) return false;
        if (g1_is_infinity(&p) || g2_is_infinity(&q)) continue;
        miller_loop(&factor, &p, &q);
        fp12_mul(&product, &product, &factor);
    }
    raise_easily(&product, &product);
    raise_hard(&product, &product);
    *is_one = fp12_is_one(&product);
    return true;
}
