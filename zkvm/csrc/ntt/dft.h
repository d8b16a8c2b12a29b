/* Transforms of 2, 4 and 8 vectors in registers, lane by lane. Their twiddles are powers of two, hence shifts:
 * w_4 = 2^48, w_8 = -2^24, w_8^3 = 2^-24.
 *
 * Forward: bit-reversed order in, natural order out. Inverse: natural in, bit-reversed out, not divided by the size. */
#ifndef ZKHUB_DFT_H
#define ZKHUB_DFT_H

#include "field/vector.h"
#include "ntt/shifts.h"

/* (a, b) -> (a + b, a - b) */
static inline void butterfly(fv *a, fv *b) {
    fv sum = fv_add(*a, *b);
    *b = fv_sub(*a, *b);
    *a = sum;
}

/* (a, b) -> (a - b, a + b) */
static inline void butterfly_crossed(fv *a, fv *b) {
    fv difference = fv_sub(*a, *b);
    *b = fv_add(*a, *b);
    *a = difference;
}

static inline void dft4_forward(fv x[4]) {
    butterfly(&x[0], &x[1]);
    butterfly(&x[2], &x[3]);
    x[3] = fv_times_2_48(x[3]);
    butterfly(&x[0], &x[2]);
    butterfly(&x[1], &x[3]);
}

static inline void dft8_forward(fv x[8]) {
    dft4_forward(x);
    dft4_forward(x + 4);
    x[5] = fv_times_2_24(x[5]);
    x[6] = fv_times_2_48(x[6]);
    x[7] = fv_over_2_24(x[7]);
    butterfly(&x[0], &x[4]);
    butterfly_crossed(&x[1], &x[5]);
    butterfly(&x[2], &x[6]);
    butterfly(&x[3], &x[7]);
}

static inline void dft4_inverse(fv x[4]) {
    butterfly(&x[0], &x[2]);
    fv difference = fv_sub(x[3], x[1]);
    x[1] = fv_add(x[1], x[3]);
    x[3] = fv_times_2_48(difference);
    butterfly(&x[0], &x[1]);
    butterfly(&x[2], &x[3]);
}

static inline void dft8_inverse(fv x[8]) {
    butterfly(&x[0], &x[4]);
    fv from1 = fv_sub(x[5], x[1]), from2 = fv_sub(x[6], x[2]), from3 = fv_sub(x[3], x[7]);
    x[1] = fv_add(x[1], x[5]);
    x[2] = fv_add(x[2], x[6]);
    x[3] = fv_add(x[3], x[7]);
    x[5] = fv_over_2_24(from1);
    x[6] = fv_times_2_48(from2);
    x[7] = fv_times_2_24(from3);
    dft4_inverse(x);
    dft4_inverse(x + 4);
}

/* `radix` is a constant where this is called: 2, 4 or 8. */
static inline __attribute__((always_inline)) void dft_forward(fv *x, unsigned radix) {
    if (radix == 8) {
        dft8_forward(x);
    } else if (radix == 4) {
        dft4_forward(x);
    } else {
        butterfly(&x[0], &x[1]);
    }
}

static inline __attribute__((always_inline)) void dft_inverse(fv *x, unsigned radix) {
    if (radix == 8) {
        dft8_inverse(x);
    } else if (radix == 4) {
        dft4_inverse(x);
    } else {
        butterfly(&x[0], &x[1]);
    }
}

#endif
