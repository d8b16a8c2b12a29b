/* The transforms of the instruction set this is compiled for; kernels.h says what they do. */
#ifndef ZKHUB_NTT_H
#define ZKHUB_NTT_H

#include <stddef.h>
#include <stdint.h>

#include "isa.h"

size_t ZK_NAME(ntt_scratch)(unsigned log_rows);
void ZK_NAME(interpolate)(const uint64_t *values, uint64_t *coefficients, unsigned log_rows, size_t begin, size_t end,
                          uint64_t *scratch);
void ZK_NAME(evaluate)(const uint64_t *coefficients, uint64_t *values, unsigned log_rows, size_t begin, size_t end,
                       uint64_t shift, uint64_t *scratch);

#endif
