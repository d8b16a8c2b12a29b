/* An operation's 64 rows of ARITH256, the same text for C and CUDA: zkvm/machine/tables/arith256.py states the
 * identities, zkvm/machine/expand/arith256.py finds the same cells with Python's integers.
 *
 * An identity D(X) = (X - 2^16) K(X) is gone through from its lowest coefficient: K_i = (K_{i-1} - D_i) / 2^16 has to be
 * exact. On the curve D contains -q P with P = X^16 - X^2 - 977; 977 is odd, so there is one limb q_i with which it is.
 * The quotient is found on the way, and where a claimed result is wrong no carry comes out. */
#ifndef ZKHUB_ARITH256_H
#define ZKHUB_ARITH256_H

#include "expand/rows.h"

enum {
    ARITH256_W0, ARITH256_W1, ARITH256_W2, ARITH256_W3, ARITH256_W4, ARITH256_E0, ARITH256_E1, ARITH256_TS, ARITH256_PX,
    ARITH256_PY, ARITH256_F_MM, ARITH256_F_ADD, ARITH256_F_DBL, ARITH256_WIDTH
};

/* An operation is made in parts, each for itself: three identities, then the numbers as they are. */
enum { ARITH256_ROWS = 64, ARITH256_PARTS = 4, ARITH256_LIMBS = 16, ARITH256_CARRIES = 32 };

#define CARRY_OFFSET ((int64_t)1 << 23)
#define QUOTIENT_OFFSET 4
#define INVERSE_OF_977 13617u /* mod 2^16 */

static inline ZK_DEVICE int64_t limb_of(const uint32_t *number, unsigned i) {
    return number[i / 2] >> 16 * (i % 2) & 0xFFFF;
}

/* `first` operates from its row 0; block b's row i is 16 b + i. */
static inline ZK_DEVICE void put_in_block(zk_cells first, unsigned column, unsigned block, unsigned i, uint64_t value) {
    first.first[column * first.apart + ARITH256_LIMBS * block + i] = value;
}

static inline ZK_DEVICE void put_number(zk_cells first, unsigned column, unsigned block, const uint32_t *number) {
    for (unsigned i = 0; i < ARITH256_LIMBS; i++) put_in_block(first, column, block, i, (uint64_t)limb_of(number, i));
}

/* D = left a b - right c d - the signed sum of `linear`, and less q P where q is to be found. */
typedef struct {
    const uint32_t *a, *b, *c, *d, *linear[3];
    int left, right, signs[3];
} identity;

static inline ZK_DEVICE identity product_identity(const arith256_call *call) {
    const uint32_t *a = call->operands, *b = a + 8, *c = a + 16, *m = a + 24;
    const identity found = {a, b, call->witness, m, {call->results, c, c}, 1, 1, {1, -1, 0}};
    return found;
}

static inline ZK_DEVICE identity curve_identity(const arith256_call *call, unsigned part) {
    const int doubles = call->op == OP_ECDBL;
    const uint32_t *x1 = call->operands, *y1 = x1 + 8, *x2 = doubles ? x1 : x1 + 16, *y2 = doubles ? y1 : x1 + 24;
    const uint32_t *s = call->witness, *x3 = call->results, *y3 = x3 + 8;
    const identity adding = {s, x2, s, x1, {y2, y1, y1}, 1, 1, {1, -1, 0}};
    const identity doubling = {s, y1, x1, x1, {y1, y1, y1}, 2, 3, {0, 0, 0}};
    const identity square = {s, s, s, s, {x1, x2, x3}, 1, 0, {1, 1, 1}};
    const identity line = {s, x1, s, x3, {y1, y3, y3}, 1, 1, {1, 1, 0}};
    return part == 2 ? line : part == 1 ? square : doubles ? doubling : adding;
}

/* Coefficient i < 32 of D without q P. */
static inline ZK_DEVICE int64_t identity_coefficient(const identity *of, unsigned i) {
    const unsigned low = i < ARITH256_LIMBS ? 0 : i - ARITH256_LIMBS + 1;
    const unsigned high = i < ARITH256_LIMBS ? i : ARITH256_LIMBS - 1;
    int64_t left = 0, right = 0;
    for (unsigned j = low; j <= high; j++) {
        left += limb_of(of->a, j) * limb_of(of->b, i - j);
        right += limb_of(of->c, j) * limb_of(of->d, i - j);
    }
    int64_t sum = of->left * left - of->right * right;
    if (i >= ARITH256_LIMBS) return sum;
    for (unsigned k = 0; k < 3; k++) sum -= of->signs[k] * limb_of(of->linear[k], i);
    return sum;
}

static inline ZK_DEVICE int put_carry(zk_cells first, unsigned block, unsigned i, int64_t carry) {
    const uint64_t shifted = (uint64_t)(carry + CARRY_OFFSET);
    const int high = i >= ARITH256_LIMBS;
    put_in_block(first, high ? ARITH256_W4 : ARITH256_W3, block, i % ARITH256_LIMBS, shifted & 0xFFFF);
    put_in_block(first, high ? ARITH256_E1 : ARITH256_E0, block, i % ARITH256_LIMBS, shifted >> 16 & 0xFF);
    return shifted >> 24 == 0;
}

/* K to block `part` + 1, and on the curve q to its lane of block 0. Returns whether the identity holds. */
static inline ZK_DEVICE int put_identity(const identity *of, zk_cells first, unsigned part, int divides) {
    const unsigned lane = part == 0 ? ARITH256_W0 : part == 1 ? ARITH256_W1 : ARITH256_W3;
    int64_t carry = 0, before = 0, two_before = 0, above = 0;
    int holds = 1;
    for (unsigned i = 0; i < ARITH256_CARRIES; i++) {
        int64_t rest = carry - identity_coefficient(of, i) - two_before, q = 0;
        if (divides && i >= ARITH256_LIMBS) {
            rest += (int64_t)first.first[lane * first.apart + i - ARITH256_LIMBS];
        }
        if (divides && i <= ARITH256_LIMBS) q = (int64_t)((uint64_t)rest * INVERSE_OF_977 & 0xFFFF);
        if (divides && i < ARITH256_LIMBS) put_in_block(first, lane, 0, i, (uint64_t)q);
        if (divides && i == ARITH256_LIMBS) {
            /* What is above 2^256 has a sign. */
            above = q = q < 1 << 15 ? q : q - (1 << 16);
            put_in_block(first, ARITH256_E0, 0, part, (uint64_t)(q + QUOTIENT_OFFSET) & 0xFF);
        }
        rest -= 977 * q;
        holds &= (rest & 0xFFFF) == 0;
        carry = rest >> 16;
        holds &= put_carry(first, part + 1, i, carry);
        two_before = before, before = q;
    }
    return holds && carry + above == 0 && -QUOTIENT_OFFSET <= above && above < QUOTIENT_OFFSET;
}

/* delta = P - 1 - x3 and the carries of x3 + delta + 978 + 2^32 = 2^256. Returns whether x3 < P. */
static inline ZK_DEVICE int put_reduced(const uint32_t *x3, zk_cells first) {
    int64_t borrow = 0, carry = 0;
    for (unsigned i = 0; i < ARITH256_LIMBS; i++) {
        const int64_t limb = limb_of(x3, i), highest = i == 0 ? 0xFFFF - 977 : i == 2 ? 0xFFFE : 0xFFFF;
        const int64_t left = highest - limb + borrow, delta = left & 0xFFFF;
        borrow = left >> 16;
        carry = (limb + delta + (i == 0 ? 978 : i == 2) + carry) >> 16;
        put_in_block(first, ARITH256_W4, 0, i, (uint64_t)delta);
        put_in_block(first, ARITH256_W1, 3, i, (uint64_t)carry);
    }
    return borrow == 0;
}

static inline ZK_DEVICE int put_product_numbers(const arith256_call *call, zk_cells first) {
    const uint32_t *a = call->operands;
    put_number(first, ARITH256_W0, 0, a), put_number(first, ARITH256_W2, 0, a + 8);
    put_number(first, ARITH256_W2, 1, a + 16), put_number(first, ARITH256_W2, 2, a + 24);
    put_number(first, ARITH256_W1, 0, call->results), put_number(first, ARITH256_W0, 2, call->witness);
    uint32_t modulus = 0;
    for (unsigned i = 0; i < 8; i++) modulus |= a[24 + i];
    return modulus != 0;
}

static inline ZK_DEVICE int put_curve_numbers(const arith256_call *call, zk_cells first) {
    const uint32_t *x1 = call->operands;
    put_number(first, ARITH256_W0, 1, x1), put_number(first, ARITH256_W0, 2, x1 + 8);
    put_number(first, ARITH256_W1, 1, call->results), put_number(first, ARITH256_W1, 2, call->results + 8);
    put_number(first, ARITH256_W0, 3, call->witness);
    if (call->op == OP_ECDBL) {
        put_number(first, ARITH256_W2, 0, x1);
    } else {
        put_number(first, ARITH256_W2, 1, x1 + 16), put_number(first, ARITH256_W2, 2, x1 + 24);
    }
    return put_reduced(call->results, first);
}

/* One part of an operation, whose rows are zero before. Returns whether what the log says of it is so. */
static inline ZK_DEVICE int arith256_part(const arith256_call *call, zk_cells first, unsigned part) {
    const uint32_t op = call->op, curve = op == OP_ECADD || op == OP_ECDBL;
    if (!curve && op != OP_MULMOD) return 0;
    for (unsigned i = 0; i < ARITH256_LIMBS; i++) {
        put_in_block(first, ARITH256_TS, part, i, call->ts);
        put_in_block(first, ARITH256_PX, part, i, call->px), put_in_block(first, ARITH256_PY, part, i, call->py);
        put_in_block(first, ARITH256_F_MM + (op - OP_MULMOD), part, i, 1);
    }
    if (part == 3) return curve ? put_curve_numbers(call, first) : put_product_numbers(call, first);
    if (!curve && part != 0) return 1;
    const identity of = curve ? curve_identity(call, part) : product_identity(call);
    return put_identity(&of, first, part, curve);
}

/* What a row of the table looks up; all of its cells are in range. */
static inline ZK_DEVICE void arith256_lookups(const uint64_t *row, size_t height, lookups *counts) {
    for (unsigned lane = ARITH256_W0; lane <= ARITH256_W4; lane++) zk_count(&counts->r16[row[lane * height]]);
    zk_count(&counts->pair[256 * row[ARITH256_E0 * height] + row[ARITH256_E1 * height]]);
}

/* In place: what the rows of an operation add to U, V and T becomes U, V and T. */
static inline ZK_DEVICE void arith256_scan_rows(uint64_t *sums, size_t height, size_t operation) {
    uint64_t *us = sums, *vs = sums + 3 * height, *ts = sums + 6 * height;
    gle u = gle_make(0, 0, 0), v = u, t = u;
    for (size_t r = 0; r < ARITH256_ROWS; r++) {
        const size_t row = ARITH256_ROWS * operation + r;
        if (r == ARITH256_LIMBS) {
            t = gle_add(t, gle_mul(u, v));
            u = v = gle_make(0, 0, 0);
        }
        u = gle_add(u, gle_load(us, height, row));
        v = gle_add(v, gle_load(vs, height, row));
        t = gle_add(t, gle_load(ts, height, row));
        gle_store(us, height, row, u), gle_store(vs, height, row, v), gle_store(ts, height, row, t);
    }
}

#endif
