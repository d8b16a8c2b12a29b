/* Element by element, and copies between arrays of any strides. A thread takes elements a grid apart. */
#include "field/goldilocks.h"
#include "kernel.h"

ZK_KERNEL fill(uint64_t *out, uint64_t count, uint64_t value) {
    for (uint64_t i = zk_thread(); i < count; i += zk_threads()) out[i] = value;
}

/* Three dimensions of d0 x d1 x d2 elements; strides are in elements, and a source's may be 0. */
ZK_KERNEL copy(uint64_t *to, uint64_t to0, uint64_t to1, uint64_t to2, const uint64_t *from, uint64_t from0,
               uint64_t from1, uint64_t from2, uint64_t d0, uint64_t d1, uint64_t d2) {
    for (uint64_t i = zk_thread(); i < d0 * d1 * d2; i += zk_threads()) {
        uint64_t z = i % d2, y = i / d2 % d1, x = i / d2 / d1;
        to[x * to0 + y * to1 + z * to2] = from[x * from0 + y * from1 + z * from2];
    }
}

/* out[c, i] = columns[c, rows[i]]. */
ZK_KERNEL pick(const uint64_t *columns, uint64_t stride, uint64_t width, const uint64_t *rows, uint64_t count,
               uint64_t *out) {
    for (uint64_t i = zk_thread(); i < width * count; i += zk_threads()) {
        out[i] = columns[i / count * stride + rows[i % count]];
    }
}

ZK_KERNEL add(const uint64_t *left, const uint64_t *right, uint64_t count, uint64_t *out) {
    for (uint64_t i = zk_thread(); i < count; i += zk_threads()) out[i] = gl_add(left[i], right[i]);
}

/* Every column times one; the grid is rows by columns. */
ZK_KERNEL multiply(const uint64_t *columns, const uint64_t *factors, uint64_t rows, uint64_t *out) {
    const uint64_t *column = columns + blockIdx.y * rows;
    for (uint64_t i = zk_thread(); i < rows; i += zk_threads()) {
        out[blockIdx.y * rows + i] = gl_mul(column[i], factors[i]);
    }
}

ZK_KERNEL multiply_ext(const uint64_t *left, const uint64_t *right, uint64_t rows, uint64_t *out) {
    for (uint64_t i = zk_thread(); i < rows; i += zk_threads()) {
        gle_store(out, rows, i, gle_mul(gle_load(left, rows, i), gle_load(right, rows, i)));
    }
}
