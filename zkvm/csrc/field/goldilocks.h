/* Goldilocks, p = 2^64 - 2^32 + 1, and its cubic extension F = F_p[x] / (x^3 - x - 1), one element at a time.
 *
 * Every value that enters or leaves a function is canonical (< p) unless its comment says otherwise. The same text
 * compiles as C and as CUDA. */
#ifndef ZKHUB_GOLDILOCKS_H
#define ZKHUB_GOLDILOCKS_H

#include "device.h"

#define GL_P 0xFFFFFFFF00000001ULL
#define GL_EPSILON 0xFFFFFFFFULL /* 2^64 mod p */
#define GL_GENERATOR 7ULL
#define GL_TWO_ADICITY 32

/* An element of F: c[0] + c[1] x + c[2] x^2. */
typedef struct {
    uint64_t c[3];
} gle;

static inline ZK_DEVICE uint64_t gl_add(uint64_t a, uint64_t b) {
    uint64_t missing = GL_P - b;
    return a >= missing ? a - missing : a + b;
}

static inline ZK_DEVICE uint64_t gl_sub(uint64_t a, uint64_t b) {
    uint64_t d = a - b;
    return a < b ? d + GL_P : d;
}

static inline ZK_DEVICE uint64_t gl_neg(uint64_t a) { return a == 0 ? 0 : GL_P - a; }

/* hi * 2^64 + lo mod p, from 2^64 = 2^32 - 1 and 2^96 = -1. */
static inline ZK_DEVICE uint64_t gl_reduce(uint64_t hi, uint64_t lo) {
    uint64_t top = hi >> 32;
    uint64_t t = lo - top;
    if (lo < top) t -= GL_EPSILON;
    uint64_t u = (hi & GL_EPSILON) * GL_EPSILON;
    uint64_t r = t + u;
    if (r < u) r += GL_EPSILON;
    return r >= GL_P ? r - GL_P : r;
}

/* Any two 64-bit values; the product is canonical. */
static inline ZK_DEVICE uint64_t gl_mul(uint64_t a, uint64_t b) {
#if defined(__CUDA_ARCH__) || defined(__CUDACC_RTC__)
    return gl_reduce(__umul64hi(a, b), a * b);
#else
    unsigned __int128 m = (unsigned __int128)a * b;
    return gl_reduce((uint64_t)(m >> 64), (uint64_t)m);
#endif
}

static inline ZK_DEVICE uint64_t gl_square(uint64_t a) { return gl_mul(a, a); }

static inline ZK_DEVICE uint64_t gl_pow(uint64_t base, uint64_t exponent) {
    uint64_t result = 1;
    for (; exponent != 0; exponent >>= 1) {
        if (exponent & 1) result = gl_mul(result, base);
        base = gl_square(base);
    }
    return result;
}

/* 1 / a; 0 for 0. */
static inline ZK_DEVICE uint64_t gl_inv(uint64_t a) { return gl_pow(a, GL_P - 2); }

/* The root of unity of order 2^log2: generator^((p - 1) / 2^log2). */
static inline ZK_DEVICE uint64_t gl_root(unsigned log2) { return gl_pow(GL_GENERATOR, (GL_P - 1) >> log2); }

static inline ZK_DEVICE gle gle_make(uint64_t c0, uint64_t c1, uint64_t c2) {
    gle r = {{c0, c1, c2}};
    return r;
}

/* The element of a row, in three columns of `rows` words one after the other. */
static inline ZK_DEVICE gle gle_load(const uint64_t *columns, size_t rows, size_t row) {
    return gle_make(columns[row], columns[rows + row], columns[2 * rows + row]);
}

static inline ZK_DEVICE void gle_store(uint64_t *columns, size_t rows, size_t row, gle value) {
    for (unsigned i = 0; i < 3; i++) columns[i * rows + row] = value.c[i];
}

static inline ZK_DEVICE gle gle_add(gle a, gle b) {
    return gle_make(gl_add(a.c[0], b.c[0]), gl_add(a.c[1], b.c[1]), gl_add(a.c[2], b.c[2]));
}

static inline ZK_DEVICE gle gle_sub(gle a, gle b) {
    return gle_make(gl_sub(a.c[0], b.c[0]), gl_sub(a.c[1], b.c[1]), gl_sub(a.c[2], b.c[2]));
}

static inline ZK_DEVICE gle gle_neg(gle a) { return gle_make(gl_neg(a.c[0]), gl_neg(a.c[1]), gl_neg(a.c[2])); }

static inline ZK_DEVICE gle gle_mul_base(gle a, uint64_t b) {
    return gle_make(gl_mul(a.c[0], b), gl_mul(a.c[1], b), gl_mul(a.c[2], b));
}

/* Karatsuba: six products; x^3 = x + 1 and x^4 = x^2 + x. */
static inline ZK_DEVICE gle gle_mul(gle a, gle b) {
    uint64_t v0 = gl_mul(a.c[0], b.c[0]), v1 = gl_mul(a.c[1], b.c[1]), v2 = gl_mul(a.c[2], b.c[2]);
    uint64_t p01 = gl_mul(gl_add(a.c[0], a.c[1]), gl_add(b.c[0], b.c[1]));
    uint64_t p02 = gl_mul(gl_add(a.c[0], a.c[2]), gl_add(b.c[0], b.c[2]));
    uint64_t p12 = gl_mul(gl_add(a.c[1], a.c[2]), gl_add(b.c[1], b.c[2]));
    uint64_t cross = gl_sub(p12, v1);
    return gle_make(gl_sub(gl_add(v0, cross), v2), gl_sub(gl_sub(gl_add(p01, cross), v0), v1),
                    gl_add(gl_sub(p02, v0), v1));
}

static inline ZK_DEVICE gle gle_square(gle a) { return gle_mul(a, a); }

/* 1 / a by the cofactors of the matrix of "times a"; 0 for 0. */
static inline ZK_DEVICE gle gle_inv(gle a) {
    uint64_t d = gl_add(a.c[0], a.c[2]), e = gl_add(a.c[1], a.c[2]);
    uint64_t b0 = gl_sub(gl_square(d), gl_mul(a.c[1], e));
    uint64_t b1 = gl_sub(gl_mul(a.c[2], e), gl_mul(a.c[1], d));
    uint64_t b2 = gl_sub(gl_square(a.c[1]), gl_mul(a.c[2], d));
    uint64_t norm = gl_add(gl_add(gl_mul(a.c[0], b0), gl_mul(a.c[2], b1)), gl_mul(a.c[1], b2));
    return gle_mul_base(gle_make(b0, b1, b2), gl_inv(norm));
}

static inline ZK_DEVICE gle gle_pow(gle base, uint64_t exponent) {
    gle result = gle_make(1, 0, 0);
    for (; exponent != 0; exponent >>= 1) {
        if (exponent & 1) result = gle_mul(result, base);
        base = gle_square(base);
    }
    return result;
}

#endif
