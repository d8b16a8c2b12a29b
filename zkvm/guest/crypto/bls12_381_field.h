/* The field of BLS12-381 and the curve's group over it, y^2 = x^3 + 4. */
#ifndef ZK_BLS12_381_FIELD_H
#define ZK_BLS12_381_FIELD_H

#include "crypto/limbs.h"

enum { FP_LIMBS = 384 / ZK_LIMB_BITS };

static const limb_t FP_MODULUS[FP_LIMBS] = {
    LIMBS(0xb9feffffffffaaab), LIMBS(0x1eabfffeb153ffff), LIMBS(0x6730d2a0f6b0f624),
    LIMBS(0x64774b84f38512bf), LIMBS(0x4b1ba7b6434bacd7), LIMBS(0x1a0111ea397fe69a)};
static const limb_t FP_ONE[FP_LIMBS] = {
    LIMBS(0x760900000002fffd), LIMBS(0xebf4000bc40c0002), LIMBS(0x5f48985753c758ba),
    LIMBS(0x77ce585370525745), LIMBS(0x5c071a97a256ec6d), LIMBS(0x15f65ec3fa80e493)};
static const limb_t FP_R_SQUARED[FP_LIMBS] = {
    LIMBS(0xf4df1f341c341746), LIMBS(0x0a76e6a609d104f1), LIMBS(0x8de5476c4c95b6d5),
    LIMBS(0x67eb88a9939d83c0), LIMBS(0x9a793e85b519952d), LIMBS(0x11988fe592cae3aa)};
#define FP_NEGATED_INVERSE 0x89f3fffcfffcfffd
#define FP_IS_PLAIN 0

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

/* The curve's constant, 4, in Montgomery's form. */
static const fp B = {{
    LIMBS(0xaa270000000cfff3), LIMBS(0x53cc0032fc34000a), LIMBS(0x478fe97a6b0a807f),
    LIMBS(0xb1d37ebee6ba24d7), LIMBS(0x8ec9733bbf78ab2f), LIMBS(0x09d645513d83de7e)}};

static const uint8_t ORDER[32] = {
    0x73, 0xed, 0xa7, 0x53, 0x29, 0x9d, 0x7d, 0x48, 0x33, 0x39, 0xd8, 0x08, 0x09, 0xa1, 0xd8, 0x05,
    0x53, 0xbd, 0xa4, 0x02, 0xff, 0xfe, 0x5b, 0xfe, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x01,
};

/* r <- a root of a; false when it has none. p is 3 mod 4. */
static inline bool fp_root(fp *r, const fp *a) {
    /* (p + 1) / 4 */
    static const limb_t EXPONENT[FP_LIMBS] = {
        LIMBS(0xee7fbfffffffeaab), LIMBS(0x07aaffffac54ffff), LIMBS(0xd9cc34a83dac3d89),
        LIMBS(0xd91dd2e13ce144af), LIMBS(0x92c6e9ed90d2eb35), LIMBS(0x0680447a8e5ff9a6)};
    fp square, root;
    fp_power(&root, a, EXPONENT);
    fp_square(&square, &root);
    if (!fp_equal(&square, a)) return false;
    *r = root;
    return true;
}

/* Whether a, as a number below p, is the larger of a and -a. */
static inline bool fp_is_upper(const fp *a) {
    uint8_t bytes[FP_BYTES], others[FP_BYTES];
    fp negated;
    fp_negate(&negated, a);
    fp_to_bytes(bytes, a);
    fp_to_bytes(others, &negated);
    return memcmp(bytes, others, FP_BYTES) > 0;
}

/* The curve's parameter is -PARAMETER. */
#define PARAMETER UINT64_C(0xd201000000010000)

/* (x, y) -> (CUBE_ROOT x, y) is phi with phi^2 + phi + 1 = 0 on the whole curve; on the group it is multiplication by
   -PARAMETER^2. Where it is, the group's order, PARAMETER^4 - PARAMETER^2 + 1, annihilates the point. */
static const fp CUBE_ROOT = {{
    LIMBS(0x30f1361b798a64e8), LIMBS(0xf3b8ddab7ece5a2a), LIMBS(0x16a8ca3ac61577f7),
    LIMBS(0xc26a2ff874fd029b), LIMBS(0x3636b76660701c6e), LIMBS(0x051ba4ab241b6160)}};

static inline bool g1_is_in_group(const g1 *point) {
    g1 multiple, turned = *point;
    g1_multiply_short(&multiple, point, PARAMETER);
    g1_multiply_short(&multiple, &multiple, PARAMETER);
    fp_negate(&multiple.y, &multiple.y);
    fp_mul(&turned.x, &turned.x, &CUBE_ROOT);
    return g1_equal(&multiple, &turned);
}

/* A point of the group of prime order from x and three flags in its highest bits: compressed (always), infinity, the
   larger y. False for anything that is not the one encoding of a point. */
static inline bool g1_decompress(g1 *point, const uint8_t bytes[FP_BYTES]) {
    enum { COMPRESSED = 0x80, INFINITE = 0x40, UPPER = 0x20, FLAGS = 0xe0 };
    uint8_t number[FP_BYTES];
    unsigned flags = bytes[0] & FLAGS, any = 0;
    memcpy(number, bytes, FP_BYTES);
    number[0] &= (uint8_t)~FLAGS;
    if (!(flags & COMPRESSED)) return false;
    if (flags & INFINITE) {
        for (int i = 0; i < FP_BYTES; i++) any |= number[i];
        *point = g1_infinity();
        return flags == (COMPRESSED | INFINITE) && any == 0;
    }
    if (!fp_from_bytes(&point->x, number)) return false;
    fp_square(&point->y, &point->x);
    fp_mul(&point->y, &point->y, &point->x);
    fp_add(&point->y, &point->y, &B);
    if (!fp_root(&point->y, &point->y)) return false;
    if (fp_is_upper(&point->y) != (flags & UPPER) / UPPER) fp_negate(&point->y, &point->y);
    point->z = fp_one();
    return g1_is_in_group(point);
}

#endif
