/* The kernels of one instruction set. Every one is a pure function of its arguments and works on a range, so that
 * callers may run ranges side by side. Field elements are canonical; sizes are trusted: the module checks them. */
#ifndef ZKHUB_KERNELS_H
#define ZKHUB_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "field/goldilocks.h"

typedef struct {
    const char *name;

    /* hash/rows.c, hash/nodes.c */

    /* Digests of rows [begin, end) of `width` columns to out + row * node_bytes. */
    void (*digest_rows)(const uint64_t *const *columns, size_t width, size_t begin, size_t end, unsigned node_bytes,
                        uint8_t *out);
    /* Digests of nodes [begin, end) from children 2i, 2i + 1 and, unless it is NULL, injected i. */
    void (*hash_nodes)(const uint8_t *children, const uint8_t *injected, size_t begin, size_t end, unsigned node_bytes,
                       uint8_t *out);
    /* keccak-256 of messages [begin, end), each `length` bytes, 32 bytes each. */
    void (*hash_messages)(const uint8_t *messages, size_t length, size_t begin, size_t end, uint8_t *out);
    /* The smallest nonce in [begin, end) whose hash has `bits` leading zeros; `end` if there is none. */
    uint64_t (*grind)(const uint8_t state[32], unsigned bits, uint64_t begin, uint64_t end);

    /* ntt/ntt.c: columns [begin, end), each 2^log_rows elements; scratch: ntt_scratch elements. */

    size_t (*ntt_scratch)(unsigned log_rows);
    void (*interpolate)(const uint64_t *values, uint64_t *coefficients, unsigned log_rows, size_t begin, size_t end,
                        uint64_t *scratch);
    void (*evaluate)(const uint64_t *coefficients, uint64_t *values, unsigned log_rows, size_t begin, size_t end,
                     uint64_t shift, uint64_t *scratch);

    /* poly/sums.c: columns lie `stride` or 2^log_rows elements apart. */

    /* Rows [begin, end) of sum_c weights[c] column c, to three columns of `stride`; scratch: 9 elements a column. */
    void (*combine)(const uint64_t *columns, size_t stride, size_t width, const uint64_t *weights, size_t begin,
                    size_t end, uint64_t *out, uint64_t *scratch);
    /* What the two evaluations below need of scratch, in elements. */
    size_t (*eval_scratch)(unsigned log_rows);
    /* Columns [begin, end) at a point of F: three elements each to out. */
    void (*eval_at)(const uint64_t *coefficients, unsigned log_rows, size_t begin, size_t end, gle point,
                    uint64_t *out, uint64_t *scratch);
    /* Columns [begin, end) at `count` points of F_p: `count` elements each to out. */
    void (*eval_rows)(const uint64_t *coefficients, unsigned log_rows, size_t begin, size_t end,
                      const uint64_t *points, size_t count, uint64_t *out, uint64_t *scratch);

    /* poly/rowwise.c: three coordinate columns; rows [begin, end). The first two return 0 if they meet a zero. */

    /* out = 1 / values */
    int (*invert)(const uint64_t *values, size_t stride, size_t begin, size_t end, uint64_t *out);
    /* out (+)= values / (x - point), x over shift w^row */
    int (*divide)(const uint64_t *values, unsigned log_rows, size_t begin, size_t end, gle point, uint64_t shift,
                  int accumulate, uint64_t *out);
    /* One FRI fold by 2^log_arity; rows are those of the result. */
    void (*fold)(const uint64_t *values, unsigned log_rows, unsigned log_arity, size_t begin, size_t end,
                 uint64_t shift, gle beta, uint64_t *out);

    /* pointwise/pointwise.c: elements or rows [begin, end); the target may be a source. */

    void (*add)(const uint64_t *a, const uint64_t *b, uint64_t *to, size_t begin, size_t end);
    void (*multiply)(const uint64_t *a, const uint64_t *b, uint64_t *to, size_t begin, size_t end);
    /* In F: each array is three coordinates of `rows` elements. */
    void (*multiply_ext)(const uint64_t *a, const uint64_t *b, uint64_t *to, size_t rows, size_t begin, size_t end);
} zk_kernels;

#endif
