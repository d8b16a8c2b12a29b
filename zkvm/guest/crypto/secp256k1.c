#include "crypto/secp256k1.h"
#include "base/keccak.h"

#if defined(__riscv)

#include "zkhub_secp256k1.h"

/* Words, the lowest first, from bytes at any address. */
static void words_from_bytes(uint32_t words[8], const uint8_t bytes[32]) {
    uint32_t copy[8];
    memcpy(copy, bytes, sizeof copy);
    u256_reverse(words, copy);
}

bool zk_secp256k1_recover(uint8_t key[64], const uint8_t hash[32], const uint8_t r[32], const uint8_t s[32],
                          uint32_t parity) {
    uint32_t numbers[3][8], bytes[16];
    zkhub_point point;
    words_from_bytes(numbers[0], hash);
    words_from_bytes(numbers[1], r);
    words_from_bytes(numbers[2], s);
    if (!secp_recover(&point, numbers[0], numbers[1], numbers[2], parity)) return false;
    u256_reverse(bytes, point.x);
    u256_reverse(bytes + 8, point.y);
    memcpy(key, bytes, sizeof bytes);
    return true;
}

#else

#include "crypto/secp256k1_points.h"

/* The order of the group. */
static const u256 N = {{
    LIMBS(0xbfd25e8cd0364141), LIMBS(0xbaaedce6af48a03b), LIMBS(0xfffffffffffffffe), LIMBS(0xffffffffffffffff)
}};

/* lambda (x, y) = (BETA x, y), and the short vectors (A1, B1), (A2, A1) of the lattice of all (i, j) with
   i + j lambda = 0. G1 and G2 are 2^384 A1 / N and 2^384 MINUS_B1 / N. */
static const u256 BETA = {{
    LIMBS(0xc1396c28719501ee), LIMBS(0x9cf0497512f58995), LIMBS(0x6e64479eac3434e9), LIMBS(0x7ae96a2b657c0710)
}};
static const u256 A1 = {{
    LIMBS(0xe86c90e49284eb15), LIMBS(0x3086d221a7d46bcd), LIMBS(0x0000000000000000), LIMBS(0x0000000000000000)
}};
static const u256 A2 = {{
    LIMBS(0x57c1108d9d44cfd8), LIMBS(0x14ca50f7a8e2f3f6), LIMBS(0x0000000000000001), LIMBS(0x0000000000000000)
}};
static const u256 MINUS_B1 = {{
    LIMBS(0x6f547fa90abfe4c3), LIMBS(0xe4437ed6010e8828), LIMBS(0x0000000000000000), LIMBS(0x0000000000000000)
}};
static const u256 G1 = {{
    LIMBS(0xe893209a45dbb031), LIMBS(0x3daa8a1471e8ca7f), LIMBS(0xe86c90e49284eb15), LIMBS(0x3086d221a7d46bcd)
}};
static const u256 G2 = {{
    LIMBS(0x1571b4ae8ac47f71), LIMBS(0x221208ac9df506c6), LIMBS(0x6f547fa90abfe4c4), LIMBS(0xe4437ed6010e8828)
}};

/* a * b / 2^384, rounded. */
static u256 scaled_product(const u256 *a, const u256 *b) {
    enum { FROM = 384 / ZK_LIMB_BITS };
    limb_t wide[2 * U256_LIMBS];
    u256 r = {{0}}, up;
    wide_product(wide, a, b);
    memcpy(r.limb, wide + FROM, 16);
    up = u256_of((uint64_t)(wide[FROM - 1] >> (ZK_LIMB_BITS - 1)));
    u256_add_carry(&r, &r, &up);
    return r;
}

/* k = first + second * lambda mod N with two halves below 2^128 in size, recoded. */
static void split(digits *first, digits *second, const u256 *k, int window) {
    u256 c1 = scaled_product(k, &G1), c2 = scaled_product(k, &G2), k1, k2, product;
    u256_mul(&k1, &c1, &A1);
    u256_sub_borrow(&k1, k, &k1);
    u256_mul(&product, &c2, &A2);
    u256_sub_borrow(&k1, &k1, &product);
    u256_mul(&k2, &c1, &MINUS_B1);
    u256_mul(&product, &c2, &A1);
    u256_sub_borrow(&k2, &k2, &product);
    recode(first, &k1, window);
    recode(second, &k2, window);
}

/* sum <- u1 G + u2 R */
static void combine(point *sum, const u256 *u1, const u256 *u2, const affine *r) {
    enum { WINDOW = 5, MULTIPLES = 1 << (WINDOW - 2) };
    digits of_g, of_lambda_g, of_r, of_lambda_r;
    point multiples[2][MULTIPLES], twice;
    split(&of_g, &of_lambda_g, u1, SECP_TABLE_WINDOW);
    split(&of_r, &of_lambda_r, u2, WINDOW);
    multiples[0][0] = (point){r->x, r->y, u256_of(1)};
    point_double(&twice, &multiples[0][0]);
    for (int i = 1; i < MULTIPLES; i++) point_add(&multiples[0][i], &multiples[0][i - 1], &twice);
    for (int i = 0; i < MULTIPLES; i++) {
        multiples[1][i] = multiples[0][i];
        fe_mul(&multiples[1][i].x, &multiples[0][i].x, &BETA);
    }
    *sum = (point){u256_of(0), u256_of(1), u256_of(0)};
    for (int i = DIGITS - 1; i >= 0; i--) {
        point_double(sum, sum);
        add_fixed(sum, SECP_TABLE[0], of_g.digit[i]);
        add_fixed(sum, SECP_TABLE[1], of_lambda_g.digit[i]);
        add_multiple(sum, multiples[0], of_r.digit[i]);
        add_multiple(sum, multiples[1], of_lambda_r.digit[i]);
    }
}

/* The point with this x and parity of y; false when the curve has none. */
static bool lift(affine *to, const u256 *x, uint32_t parity) {
    const u256 seven = u256_of(7);
    u256 square;
    fe_square(&square, x);
    fe_mul(&square, &square, x);
    fe_add(&square, &square, &seven);
    if (!fe_root(&to->y, &square)) return false;
    if ((to->y.limb[0] & 1) != parity) fe_negate(&to->y, &to->y);
    to->x = *x;
    return true;
}

bool zk_secp256k1_recover(uint8_t key[64], const uint8_t hash[32], const uint8_t r[32], const uint8_t s[32],
                          uint32_t parity) {
    u256 z, x, t, inverse, u1, u2;
    affine lifted;
    point sum;
    u256_from_bytes(&z, hash);
    u256_from_bytes(&x, r);
    u256_from_bytes(&t, s);
    if (parity > 1 || u256_is_zero(&x) || u256_is_zero(&t) || !u256_less(&x, &N) || !u256_less(&t, &N)) return false;
    if (!lift(&lifted, &x, parity)) return false;
    invert_modulo(&inverse, &x, &N);
    u256_mulmod(&u2, &inverse, &t, &N);
    u256_mulmod(&u1, &inverse, &z, &N);
    if (!u256_is_zero(&u1)) u256_sub_borrow(&u1, &N, &u1);
    combine(&sum, &u1, &u2, &lifted);
    if (u256_is_zero(&sum.z)) return false;
    point_to_affine(&lifted, &sum);
    u256_to_bytes(key, &lifted.x);
    u256_to_bytes(key + 32, &lifted.y);
    return true;
}

#endif

bool zk_ecrecover(address_t *signer, const uint8_t hash[32], const uint8_t r[32], const uint8_t s[32],
                  uint32_t parity) {
    uint8_t key[64];
    hash_t digest;
    if (!zk_secp256k1_recover(key, hash, r, s, parity)) return false;
    keccak256(&digest, key, sizeof key);
    memcpy(signer, digest.bytes + 12, sizeof *signer);
    return true;
}
