/* Element by element: whole vectors, then what is left one at a time. */
#include "pointwise/pointwise.h"

#include "field/vector.h"

void ZK_NAME(pointwise_add)(const uint64_t *a, const uint64_t *b, uint64_t *to, size_t begin, size_t end) {
    size_t i = begin;
    for (; i + FV_LANES <= end; i += FV_LANES) fv_store(to + i, fv_add(fv_load(a + i), fv_load(b + i)));
    for (; i < end; i++) to[i] = gl_add(a[i], b[i]);
}

void ZK_NAME(pointwise_mul)(const uint64_t *a, const uint64_t *b, uint64_t *to, size_t begin, size_t end) {
    size_t i = begin;
    for (; i + FV_LANES <= end; i += FV_LANES) fv_store(to + i, fv_mul(fv_load(a + i), fv_load(b + i)));
    for (; i < end; i++) to[i] = gl_mul(a[i], b[i]);
}

void ZK_NAME(pointwise_mul_ext)(const uint64_t *a, const uint64_t *b, uint64_t *to, size_t rows, size_t begin,
                                size_t end) {
    const uint64_t *a1 = a + rows, *a2 = a1 + rows, *b1 = b + rows, *b2 = b1 + rows;
    uint64_t *to1 = to + rows, *to2 = to1 + rows;
    size_t i = begin;
    for (; i + FV_LANES <= end; i += FV_LANES) {
        ev product = ev_mul(ev_load3(a + i, a1 + i, a2 + i), ev_load3(b + i, b1 + i, b2 + i));
        ev_store3(to + i, to1 + i, to2 + i, product);
    }
    for (; i < end; i++) {
        gle product = gle_mul(gle_make(a[i], a1[i], a2[i]), gle_make(b[i], b1[i], b2[i]));
        to[i] = product.c[0];
        to1[i] = product.c[1];
        to2[i] = product.c[2];
    }
}
