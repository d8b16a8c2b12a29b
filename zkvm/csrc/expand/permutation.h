/* The cells of KECCAK's rows (zkvm/machine/tables/keccak.py), for C and CUDA. */
#ifndef ZKHUB_PERMUTATION_H
#define ZKHUB_PERMUTATION_H

#include "device.h"

#define ZK_KECCAK_WORDS 50
#define ZK_KECCAK_CALL_WORDS 102 /* ts, pointer, 50 words before, 50 words after */

enum { LANES = 25, KEYS = 5, CELLS = 31, ROUNDS = 24, SLICES = 64, X0 = 30, RADIX = 12 };

/* rho: by how much lane x + 5 y is rotated. */
ZK_CONSTANT unsigned ROTATIONS[LANES] = {0,  1,  62, 28, 27, 36, 44, 6,  55, 20, 3,  10, 43,
                                         25, 39, 41, 45, 15, 21, 8,  18, 2,  61, 56, 14};

/* The column of K cell number 5 * slice + Y. */
static inline ZK_DEVICE size_t keccak_key_column(unsigned cell) {
    return CELLS * (size_t)(cell / KEYS) + LANES + cell % KEYS;
}

#endif
