/* secp256k1 on the precompiles: recovers the public key of a signature. Reference: SEC 1, 4.1.6. */
#ifndef ZKHUB_SECP256K1_H
#define ZKHUB_SECP256K1_H

#include "secp256k1_table.h"
#include "zkhub_u256.h"

static const uint32_t SECP_P[8] = {0xFFFFFC2F, 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFF,
                                   0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF};
static const uint32_t SECP_N[8] = {0xD0364141, 0xBFD25E8C, 0xAF48A03B, 0xBAAEDCE6,
                                   0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF};
/* lambda (x, y) = (beta x, y) for every point. */
static const uint32_t SECP_LAMBDA[8] = {0x1B23BD72, 0xDF02967C, 0x20816678, 0x122E22EA,
                                        0x8812645A, 0xA5261C02, 0xC05C30E0, 0x5363AD4C};
static const uint32_t SECP_BETA[8] = {0x719501EE, 0xC1396C28, 0x12F58995, 0x9CF04975,
                                      0xAC3434E9, 0x6E64479E, 0x657C0710, 0x7AE96A2B};
static const uint32_t U256_ONE[8] = {1};
static const uint32_t SECP_SEVEN[8] = {7};

/* A sum under way: infinity is no point of the precompile's. */
typedef struct {
    zkhub_point point;
    int is_infinity;
} secp_sum;

/* x of the precompile's results is below P; y is made so here, where two are compared or one is negated. */
static inline void secp_reduce(uint32_t y[8]) {
    if (!u256_less(y, SECP_P)) u256_sub(y, y, SECP_P);
}

static inline void secp_double(secp_sum *sum) {
    /* No point of the curve has y = 0: the order is odd. */
    if (!sum->is_infinity) zkhub_ec_double(&sum->point);
}

/* sum += q; x and y of q are below P. */
static inline void secp_add(secp_sum *sum, const zkhub_point *q) {
    if (sum->is_infinity) {
        sum->point = *q;
        sum->is_infinity = 0;
    } else if (!u256_equal(sum->point.x, q->x)) {
        zkhub_ec_add_distinct(&sum->point, q);
    } else {
        secp_reduce(sum->point.y);
        if (u256_equal(sum->point.y, q->y)) zkhub_ec_double(&sum->point);
        else sum->is_infinity = 1;
    }
}

/* --- Scalars: k = k1 + k2 lambda with two halves of 129 bits, each in signed windows --- */

enum {
    SECP_DIGITS = 130,
    SECP_WINDOW = 5,                          /* of a point known only at run time */
    SECP_MULTIPLES = 1 << (SECP_WINDOW - 2),  /* 1, 3, 5, ... 15 times the point */
};

typedef struct {
    signed char digit[SECP_DIGITS + 2];
} secp_digits;

static inline uint32_t secp_bits(const uint32_t k[8], uint32_t at, uint32_t count) {
    uint32_t word = at / 32, shift = at % 32;
    uint64_t two = (uint64_t)k[word + 1] << 32 | k[word];
    return (uint32_t)(two >> shift) & ((1u << count) - 1);
}

/* k = sum of digit[i] 2^i, digits odd or 0 and below 2^(window-1); k < 2^129. */
static inline void secp_recode(secp_digits *to, const uint32_t k[8], uint32_t window, int negative) {
    for (int i = 0; i < SECP_DIGITS + 2; i++) to->digit[i] = 0;
    uint32_t carry = 0;
    for (uint32_t i = 0; i < SECP_DIGITS;) {
        if (secp_bits(k, i, 1) == carry) {
            i++;
            continue;
        }
        uint32_t value = secp_bits(k, i, window) + carry;
        carry = value >> (window - 1);
        int digit = (int)value - (int)(carry << window);
        to->digit[i] = (signed char)(negative ? -digit : digit);
        i += window;
    }
}

/* Checks a split of k that comes as a hint, and recodes it. */
static inline void secp_split(secp_digits *first, secp_digits *second, const uint32_t k[8], uint32_t window) {
    const uint32_t *hint = zkhub_hint(ZKHUB_HINT_SPLIT, k, 8, 18);
    const uint32_t *k1 = hint, *k2 = hint + 8;
    uint32_t negative1 = hint[16], negative2 = hint[17];
    zkhub_require((negative1 | negative2) <= 1);
    for (int half = 0; half < 16; half += 8)
        zkhub_require(hint[half + 4] <= 1 && (hint[half + 5] | hint[half + 6] | hint[half + 7]) == 0);
    /* (k2 lambda + k1) or (k2 lambda - k1) is k or -k, by the signs. */
    uint32_t wanted[8], found[8];
    u256_copy(wanted, k);
    if (negative2 && !u256_is_zero(k)) u256_sub(wanted, SECP_N, k);
    u256_mulmod(found, k2, SECP_LAMBDA, negative1 == negative2 ? k1 : NULL, SECP_N);
    if (negative1 != negative2) u256_mulmod(wanted, wanted, U256_ONE, k1, SECP_N);
    zkhub_require(u256_equal(wanted, found));
    secp_recode(first, k1, window, (int)negative1);
    secp_recode(second, k2, window, (int)negative2);
}

/* sum += digit * (the point whose odd multiples the table has) */
static inline void secp_add_multiple(secp_sum *sum, const zkhub_point *table, int digit) {
    if (digit > 0) {
        secp_add(sum, table + digit / 2);
    } else if (digit < 0) {
        zkhub_point minus = table[-digit / 2];
        u256_sub(minus.y, SECP_P, minus.y);
        secp_add(sum, &minus);
    }
}

/* sum <- u1 G + u2 R */
static inline void secp_combine(secp_sum *sum, const uint32_t u1[8], const uint32_t u2[8], const zkhub_point *r) {
    static secp_digits digits[4];
    static zkhub_point multiples[2][SECP_MULTIPLES];
    secp_split(&digits[0], &digits[1], u1, SECP_TABLE_WINDOW);
    secp_split(&digits[2], &digits[3], u2, SECP_WINDOW);
    secp_sum walk = {*r, 0}, twice = {*r, 0};
    secp_double(&twice);
    secp_reduce(twice.point.y);
    for (int i = 0; i < SECP_MULTIPLES; i++) {
        if (i) secp_add(&walk, &twice.point);
        secp_reduce(walk.point.y);
        multiples[0][i] = multiples[1][i] = walk.point;
        u256_mulmod(multiples[1][i].x, walk.point.x, SECP_BETA, NULL, SECP_P);
    }
    sum->is_infinity = 1;
    for (int i = SECP_DIGITS - 1; i >= 0; i--) {
        secp_double(sum);
        secp_add_multiple(sum, SECP_TABLE[0], digits[0].digit[i]);
        secp_add_multiple(sum, SECP_TABLE[1], digits[1].digit[i]);
        secp_add_multiple(sum, multiples[0], digits[2].digit[i]);
        secp_add_multiple(sum, multiples[1], digits[3].digit[i]);
    }
}

/* The point with x coordinate `x` < P and the given parity of y; 0 if there is none. */
static inline int secp_lift(zkhub_point *point, const uint32_t x[8], uint32_t parity) {
    uint32_t request[16], square[8], check[8];
    u256_mulmod(square, x, x, NULL, SECP_P);
    u256_mulmod(square, square, x, SECP_SEVEN, SECP_P);
    u256_copy(request, square);
    u256_copy(request + 8, SECP_P);
    const uint32_t *root = zkhub_hint(ZKHUB_HINT_SQUARE_ROOT, request, 16, 8);
    zkhub_require(u256_less(root, SECP_P));
    u256_mulmod(check, root, root, NULL, SECP_P);
    if (!u256_equal(check, square)) {
        /* -1 is no square mod P, so a root of -square shows that square has none. */
        u256_sub(square, SECP_P, square);
        zkhub_require(u256_equal(check, square));
        return 0;
    }
    u256_copy(point->x, x);
    u256_copy(point->y, root);
    if ((root[0] & 1) != parity) u256_sub(point->y, SECP_P, root);
    return 1;
}

/* The public key that signed `hash` with (r, s) and `parity` (0 or 1); 0 if there is none. */
static inline int secp_recover(zkhub_point *key, const uint32_t hash[8], const uint32_t r[8], const uint32_t s[8],
                               uint32_t parity) {
    if (parity > 1 || u256_is_zero(r) || u256_is_zero(s) || !u256_less(r, SECP_N) || !u256_less(s, SECP_N)) return 0;
    zkhub_point lifted;
    if (!secp_lift(&lifted, r, parity)) return 0;
    uint32_t request[16], inverse[8], check[8], u1[8], u2[8];
    u256_copy(request, r);
    u256_copy(request + 8, SECP_N);
    u256_copy(inverse, zkhub_hint(ZKHUB_HINT_INVERSE, request, 16, 8));
    u256_mulmod(check, inverse, r, NULL, SECP_N);
    zkhub_require(u256_equal(check, U256_ONE));
    u256_mulmod(u2, inverse, s, NULL, SECP_N);
    u256_mulmod(u1, hash, inverse, NULL, SECP_N);
    if (!u256_is_zero(u1)) u256_sub(u1, SECP_N, u1);
    secp_sum sum;
    secp_combine(&sum, u1, u2, &lifted);
    if (sum.is_infinity) return 0;
    secp_reduce(sum.point.y);
    *key = sum.point;
    return 1;
}

#endif
