#include "base/division.h"

#if !defined(__riscv)

enum { WIDE_LIMBS = 2 * U256_LIMBS };

static inline __attribute__((always_inline)) void divide_digits(limb_t *quotient, limb_t *a, int count,
                                                                const limb_t *divisor, int size, limb_t reciprocal) {
    for (int i = count - size; i >= 0; i--) {
        limb_t digit = quotient_digit(a + i, divisor, size, reciprocal);
        if (quotient) quotient[i] = digit;
    }
}

/* Divides in place: `a` has room for one limb more than `count` and keeps the remainder. `b` is not zero.
   quotient (count limbs) may be NULL. */
static void divide_limbs(limb_t *quotient, limb_t *a, int count, const u256 *b) {
    limb_t divisor[U256_LIMBS];
    int size = significant(b->limb, U256_LIMBS);
    unsigned shift = leading_zeros(b->limb[size - 1]);
    shift_up(divisor, b->limb, size, shift);
    a[count] = shift_up(a, a, count, shift);
    limb_t reciprocal = reciprocal_of(divisor, size);
    if (size == 1) {
        limb_t rest = a[count];
        a[count] = 0;
        for (int i = count - 1; i >= 0; i--) {
            limb_t digit = divide_by_one(&rest, a[i], divisor[0], reciprocal);
            if (quotient) quotient[i] = digit;
            a[i] = 0;
        }
        a[0] = rest >> shift;
        return;
    }
    /* Of a size that the compiler knows, loops are straight code. */
    if (size == 2) divide_digits(quotient, a, count, divisor, 2, reciprocal);
    else if (size == 3) divide_digits(quotient, a, count, divisor, 3, reciprocal);
    else if (size == 4) divide_digits(quotient, a, count, divisor, 4, reciprocal);
    else if (ZK_LIMB_BITS == 32) divide_digits(quotient, a, count, divisor, size, reciprocal);
    for (int i = 0; i < size; i++)
        a[i] = shift ? a[i] >> shift | a[i + 1] << (ZK_LIMB_BITS - shift) : a[i];
}

/* For a >= b > 0. */
static void divide_large(u256 *quotient, u256 *remainder, const u256 *a, const u256 *b) {
    u256 result = {{0}};
    limb_t rest[U256_LIMBS + 1] = {0};
    memcpy(rest, a->limb, sizeof a->limb);
    divide_limbs(result.limb, rest, significant(a->limb, U256_LIMBS), b);
    *quotient = result;
    memcpy(remainder->limb, rest, sizeof remainder->limb);
}

static void remainder_of(u256 *r, limb_t *wide, int limbs, const u256 *modulus) {
    int count = significant(wide, limbs);
    if (count >= significant(modulus->limb, U256_LIMBS)) divide_limbs(NULL, wide, count, modulus);
    memcpy(r->limb, wide, sizeof r->limb);
}

void u256_addmod(u256 *r, const u256 *a, const u256 *b, const u256 *modulus) {
    if (u256_is_zero(modulus)) {
        *r = u256_of(0);
        return;
    }
    u256 sum;
    limb_t wide[U256_LIMBS + 2] = {0};
    wide[U256_LIMBS] = u256_add_carry(&sum, a, b);
    memcpy(wide, sum.limb, sizeof sum.limb);
    remainder_of(r, wide, U256_LIMBS + 1, modulus);
}

void u256_mulmod(u256 *r, const u256 *a, const u256 *b, const u256 *modulus) {
    if (u256_is_zero(modulus)) {
        *r = u256_of(0);
        return;
    }
    limb_t wide[WIDE_LIMBS + 1] = {0};
#pragma GCC unroll 8
    for (int i = 0; i < U256_LIMBS; i++) {
        limb_t carry = 0;
#pragma GCC unroll 8
        for (int j = 0; j < U256_LIMBS; j++) {
            limb2_t part = (limb2_t)a->limb[i] * b->limb[j] + wide[i + j] + carry;
            wide[i + j] = (limb_t)part;
            carry = (limb_t)(part >> ZK_LIMB_BITS);
        }
        wide[i + U256_LIMBS] = carry;
    }
    remainder_of(r, wide, WIDE_LIMBS, modulus);
}

#else

#include "zkhub_guest.h"

/* For a >= b > 0. Quotient and remainder are hints: they are right where quotient * b + remainder = a with no carry
   beyond 256 bits, and remainder < b. */
static void divide_large(u256 *quotient, u256 *remainder, const u256 *a, const u256 *b) {
    limb_t operands[2 * U256_LIMBS], sum[U256_LIMBS + 1] = {0};
    memcpy(operands, a, sizeof *a);
    memcpy(operands + U256_LIMBS, b, sizeof *b);
    const limb_t *divisor = operands + U256_LIMBS;
    const limb_t *hint = zkhub_hint(ZKHUB_HINT_DIVIDE, operands, 2 * U256_LIMBS, 2 * U256_LIMBS);
    int limbs = significant(hint, U256_LIMBS), divisor_limbs = significant(divisor, U256_LIMBS);
    zkhub_require(limbs + divisor_limbs <= U256_LIMBS + 1);
    memcpy(sum, hint + U256_LIMBS, sizeof *remainder);
    memcpy(remainder, sum, sizeof *remainder);
    memcpy(quotient, hint, sizeof *quotient);
    for (int i = 0; i < limbs; i++) {
        limb_t carry = 0;
        for (int j = 0; j < divisor_limbs; j++) {
            limb2_t part = (limb2_t)hint[i] * divisor[j] + sum[i + j] + carry;
            sum[i + j] = (limb_t)part;
            carry = (limb_t)(part >> ZK_LIMB_BITS);
        }
        for (int j = i + divisor_limbs; carry; j++) {
            zkhub_require(j < U256_LIMBS);
            sum[j] += carry;
            carry = sum[j] < carry;
        }
    }
    u256 dividend, product, whole;
    memcpy(&dividend, operands, sizeof dividend);
    memcpy(&product, sum, sizeof product);
    memcpy(&whole, divisor, sizeof whole);
    zkhub_require(u256_equal(&product, &dividend) && sum[U256_LIMBS] == 0);
    memcpy(&product, hint + U256_LIMBS, sizeof product);
    zkhub_require(u256_less(&product, &whole));
}

/* r <- a * b + c mod m, where m > 1 and one factor is below it. */
static void multiply_add(u256 *r, const u256 *a, const u256 *b, const u256 *c, const u256 *m) {
    zkhub_modular operands;
    u256 result = *a;
    memcpy(operands.b, b, sizeof operands.b);
    memcpy(operands.c, c, sizeof operands.c);
    memcpy(operands.m, m, sizeof operands.m);
    zkhub_mulmod(result.limb, &operands);
    /* The proof shows only that the result is right mod m; the precompile gives the canonical one. */
    zkhub_require(u256_less(&result, m));
    *r = result;
}

static bool is_below_two(const u256 *a) { return a->limb[0] < 2 && significant(a->limb, U256_LIMBS) <= 1; }

void u256_addmod(u256 *r, const u256 *a, const u256 *b, const u256 *modulus) {
    const u256 one = {{1}};
    if (is_below_two(modulus)) *r = u256_of(0);
    else multiply_add(r, &one, a, b, modulus);
}

void u256_mulmod(u256 *r, const u256 *a, const u256 *b, const u256 *modulus) {
    const u256 one = {{1}}, zero = {{0}};
    u256 left = *a;
    if (is_below_two(modulus)) {
        *r = zero;
        return;
    }
    if (!u256_less(a, modulus) && !u256_less(b, modulus)) multiply_add(&left, &one, a, &zero, modulus);
    multiply_add(r, &left, b, &zero, modulus);
}

#endif

/* Without a division of long numbers where there is none to do. */
static bool divide_small(u256 *quotient, u256 *remainder, const u256 *a, const u256 *b) {
    u256 nothing = {{0}}, rest = *a;
    limb_t divisor = b->limb[0];
    if (u256_is_zero(b)) {
        *quotient = *remainder = nothing;
        return true;
    }
    if (significant(a->limb, U256_LIMBS) <= 1 && significant(b->limb, U256_LIMBS) <= 1) {
        *quotient = *remainder = nothing;
        quotient->limb[0] = rest.limb[0] / divisor;
        remainder->limb[0] = rest.limb[0] % divisor;
        return true;
    }
    if (!u256_less(a, b)) return false;
    *quotient = nothing;
    *remainder = rest;
    return true;
}

void u256_divide(u256 *quotient, u256 *remainder, const u256 *a, const u256 *b) {
    if (!divide_small(quotient, remainder, a, b)) divide_large(quotient, remainder, a, b);
}

void u256_remainder(u256 *r, const u256 *a, const u256 *b) {
    u256 unused;
    if (divide_small(&unused, r, a, b)) return;
#if defined(__riscv)
    const u256 zero = {{0}};
    u256_addmod(r, a, &zero, b);
#else
    divide_large(&unused, r, a, b);
#endif
}

void u256_divide_signed(u256 *quotient, u256 *remainder, const u256 *a, const u256 *b) {
    bool minus_a = u256_is_negative(a), minus_b = u256_is_negative(b);
    u256 x = *a, y = *b;
    if (minus_a) u256_negate(&x, &x);
    if (minus_b) u256_negate(&y, &y);
    u256_divide(quotient, remainder, &x, &y);
    if (minus_a != minus_b) u256_negate(quotient, quotient);
    if (minus_a) u256_negate(remainder, remainder);
}

void u256_power(u256 *r, const u256 *base, const u256 *exponent) {
    u256 result = u256_of(1), power = *base;
    int limbs = significant(exponent->limb, U256_LIMBS);
    for (int i = 0; i < limbs; i++) {
        limb_t bits = exponent->limb[i];
        /* Below the highest limb every bit squares; in it only those up to the highest that is set. */
        for (int bit = 0; bit < ZK_LIMB_BITS && (bits || i + 1 < limbs); bit++) {
            if (bits & 1) u256_mul(&result, &result, &power);
            bits >>= 1;
            if (bits || i + 1 < limbs) u256_mul(&power, &power, &power);
        }
    }
    *r = result;
}

/* Whether a shift leaves nothing of the number; else *bits is what it is by. */
static inline bool shifts_out(const u256 *by, unsigned *bits) {
    if (!u256_fits64(by) || u256_low(by) >= 256) return true;
    *bits = (unsigned)u256_low(by);
    return false;
}

void u256_shift_left(u256 *r, const u256 *a, const u256 *by) {
    u256 result = {{0}};
    unsigned bits;
    if (!shifts_out(by, &bits)) {
        int limbs = (int)(bits / ZK_LIMB_BITS);
        unsigned part = bits % ZK_LIMB_BITS;
        for (int i = U256_LIMBS - 1; i >= limbs; i--) {
            result.limb[i] = a->limb[i - limbs] << part;
            if (part && i > limbs) result.limb[i] |= a->limb[i - limbs - 1] >> (ZK_LIMB_BITS - part);
        }
    }
    *r = result;
}

static inline void shift_right(u256 *r, const u256 *a, const u256 *by, limb_t fill) {
    u256 result;
    unsigned bits;
    for (int i = 0; i < U256_LIMBS; i++) result.limb[i] = fill;
    if (!shifts_out(by, &bits)) {
        int limbs = (int)(bits / ZK_LIMB_BITS);
        unsigned part = bits % ZK_LIMB_BITS;
        for (int i = 0; i + limbs < U256_LIMBS; i++) {
            limb_t above = i + limbs + 1 < U256_LIMBS ? a->limb[i + limbs + 1] : fill;
            result.limb[i] = a->limb[i + limbs] >> part;
            if (part) result.limb[i] |= above << (ZK_LIMB_BITS - part);
        }
    }
    *r = result;
}

void u256_shift_right(u256 *r, const u256 *a, const u256 *by) { shift_right(r, a, by, 0); }

void u256_shift_right_signed(u256 *r, const u256 *a, const u256 *by) {
    shift_right(r, a, by, u256_is_negative(a) ? (limb_t)-1 : 0);
}

void u256_sign_extend(u256 *r, const u256 *byte, const u256 *a) {
    if (!u256_fits64(byte) || u256_low(byte) >= 31) {
        *r = *a;
        return;
    }
    unsigned sign_bit = 8 * (unsigned)u256_low(byte) + 7;
    int limb = (int)(sign_bit / ZK_LIMB_BITS);
    unsigned unused = ZK_LIMB_BITS - 1 - sign_bit % ZK_LIMB_BITS;
    *r = *a;
    bool negative = (a->limb[limb] >> (sign_bit % ZK_LIMB_BITS)) & 1;
    limb_t fill = negative ? (limb_t)-1 : 0, kept = (limb_t)-1 >> unused;
    r->limb[limb] = (a->limb[limb] & kept) | (fill & ~kept);
    for (int i = limb + 1; i < U256_LIMBS; i++) r->limb[i] = fill;
}

void u256_byte(u256 *r, const u256 *index, const u256 *a) {
    uint64_t value = 0;
    if (u256_fits64(index) && u256_low(index) < 32) {
        unsigned bit = 8 * (31 - (unsigned)u256_low(index));
        value = (a->limb[bit / ZK_LIMB_BITS] >> (bit % ZK_LIMB_BITS)) & 0xff;
    }
    *r = u256_of(value);
}

uint32_t u256_byte_length(const u256 *a) {
    int limbs = significant(a->limb, U256_LIMBS);
    if (limbs == 0) return 0;
    return (uint32_t)limbs * (ZK_LIMB_BITS / 8) - leading_zeros(a->limb[limbs - 1]) / 8;
}
