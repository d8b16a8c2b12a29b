/* The field of alt_bn128 and the curve's group over it, y^2 = x^3 + 3. */
#ifndef ZK_BN254_FIELD_H
#define ZK_BN254_FIELD_H

#include "crypto/limbs.h"

enum { FP_LIMBS = 256 / ZK_LIMB_BITS };

#define FP_MODULUS_LIMBS \
    LIMBS(0x3c208c16d87cfd47), LIMBS(0x97816a916871ca8d), LIMBS(0xb85045b68181585d), LIMBS(0x30644e72e131a029)
static const limb_t FP_MODULUS[FP_LIMBS] = {FP_MODULUS_LIMBS};
#if defined(__riscv)
#define FP_IS_PLAIN 1
#define FP_MINUS_ONE_LIMBS \
    LIMBS(0x3c208c16d87cfd46), LIMBS(0x97816a916871ca8d), LIMBS(0xb85045b68181585d), LIMBS(0x30644e72e131a029)
#else
static const limb_t FP_ONE[FP_LIMBS] = {
    LIMBS(0xd35d438dc58f0d9d), LIMBS(0x0a78eb28f5c70b3d), LIMBS(0x666ea36f7879462c), LIMBS(0x0e0a77c19a07df2f)};
static const limb_t FP_R_SQUARED[FP_LIMBS] = {
    LIMBS(0xf32cfc5b538afa89), LIMBS(0xb5e71911d44501fb), LIMBS(0x47ab1eff0a417ff6), LIMBS(0x06d89f71cab8351f)};
#define FP_NEGATED_INVERSE 0x87d20782e4866389
#define FP_IS_PLAIN 0
#endif

/* A constant: as a number, and in Montgomery's form. */
#define FP_FOUR(a, b, c, d) {{LIMBS(a), LIMBS(b), LIMBS(c), LIMBS(d)}}
#if FP_IS_PLAIN
#define FP_WORDS(number, montgomery) FP_FOUR number
#else
#define FP_WORDS(number, montgomery) FP_FOUR montgomery
#endif

#include "crypto/prime_field.h"

#define ELEMENT fp
#define FIELD(name) fp_##name
#define POINT_TYPE g1
#define POINT(name) g1_##name
#include "crypto/curve.h"
#undef ELEMENT
#undef FIELD
#undef POINT_TYPE
#undef POINT

/* The curve's constant, 3. */
static const fp B =
    FP_WORDS((0x0000000000000003, 0x0000000000000000, 0x0000000000000000, 0x0000000000000000),
             (0x7a17caa950ad28d7, 0x1f6ac17ae15521b9, 0x334bea4e696bd284, 0x2a1f6744ce179d8e));

/* Infinity is zeros; false when a coordinate is not below p, or the point is not on the curve. */
static inline bool g1_from_bytes(g1 *point, const uint8_t bytes[64]) {
    if (!fp_from_bytes(&point->x, bytes) || !fp_from_bytes(&point->y, bytes + 32)) return false;
    if (fp_is_zero(&point->x) && fp_is_zero(&point->y)) {
        *point = g1_infinity();
        return true;
    }
    point->z = fp_one();
    return g1_is_on_curve(&point->x, &point->y, &B);
}

#endif
