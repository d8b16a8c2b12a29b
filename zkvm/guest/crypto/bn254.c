#include "crypto/bn254.h"
#include "crypto/limbs.h"

enum { FP_LIMBS = 256 / ZK_LIMB_BITS };

static const limb_t FP_MODULUS[FP_LIMBS] = {
    LIMBS(0x3c208c16d87cfd47), LIMBS(0x97816a916871ca8d), LIMBS(0xb85045b68181585d), LIMBS(0x30644e72e131a029)};
static const limb_t FP_ONE[FP_LIMBS] = {
    LIMBS(0xd35d438dc58f0d9d), LIMBS(0x0a78eb28f5c70b3d), LIMBS(0x666ea36f7879462c), LIMBS(0x0e0a77c19a07df2f)};
static const limb_t FP_R_SQUARED[FP_LIMBS] = {
    LIMBS(0xf32cfc5b538afa89), LIMBS(0xb5e71911d44501fb), LIMBS(0x47ab1eff0a417ff6), LIMBS(0x06d89f71cab8351f)};
#define FP_NEGATED_INVERSE 0x87d20782e4866389

#include "crypto/g1.h"

/* The curve's constant, 3, in Montgomery's form. */
static const fp B = {{
    LIMBS(0x7a17caa950ad28d7), LIMBS(0x1f6ac17ae15521b9), LIMBS(0x334bea4e696bd284), LIMBS(0x2a1f6744ce179d8e)}};

static bool read_point(g1 *point, const uint8_t bytes[64]) {
    if (!fp_from_bytes(&point->x, bytes) || !fp_from_bytes(&point->y, bytes + 32)) return false;
    if (fp_is_zero(&point->x) && fp_is_zero(&point->y)) {
        *point = g1_infinity();
        return true;
    }
    point->z = fp_one();
    return g1_is_on_curve(&point->x, &point->y, &B);
}

static void write_point(uint8_t bytes[64], const g1 *point) {
    fp x = {{0}}, y = {{0}};
    g1_to_affine(&x, &y, point);
    fp_to_bytes(bytes, &x);
    fp_to_bytes(bytes + 32, &y);
}

bool zk_bn254_add(uint8_t sum[64], const uint8_t points[128]) {
    g1 p, q;
    if (!read_point(&p, points) || !read_point(&q, points + 64)) return false;
    g1_add(&p, &p, &q);
    write_point(sum, &p);
    return true;
}

bool zk_bn254_multiply(uint8_t product[64], const uint8_t point_and_scalar[96]) {
    g1 p;
    if (!read_point(&p, point_and_scalar)) return false;
    g1_multiply(&p, &p, point_and_scalar + 64);
    write_point(product, &p);
    return true;
}
