/* Inverses of vectors. */
#ifndef ZKHUB_INVERSE_H
#define ZKHUB_INVERSE_H

#include <stddef.h>

#include "field/vector.h"

static inline ZK_DEVICE fv fv_square_times(fv a, int times) {
#ifdef __CUDACC__
#pragma unroll 1 /* 66 squarings in a row would be most of a kernel's code */
#endif
    for (int i = 0; i < times; i++) a = fv_square(a);
    return a;
}

/* a^(p - 2), p - 2 = (2^31 - 1) 2^33 + 2^32 - 1; 0 for 0. */
static inline ZK_DEVICE fv fv_inv(fv a) {
    fv ones2 = fv_mul(fv_square(a), a); /* a^(2^2 - 1), and so on */
    fv ones3 = fv_mul(fv_square(ones2), a);
    fv ones6 = fv_mul(fv_square_times(ones3, 3), ones3);
    fv ones12 = fv_mul(fv_square_times(ones6, 6), ones6);
    fv ones24 = fv_mul(fv_square_times(ones12, 12), ones12);
    fv ones30 = fv_mul(fv_square_times(ones24, 6), ones6);
    fv ones31 = fv_mul(fv_square(ones30), a);
    fv ones32 = fv_mul(fv_square(ones31), a);
    return fv_mul(fv_square_times(ones31, 33), ones32);
}

/* Replace each of `count` (at least 1) vectors by its inverse; returns 0 if a lane of one is zero. `products` has
 * room for `count` vectors. */
static inline ZK_DEVICE int fv_invert_all(fv *values, fv *products, size_t count) {
    products[0] = values[0];
    for (size_t i = 1; i < count; i++) products[i] = fv_mul(products[i - 1], values[i]);
    uint64_t lanes[FV_LANES];
    fv_store(lanes, products[count - 1]);
    for (int i = 0; i < FV_LANES; i++) {
        if (lanes[i] == 0) return 0;
    }
    fv inverse = fv_inv(products[count - 1]);
    for (size_t i = count - 1; i > 0; i--) {
        fv value = values[i];
        values[i] = fv_mul(inverse, products[i - 1]);
        inverse = fv_mul(inverse, value);
    }
    values[0] = inverse;
    return 1;
}

/* 1 / a = cofactors / norm, by the matrix of "times a": see gle_inv. */
static inline ZK_DEVICE ev ev_cofactors(ev a, fv *norm) {
    fv d = fv_add(a.c0, a.c2), e = fv_add(a.c1, a.c2);
    ev b = ev_make(fv_sub(fv_square(d), fv_mul(a.c1, e)), fv_sub(fv_mul(a.c2, e), fv_mul(a.c1, d)),
                   fv_sub(fv_square(a.c1), fv_mul(a.c2, d)));
    *norm = fv_add(fv_add(fv_mul(a.c0, b.c0), fv_mul(a.c2, b.c1)), fv_mul(a.c1, b.c2));
    return b;
}

#endif
