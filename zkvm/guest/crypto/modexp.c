#include "crypto/modexp.h"
#include "base/division.h"

enum { LIMB_BYTES = ZK_LIMB_BITS / 8, WINDOW = 4, POWERS = 1 << WINDOW, SHORT_EXPONENT = 4 };

/* A modulus under way: `size` limbs, the highest not 0. */
typedef struct {
    int size;
    limb_t *value;
    limb_t *normal; /* value << shift, its highest bit set */
    unsigned shift;
    limb_t reciprocal; /* of normal */
    limb_t negated_inverse; /* -1 / value mod 2^ZK_LIMB_BITS, where products are Montgomery's; else 0 */
    limb_t *wide;           /* 2 * size + 1 limbs */
} modulus_t;

static inline int limbs_of(uint32_t bytes) { return (int)(bytes / LIMB_BYTES + (bytes % LIMB_BYTES != 0)); }

uint64_t zk_modexp_scratch(uint32_t base_size, uint32_t modulus_size) {
    uint64_t size = (uint64_t)modulus_size / LIMB_BYTES + 1, base = (uint64_t)base_size / LIMB_BYTES + 1;
    return (size * (2 + POWERS + 1 + 2) + 1 + base + size + 1) * LIMB_BYTES;
}

static void limbs_from_bytes(limb_t *to, int limbs, bytes_t from) {
    memset(to, 0, (size_t)limbs * LIMB_BYTES);
    for (uint32_t i = 0; i < from.size; i++)
        to[i / LIMB_BYTES] |= (limb_t)from.data[from.size - 1 - i] << (8 * (i % LIMB_BYTES));
}

/* to <- number mod m; the number has room for one limb more than `count`, and is used up. */
static void remainder_by(limb_t *to, limb_t *number, int count, const modulus_t *m) {
    number[count] = shift_up(number, number, count, m->shift);
    if (m->size == 1) {
        limb_t rest = number[count];
        for (int i = count - 1; i >= 0; i--) divide_by_one(&rest, number[i], m->normal[0], m->reciprocal);
        to[0] = rest >> m->shift;
        return;
    }
    for (int i = count - m->size; i >= 0; i--) quotient_digit(number + i, m->normal, m->size, m->reciprocal);
    int have = count < m->size ? count : m->size;
    for (int i = 0; i < have; i++)
        to[i] = m->shift ? number[i] >> m->shift | number[i + 1] << (ZK_LIMB_BITS - m->shift) : number[i];
    for (int i = have; i < m->size; i++) to[i] = 0;
}

/* sum <- sum + a * b over n limbs; what goes beyond them is returned. */
static inline limb_t add_multiple(limb_t *sum, const limb_t *a, limb_t b, int n) {
    limb_t carry = 0;
    for (int i = 0; i < n; i++) {
        limb2_t part = (limb2_t)a[i] * b + sum[i] + carry;
        sum[i] = (limb_t)part;
        carry = (limb_t)(part >> ZK_LIMB_BITS);
    }
    return carry;
}

/* r <- a * b mod m */
static void multiply_even(limb_t *r, const limb_t *a, const limb_t *b, const modulus_t *m) {
    memset(m->wide, 0, (size_t)(2 * m->size) * LIMB_BYTES);
    for (int i = 0; i < m->size; i++) m->wide[i + m->size] = add_multiple(m->wide + i, a, b[i], m->size);
    remainder_by(r, m->wide, 2 * m->size, m);
}

static bool at_least(const limb_t *a, const limb_t *b, int n) {
    for (int i = n - 1; i >= 0; i--)
        if (a[i] != b[i]) return a[i] > b[i];
    return true;
}

/* r <- a * b / 2^(ZK_LIMB_BITS * size) mod m. Montgomery, Modular multiplication without trial division (1985). */
static void multiply_odd(limb_t *r, const limb_t *a, const limb_t *b, const modulus_t *m) {
    int n = m->size;
    limb_t *sum = m->wide, top = 0;
    memset(sum, 0, (size_t)(2 * n) * LIMB_BYTES);
    for (int i = 0; i < n; i++) {
        limb_t first = add_multiple(sum + i, a, b[i], n);
        limb_t second = add_multiple(sum + i, m->value, sum[i] * m->negated_inverse, n);
        limb2_t carried = (limb2_t)sum[i + n] + first + second + top;
        sum[i + n] = (limb_t)carried;
        top = (limb_t)(carried >> ZK_LIMB_BITS);
    }
    limb_t borrow = 0;
    bool subtract = top || at_least(sum + n, m->value, n);
    for (int i = 0; i < n; i++) {
        limb2_t difference = (limb2_t)sum[n + i] - (subtract ? m->value[i] : 0) - borrow;
        r[i] = (limb_t)difference;
        borrow = (limb_t)(difference >> ZK_LIMB_BITS) & 1;
    }
}

/* Whether a product is one call of the MULMOD precompile. */
static inline bool is_short(const modulus_t *m) {
#if defined(__riscv)
    return m->size <= U256_LIMBS;
#else
    (void)m;
    return false;
#endif
}

/* r <- a * b mod m */
static void multiply_short(limb_t *r, const limb_t *a, const limb_t *b, const modulus_t *m) {
    u256 left = {{0}}, right = {{0}}, modulus = {{0}};
    for (int i = 0; i < m->size; i++) {
        left.limb[i] = a[i];
        right.limb[i] = b[i];
        modulus.limb[i] = m->value[i];
    }
    u256_mulmod(&left, &left, &right, &modulus);
    for (int i = 0; i < m->size; i++) r[i] = left.limb[i];
}

static void multiply(limb_t *r, const limb_t *a, const limb_t *b, const modulus_t *m) {
    if (is_short(m)) multiply_short(r, a, b, m);
    else if (m->negated_inverse) multiply_odd(r, a, b, m);
    else multiply_even(r, a, b, m);
}

/* -1 / odd mod 2^ZK_LIMB_BITS: each of Newton's steps doubles the bits that are right, beginning with 3. */
static limb_t negate_inverse(limb_t odd) {
    limb_t inverse = odd;
    for (int bits = 3; bits < ZK_LIMB_BITS; bits *= 2) inverse *= 2 - odd * inverse;
    return (limb_t)0 - inverse;
}

/* Digit `index` from the highest, of `window` bits: 1 or 4. */
static inline unsigned digit_at(bytes_t exponent, uint64_t index, int window) {
    uint64_t bit = index * (unsigned)window;
    return (unsigned)exponent.data[bit / 8] >> (8 - window - (int)(bit % 8)) & ((1u << window) - 1);
}

/* result <- power[1]^exponent, where power[0] is one; a short exponent is not worth a table of powers. */
static void raise(limb_t *result, limb_t *powers, bytes_t exponent, const modulus_t *m) {
    size_t bytes = (size_t)m->size * LIMB_BYTES;
    int window = exponent.size > SHORT_EXPONENT ? WINDOW : 1;
    for (int i = 2; i < 1 << window; i++)
        multiply(powers + i * m->size, powers + (i - 1) * m->size, powers + m->size, m);
    memcpy(result, powers, bytes);
    bool is_one = true;
    for (uint64_t index = 0; index < 8 * (uint64_t)exponent.size / (unsigned)window; index++) {
        unsigned digit = digit_at(exponent, index, window);
        for (int i = 0; i < window && !is_one; i++) multiply(result, result, result, m);
        if (digit == 0) continue;
        if (is_one) memcpy(result, powers + digit * (unsigned)m->size, bytes);
        else multiply(result, result, powers + digit * (unsigned)m->size, m);
        is_one = false;
    }
}

/* to <- number * 2^(ZK_LIMB_BITS * size) mod m, for a number below m */
static void enter(limb_t *to, const limb_t *number, const modulus_t *m) {
    memset(m->wide, 0, (size_t)m->size * LIMB_BYTES);
    memcpy(m->wide + m->size, number, (size_t)m->size * LIMB_BYTES);
    remainder_by(to, m->wide, 2 * m->size, m);
}

static void power_modulo(limb_t *result, bytes_t base, bytes_t exponent, modulus_t *m, limb_t *scratch) {
    limb_t *powers = scratch, *number = powers + POWERS * m->size;
    int count = limbs_of(base.size);
    m->negated_inverse = m->value[0] & 1 && !is_short(m) ? negate_inverse(m->value[0]) : 0;
    limbs_from_bytes(number, count, base);
    remainder_by(powers + m->size, number, count, m);
    remainder_by(powers, (limb_t[2]){1, 0}, 1, m);
    if (m->negated_inverse)
        for (int i = 0; i < 2; i++) enter(powers + i * m->size, powers + i * m->size, m);
    raise(result, powers, exponent, m);
    if (m->negated_inverse) {
        memset(number, 0, (size_t)m->size * LIMB_BYTES);
        number[0] = 1;
        multiply(result, result, number, m);
    }
}

void zk_modexp(uint8_t *result, bytes_t base, bytes_t exponent, bytes_t modulus, void *scratch) {
    int size = limbs_of(modulus.size);
    limb_t *value = scratch, *normal = value + size, *power = normal + size, *wide = power + size;
    if (modulus.size == 0) return;
    memset(result, 0, modulus.size);
    limbs_from_bytes(value, size, modulus);
    int used = significant(value, size);
    if (used == 0) return;
    modulus_t m = {.size = used, .value = value, .normal = normal, .wide = wide};
    m.shift = leading_zeros(value[used - 1]);
    shift_up(normal, value, used, m.shift);
    m.reciprocal = reciprocal_of(normal, used);
    power_modulo(power, base, exponent, &m, wide + 2 * size + 1);
    for (uint32_t i = 0; i < modulus.size && (int)(i / LIMB_BYTES) < used; i++)
        result[modulus.size - 1 - i] = (uint8_t)(power[i / LIMB_BYTES] >> (8 * (i % LIMB_BYTES)));
}
