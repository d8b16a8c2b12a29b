/* The polynomial and pointwise kernels of the instruction set this is compiled for; kernels.h says what they do. */
#ifndef ZKHUB_POLY_H
#define ZKHUB_POLY_H

#include <stddef.h>
#include <stdint.h>

#include "field/goldilocks.h"
#include "isa.h"

void ZK_NAME(combine)(const uint64_t *columns, size_t stride, size_t width, const uint64_t *weights, size_t begin,
                      size_t end, uint64_t *out, uint64_t *scratch);
size_t ZK_NAME(eval_scratch)(unsigned log_rows);
void ZK_NAME(eval_at)(const uint64_t *coefficients, unsigned log_rows, size_t begin, size_t end, gle point,
                      uint64_t *out, uint64_t *scratch);
void ZK_NAME(eval_rows)(const uint64_t *coefficients, unsigned log_rows, size_t begin, size_t end,
                        const uint64_t *points, size_t count, uint64_t *out, uint64_t *scratch);
int ZK_NAME(invert)(const uint64_t *values, size_t stride, size_t begin, size_t end, uint64_t *out);
int ZK_NAME(divide)(const uint64_t *values, unsigned log_rows, size_t begin, size_t end, gle point, uint64_t shift,
                    int accumulate, uint64_t *out);
void ZK_NAME(fold)(const uint64_t *values, unsigned log_rows, unsigned log_arity, size_t begin, size_t end,
                   uint64_t shift, gle beta, uint64_t *out);

#endif
