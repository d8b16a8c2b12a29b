/* Transforms of 2, 4, 8 and 16 vectors in registers, lane by lane. Their twiddles are powers of two, hence shifts:
 * w_4 = 2^48, w_8 = -2^24, w_8^3 = 2^-24, w_16 = -2^60, w_16^3 = -2^-12, w_16^5 = 2^12, w_16^7 = -2^36.
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

/* (a, b) -> (a + b, b - a) */
static inline void butterfly_reversed(fv *a, fv *b) {
    fv sum = fv_add(*a, *b);
    *b = fv_sub(*b, *a);
    *a = sum;
}

static inline void dft4_forward(fv x[4]) {
    butterfly(&x[0], &x[1]);
    butterfly(&x[2], &x[3]);
    x[3] = fv_times_middle(x[3], 48);
    butterfly(&x[0], &x[2]);
    butterfly(&x[1], &x[3]);
}

static inline void dft8_forward(fv x[8]) {
    dft4_forward(x);
    dft4_forward(x + 4);
    x[5] = fv_times_low(x[5], 24);
    x[6] = fv_times_middle(x[6], 48);
    x[7] = fv_over(x[7], 24);
    butterfly(&x[0], &x[4]);
    butterfly_crossed(&x[1], &x[5]);
    butterfly(&x[2], &x[6]);
    butterfly(&x[3], &x[7]);
}

static inline void dft4_inverse(fv x[4]) {
    butterfly(&x[0], &x[2]);
    butterfly_reversed(&x[1], &x[3]);
    x[3] = fv_times_middle(x[3], 48);
    butterfly(&x[0], &x[1]);
    butterfly(&x[2], &x[3]);
}

static inline void dft8_inverse(fv x[8]) {
    butterfly(&x[0], &x[4]);
    butterfly_reversed(&x[1], &x[5]);
    butterfly_reversed(&x[2], &x[6]);
    butterfly(&x[3], &x[7]);
    x[5] = fv_over(x[5], 24);
    x[6] = fv_times_middle(x[6], 48);
    x[7] = fv_times_low(x[7], 24);
    dft4_inverse(x);
    dft4_inverse(x + 4);
}

static inline void dft16_forward(fv x[16]) {
    dft8_forward(x);
    dft8_forward(x + 8);
    x[9] = fv_times_middle(x[9], 60);
    x[10] = fv_times_low(x[10], 24);
    x[11] = fv_over(x[11], 12);
    x[12] = fv_times_middle(x[12], 48);
    x[13] = fv_times_low(x[13], 12);
    x[14] = fv_over(x[14], 24);
    x[15] = fv_times_middle(x[15], 36);
    butterfly(&x[0], &x[8]);
    butterfly_crossed(&x[1], &x[9]);
    butterfly_crossed(&x[2], &x[10]);
    butterfly_crossed(&x[3], &x[11]);
    butterfly(&x[4], &x[12]);
    butterfly(&x[5], &x[13]);
    butterfly(&x[6], &x[14]);
    butterfly_crossed(&x[7], &x[15]);
}

static inline void dft16_inverse(fv x[16]) {
    butterfly(&x[0], &x[8]);
    butterfly(&x[1], &x[9]);
    butterfly_reversed(&x[2], &x[10]);
    butterfly_reversed(&x[3], &x[11]);
    butterfly_reversed(&x[4], &x[12]);
    butterfly(&x[5], &x[13]);
    butterfly(&x[6], &x[14]);
    butterfly(&x[7], &x[15]);
    x[9] = fv_times_middle(x[9], 36);
    x[10] = fv_over(x[10], 24);
    x[11] = fv_times_low(x[11], 12);
    x[12] = fv_times_middle(x[12], 48);
    x[13] = fv_over(x[13], 12);
    x[14] = fv_times_low(x[14], 24);
    x[15] = fv_times_middle(x[15], 60);
    dft8_inverse(x);
    dft8_inverse(x + 8);
}

/* `radix` is a constant where this is called: 2, 4, 8 or 16. */
static inline __attribute__((always_inline)) void dft_forward(fv *x, unsigned radix) {
    if (radix == 16) {
        dft16_forward(x);
    } else if (radix == 8) {
        dft8_forward(x);
    } else if (radix == 4) {
        dft4_forward(x);
    } else {
        butterfly(&x[0], &x[1]);
    }
}

static inline __attribute__((always_inline)) void dft_inverse(fv *x, unsigned radix) {
    if (radix == 16) {
        dft16_inverse(x);
    } else if (radix == 8) {
        dft8_inverse(x);
    } else if (radix == 4) {
        dft4_inverse(x);
    } else {
        butterfly(&x[0], &x[1]);
    }
}

#endif
