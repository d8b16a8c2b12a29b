/* Weighted sums of columns, evaluations, running sums. */
#include "field/goldilocks.h"
#include "kernel.h"

/* A sum of up to 2^64 products of field elements, before it is reduced: top 2^128 + high 2^64 + low. */
typedef struct {
    uint64_t low, high, top;
} wide;

static inline ZK_DEVICE void wide_add(wide *sum, uint64_t a, uint64_t b) {
    uint64_t low = a * b, high = __umul64hi(a, b);
    sum->low += low;
    high += sum->low < low; /* a product's high half is at most 2^64 - 2 */
    sum->high += high;
    sum->top += sum->high < high;
}

/* 2^128 = -2^32. */
static inline ZK_DEVICE uint64_t wide_take(const wide *sum) {
    return gl_sub(gl_reduce(sum->high, sum->low), gl_mul(sum->top, (uint64_t)1 << 32));
}

/* out[row] = sum of weights[c] columns[c, row]; the weights are in F. */
ZK_KERNEL combine(const uint64_t *columns, uint64_t width, uint64_t rows, const uint64_t *weights, uint64_t *out) {
    for (uint64_t row = zk_thread(); row < rows; row += zk_threads()) {
        wide sums[3] = {{0, 0, 0}, {0, 0, 0}, {0, 0, 0}};
        for (uint64_t c = 0; c < width; c++) {
            const uint64_t value = columns[c * rows + row];
            for (unsigned k = 0; k < 3; k++) wide_add(&sums[k], value, weights[3 * c + k]);
        }
        for (unsigned k = 0; k < 3; k++) out[k * rows + row] = wide_take(&sums[k]);
    }
}

/* out[i] = base^bitrev(i) for i < 2^bits, in F, or three powers of base elements side by side. */
ZK_KERNEL point_powers(uint64_t *out, uint64_t bits, uint64_t c0, uint64_t c1, uint64_t c2, uint64_t extension) {
    const uint64_t count = (uint64_t)1 << bits;
    for (uint64_t i = zk_thread(); i < count; i += zk_threads()) {
        const uint64_t exponent = zk_reversed(i, bits);
        gle power = extension ? gle_pow(gle_make(c0, c1, c2), exponent)
                              : gle_make(gl_pow(c0, exponent), gl_pow(c1, exponent), gl_pow(c2, exponent));
        for (unsigned k = 0; k < 3; k++) out[k * count + i] = power.c[k];
    }
}

/* Adds up what the threads of a block hold, coordinate by coordinate; the first thread has the sum. Shared memory: three
 * words a thread, whose number is a power of two. */
static inline ZK_DEVICE gle block_total(gle own) {
    for (unsigned k = 0; k < 3; k++) zk_shared[k * blockDim.x + threadIdx.x] = own.c[k];
    __syncthreads();
    for (unsigned half = blockDim.x / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) {
            for (unsigned k = 0; k < 3; k++) {
                uint64_t *at = zk_shared + k * blockDim.x + threadIdx.x;
                *at = gl_add(at[0], at[half]);
            }
        }
        __syncthreads();
    }
    return gle_make(zk_shared[0], zk_shared[blockDim.x], zk_shared[2 * blockDim.x]);
}

/* Values of columns of bit-reversed coefficients at one point of F or at three of the base field. Index (h, l) has
 * exponent bitrev(l) 2^high_bits + bitrev(h): `low` and `high` are the powers for those. The grid is chunks of h by
 * columns; a chunk's share of coordinate k of column c goes to out[(k columns + c) chunks + chunk]. */
ZK_KERNEL eval_columns(const uint64_t *coefficients, uint64_t low_bits, uint64_t high_bits, const uint64_t *low,
                       const uint64_t *high, uint64_t extension, uint64_t *out) {
    const uint64_t lows = (uint64_t)1 << low_bits, highs = (uint64_t)1 << high_bits;
    const uint64_t *column = coefficients + ((uint64_t)blockIdx.y << (low_bits + high_bits));
    gle total = gle_make(0, 0, 0);
    for (uint64_t h = blockIdx.x; h < highs; h += gridDim.x) {
        wide sums[3] = {{0, 0, 0}, {0, 0, 0}, {0, 0, 0}};
        for (uint64_t l = threadIdx.x; l < lows; l += blockDim.x) {
            const uint64_t value = column[(h << low_bits) + l];
            for (unsigned k = 0; k < 3; k++) wide_add(&sums[k], value, low[k * lows + l]);
        }
        gle part = gle_make(wide_take(&sums[0]), wide_take(&sums[1]), wide_take(&sums[2]));
        gle power = gle_make(high[h], high[highs + h], high[2 * highs + h]);
        total = gle_add(total, extension ? gle_mul(part, power)
                                         : gle_make(gl_mul(part.c[0], power.c[0]), gl_mul(part.c[1], power.c[1]),
                                                    gl_mul(part.c[2], power.c[2])));
    }
    total = block_total(total);
    if (threadIdx.x == 0) {
        for (uint64_t k = 0; k < 3; k++) out[(k * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x] = total.c[k];
    }
}

/* out[g] = sum of the `count` values of group g; a thread a group. */
ZK_KERNEL sum_groups(const uint64_t *values, uint64_t count, uint64_t groups, uint64_t *out) {
    for (uint64_t group = zk_thread(); group < groups; group += zk_threads()) {
        uint64_t sum = 0;
        for (uint64_t i = 0; i < count; i++) sum = gl_add(sum, values[group * count + i]);
        out[group] = sum;
    }
}

#define SCAN_EACH 4 /* elements a thread; scans.py knows it */

/* Sums of all earlier elements of the same tile of SCAN_EACH blockDim.x, and each tile's sum. The grid is tiles by
 * columns. Shared memory: two words a thread. */
ZK_KERNEL scan_tiles(const uint64_t *values, uint64_t rows, uint64_t *out, uint64_t *tile_sums) {
    const uint64_t first = zk_thread() * SCAN_EACH, column = blockIdx.y * rows;
    uint64_t sums[SCAN_EACH], own = 0;
    for (unsigned i = 0; i < SCAN_EACH; i++) {
        sums[i] = own;
        if (first + i < rows) own = gl_add(own, values[column + first + i]);
    }
    /* Each round reads what the round before wrote, from the other half. */
    uint64_t *now = zk_shared, *next = zk_shared + blockDim.x;
    now[threadIdx.x] = own;
    __syncthreads();
    for (unsigned reach = 1; reach < blockDim.x; reach *= 2) {
        uint64_t sum = now[threadIdx.x];
        next[threadIdx.x] = threadIdx.x < reach ? sum : gl_add(sum, now[threadIdx.x - reach]);
        __syncthreads();
        uint64_t *other = now;
        now = next;
        next = other;
    }
    const uint64_t before = threadIdx.x == 0 ? 0 : now[threadIdx.x - 1];
    for (unsigned i = 0; i < SCAN_EACH; i++) {
        if (first + i < rows) out[column + first + i] = gl_add(before, sums[i]);
    }
    if (threadIdx.x == blockDim.x - 1) tile_sums[blockIdx.y * gridDim.x + blockIdx.x] = now[threadIdx.x];
}

/* Adds to each element what its tile begins with. */
ZK_KERNEL scan_add(uint64_t *values, uint64_t rows, const uint64_t *starts) {
    const uint64_t first = zk_thread() * SCAN_EACH, column = blockIdx.y * rows;
    const uint64_t start = starts[blockIdx.y * gridDim.x + blockIdx.x];
    for (unsigned i = 0; i < SCAN_EACH; i++) {
        if (first + i < rows) values[column + first + i] = gl_add(values[column + first + i], start);
    }
}
