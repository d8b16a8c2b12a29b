/* Transforms: bit-reversed coefficients to values in natural order, and back.
 *
 * A transform of 2^n points is cut into passes. The pass over blocks takes 2^k consecutive coefficients, which are one
 * residue class of exponents. A pass across takes 2^r points that lie 2^s apart, 2^t neighbouring ones side by side, so
 * that reads and writes of memory are whole sectors. Both transform a tile in shared memory, radix 2. Between passes
 * element (u, j) is multiplied by w^(bitrev(u) j), w of order 2^(s + r): from two tables, of the exponent's low bits and
 * of the others. Grids are tiles by columns. */
#include "field/goldilocks.h"
#include "kernel.h"

/* out[i] = base^bitrev(i) for i < 2^bits. */
ZK_KERNEL powers_reversed(uint64_t *out, uint64_t bits, uint64_t base) {
    for (uint64_t i = zk_thread(); i < (uint64_t)1 << bits; i += zk_threads()) {
        out[i] = gl_pow(base, zk_reversed(i, bits));
    }
}

/* out[i] = base^(i stride) for i < count. */
ZK_KERNEL powers(uint64_t *out, uint64_t count, uint64_t base, uint64_t stride) {
    for (uint64_t i = zk_thread(); i < count; i += zk_threads()) out[i] = gl_pow(base, i * stride);
}

/* out[2^(l - 1) + j] = w^j, w of order 2^l, for j < 2^(l - 1), 1 <= l <= bits; out[0] is not used. */
ZK_KERNEL roots_by_level(uint64_t *out, uint64_t bits, uint64_t inverse) {
    for (uint64_t i = zk_thread() + 1; i < (uint64_t)1 << bits; i += zk_threads()) {
        unsigned level = 63 - (unsigned)__clzll((long long)i);
        uint64_t root = gl_root(level + 1);
        out[i] = gl_pow(inverse ? gl_inv(root) : root, i - ((uint64_t)1 << level));
    }
}

/* 2^bits points from bit-reversed to natural order, 2^lanes transforms side by side. */
static inline ZK_DEVICE void tile_forward(uint64_t *tile, unsigned bits, unsigned lanes, const uint64_t *roots) {
    const unsigned side = (1u << lanes) - 1;
    for (unsigned level = 0; level < bits; level++) {
        const unsigned half = 1u << level;
        for (unsigned i = threadIdx.x; i < 1u << (bits - 1 + lanes); i += blockDim.x) {
            unsigned pair = i >> lanes, j = pair & (half - 1);
            uint64_t *a = tile + ((((pair >> level << (level + 1)) + j) << lanes) | (i & side)), *b = a + (half << lanes);
            uint64_t left = *a, right = gl_mul(*b, roots[half + j]);
            *a = gl_add(left, right);
            *b = gl_sub(left, right);
        }
        __syncthreads();
    }
}

/* From natural to bit-reversed order; the roots are inverses. */
static inline ZK_DEVICE void tile_inverse(uint64_t *tile, unsigned bits, unsigned lanes, const uint64_t *roots) {
    const unsigned side = (1u << lanes) - 1;
    for (unsigned level = bits; level-- > 0;) {
        const unsigned half = 1u << level;
        for (unsigned i = threadIdx.x; i < 1u << (bits - 1 + lanes); i += blockDim.x) {
            unsigned pair = i >> lanes, j = pair & (half - 1);
            uint64_t *a = tile + ((((pair >> level << (level + 1)) + j) << lanes) | (i & side)), *b = a + (half << lanes);
            uint64_t left = *a, right = *b;
            *a = gl_add(left, right);
            *b = gl_mul(gl_sub(left, right), roots[half + j]);
        }
        __syncthreads();
    }
}

/* The first pass forward. With a coset's shift c: inner[l] = (c^(2^(n - k)))^bitrev(l) and outer[b] = c^bitrev(b); both
 * are null without one. */
ZK_KERNEL ntt_forward_block(const uint64_t *from, uint64_t *to, uint64_t log_rows, uint64_t log_block,
                            const uint64_t *roots, const uint64_t *inner, const uint64_t *outer) {
    const uint64_t start = ((uint64_t)blockIdx.y << log_rows) + ((uint64_t)blockIdx.x << log_block);
    const unsigned size = 1u << log_block;
    for (unsigned i = threadIdx.x; i < size; i += blockDim.x) {
        uint64_t value = from[start + i];
        zk_shared[i] = inner ? gl_mul(value, gl_mul(inner[i], outer[blockIdx.x])) : value;
    }
    __syncthreads();
    tile_forward(zk_shared, (unsigned)log_block, 0, roots);
    for (unsigned i = threadIdx.x; i < size; i += blockDim.x) to[start + i] = zk_shared[i];
}

/* Where tile number blockIdx.x of a pass across begins, and the smallest j in it. */
static inline ZK_DEVICE uint64_t tile_start(uint64_t log_rows, uint64_t distance, uint64_t bits, uint64_t lanes, uint64_t *j) {
    const uint64_t tiles = distance - lanes;
    *j = (blockIdx.x & (((uint64_t)1 << tiles) - 1)) << lanes;
    return ((uint64_t)blockIdx.y << log_rows) + (blockIdx.x >> tiles << (distance + bits)) + *j;
}

static inline ZK_DEVICE uint64_t power_of(uint64_t exponent, const uint64_t *low, const uint64_t *high, uint64_t split) {
    return gl_mul(low[exponent & (((uint64_t)1 << split) - 1)], high[exponent >> split]);
}

/* A later pass forward: points 2^distance apart. low[e] = w^e for e < 2^split, high[e] = w^(e 2^split). */
ZK_KERNEL ntt_forward_across(const uint64_t *from, uint64_t *to, uint64_t log_rows, uint64_t distance, uint64_t bits,
                             uint64_t lanes, const uint64_t *roots, const uint64_t *low, const uint64_t *high,
                             uint64_t split) {
    uint64_t first;
    const uint64_t start = tile_start(log_rows, distance, bits, lanes, &first);
    const unsigned side = (1u << lanes) - 1, size = 1u << (bits + lanes);
    for (unsigned i = threadIdx.x; i < size; i += blockDim.x) {
        uint64_t u = i >> lanes, j = first + (i & side);
        uint64_t factor = power_of(zk_reversed(u, bits) * j, low, high, split);
        zk_shared[i] = gl_mul(from[start + (u << distance) + (i & side)], factor);
    }
    __syncthreads();
    tile_forward(zk_shared, (unsigned)bits, (unsigned)lanes, roots);
    for (unsigned i = threadIdx.x; i < size; i += blockDim.x) {
        to[start + ((uint64_t)(i >> lanes) << distance) + (i & side)] = zk_shared[i];
    }
}

/* An earlier pass back; all tables are of inverse roots. */
ZK_KERNEL ntt_inverse_across(const uint64_t *from, uint64_t *to, uint64_t log_rows, uint64_t distance, uint64_t bits,
                             uint64_t lanes, const uint64_t *roots, const uint64_t *low, const uint64_t *high,
                             uint64_t split) {
    uint64_t first;
    const uint64_t start = tile_start(log_rows, distance, bits, lanes, &first);
    const unsigned side = (1u << lanes) - 1, size = 1u << (bits + lanes);
    for (unsigned i = threadIdx.x; i < size; i += blockDim.x) {
        zk_shared[i] = from[start + ((uint64_t)(i >> lanes) << distance) + (i & side)];
    }
    __syncthreads();
    tile_inverse(zk_shared, (unsigned)bits, (unsigned)lanes, roots);
    for (unsigned i = threadIdx.x; i < size; i += blockDim.x) {
        uint64_t u = i >> lanes, j = first + (i & side);
        uint64_t factor = power_of(zk_reversed(u, bits) * j, low, high, split);
        to[start + (u << distance) + (i & side)] = gl_mul(zk_shared[i], factor);
    }
}

/* The last pass back; everything is multiplied by `scale`. */
ZK_KERNEL ntt_inverse_block(const uint64_t *from, uint64_t *to, uint64_t log_rows, uint64_t log_block,
                            const uint64_t *roots, uint64_t scale) {
    const uint64_t start = ((uint64_t)blockIdx.y << log_rows) + ((uint64_t)blockIdx.x << log_block);
    const unsigned size = 1u << log_block;
    for (unsigned i = threadIdx.x; i < size; i += blockDim.x) zk_shared[i] = from[start + i];
    __syncthreads();
    tile_inverse(zk_shared, (unsigned)log_block, 0, roots);
    for (unsigned i = threadIdx.x; i < size; i += blockDim.x) to[start + i] = gl_mul(zk_shared[i], scale);
}
