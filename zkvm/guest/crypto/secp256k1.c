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

#include <pthread.h>

#include "crypto/secp256k1_points.h"

/* The order of the group. */
static const u256 N = {{
    LIMBS(0xbfd25e8cd0364141), LIMBS(0xbaaedce6af48a03b), LIMBS(0xfffffffffffffffe), LIMBS(0xffffffffffffffff)
}};

/* The generator G. */
static const u256 GX = {{
    LIMBS(0x59f2815b16f81798), LIMBS(0x029bfcdb2dce28d9), LIMBS(0x55a06295ce870b07), LIMBS(0x79be667ef9dcbbac)
}};
static const u256 GY = {{
    LIMBS(0x9c47d08ffb10d4b8), LIMBS(0xfd17b448a6855419), LIMBS(0x5da4fbfc0e1108a8), LIMBS(0x483ada7726a3c465)
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
    uint64_t x[4], y[4], wide[8] = {0};
    u256 r = {{0}}, up;
    memcpy(x, a, sizeof x);
    memcpy(y, b, sizeof y);
    for (int i = 0; i < 4; i++) {
        uint128 carry = 0;
        for (int j = 0; j < 4; j++) {
            carry += (uint128)x[i] * y[j] + wide[i + j];
            wide[i + j] = (uint64_t)carry;
            carry >>= 64;
        }
        wide[i + 4] = (uint64_t)carry;
    }
    memcpy(r.limb, wide + 6, 16);
    up = u256_of(wide[5] >> 63);
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

static fe beta;

static void times_lambda(affine *r, const affine *p) {
    fe_mul(&r->x, &p->x, &beta);
    r->y = p->y;
}

/* Odd multiples of the generator G and of lambda G. */
enum { FIXED_WINDOW = 10, FIXED = 1 << (FIXED_WINDOW - 2) };
static affine fixed[2][FIXED];

static void make_fixed(void) {
    affine g;
    fe denominator;
    fe_from_u256(&beta, &BETA);
    fe_from_u256(&g.x, &GX);
    fe_from_u256(&g.y, &GY);
    odd_multiples(fixed[0], &denominator, &g, FIXED);
    fe_invert(&denominator, &denominator);
    for (int i = 0; i < FIXED; i++) {
        scale(&fixed[0][i], &fixed[0][i].x, &fixed[0][i].y, &denominator);
        times_lambda(&fixed[1][i], &fixed[0][i]);
    }
}

/* sum <- u1 G + u2 R */
static void combine(point *sum, const u256 *u1, const u256 *u2, const affine *r) {
    enum { WINDOW = 5, MULTIPLES = 1 << (WINDOW - 2) };
    static pthread_once_t made = PTHREAD_ONCE_INIT;
    digits of_g, of_lambda_g, of_r, of_lambda_r;
    affine multiples[2][MULTIPLES];
    fe denominator;
    pthread_once(&made, make_fixed);
    split(&of_g, &of_lambda_g, u1, FIXED_WINDOW);
    split(&of_r, &of_lambda_r, u2, WINDOW);
    odd_multiples(multiples[0], &denominator, r, MULTIPLES);
    for (int i = 0; i < MULTIPLES; i++) times_lambda(&multiples[1][i], &multiples[0][i]);
    sum->is_infinity = true;
    for (int i = DIGITS - 1; i >= 0; i--) {
        if (!sum->is_infinity) point_double(sum, sum);
        add_multiple(sum, fixed[0], of_g.digit[i], &denominator);
        add_multiple(sum, fixed[1], of_lambda_g.digit[i], &denominator);
        add_multiple(sum, multiples[0], of_r.digit[i], NULL);
        add_multiple(sum, multiples[1], of_lambda_r.digit[i], NULL);
    }
    fe_mul(&sum->z, &sum->z, &denominator);
}

/* The point with this x and parity of y; false when the curve has none. */
static bool lift(affine *to, const u256 *x, uint32_t parity) {
    const fe seven = {{7}};
    u256 y;
    fe square;
    fe_from_u256(&to->x, x);
    fe_square(&square, &to->x);
    fe_mul(&square, &square, &to->x);
    fe_add(&square, &square, &seven);
    if (!fe_root(&to->y, &square)) return false;
    fe_to_u256(&y, &to->y);
    if ((u256_low(&y) & 1) != parity) u256_sub_borrow(&y, &P, &y);
    fe_from_u256(&to->y, &y);
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
    if (sum.is_infinity) return false;
    fe_invert(&sum.z, &sum.z);
    scale(&lifted, &sum.x, &sum.y, &sum.z);
    fe_to_u256(&x, &lifted.x);
    fe_to_u256(&t, &lifted.y);
    u256_to_bytes(key, &x);
    u256_to_bytes(key + 32, &t);
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
