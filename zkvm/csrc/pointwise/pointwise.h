/* Element by element on arrays, for the instruction set this is compiled for. Every function works on [begin, end), and
 * the target may be one of the sources. */
#ifndef ZKHUB_POINTWISE_H
#define ZKHUB_POINTWISE_H

#include <stddef.h>
#include <stdint.h>

#include "isa.h"

/* to = a + b. */
void ZK_NAME(pointwise_add)(const uint64_t *a, const uint64_t *b, uint64_t *to, size_t begin, size_t end);

/* to = a b in F_p. */
void ZK_NAME(pointwise_mul)(const uint64_t *a, const uint64_t *b, uint64_t *to, size_t begin, size_t end);

/* to = a b in F; each array is three coordinates of `rows` elements. */
void ZK_NAME(pointwise_mul_ext)(const uint64_t *a, const uint64_t *b, uint64_t *to, size_t rows, size_t begin,
                                size_t end);

#endif
