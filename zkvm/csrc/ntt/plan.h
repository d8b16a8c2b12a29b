/* How a transform of N = B M elements is cut, and its tables.
 *
 * In bit-reversed order, B consecutive coefficients are those of one residue class of exponents mod M. The forward
 * transform does the M blocks of B first, each in the cache ("blocks"), then, for each position j in a block, the
 * transform of size M across the blocks ("across"), a few neighbouring j at a time in a tile of memory of its own. The
 * inverse does the same backwards. A transform that fits the cache is one block.
 *
 * Each half is passes of radix 8 and 16 and at most one of radix 4 or 2. The pass from sub-transforms of size L to size R L
 * multiplies element j of sub-block r by (c w^j)^bitrev(r), with w of order R L and c the coset's shift at that size. */
#ifndef ZKHUB_PLAN_H
#define ZKHUB_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "field/vector.h"

#define LOG_BLOCK 12 /* B when a transform is cut: 32 KiB */
#define LOG_WHOLE 13 /* the largest that is not */
#define LEAST_LOG_BLOCK 6
#define TILE 8 /* neighbouring positions taken across the blocks at once: a cache line */
#define TILE_VECTORS (TILE / FV_LANES)
#define MAX_RADIX 16
#define MAX_PASSES 12

/* The passes of a half in forward order: log2 of their radix. */
typedef struct {
    unsigned count, bits[MAX_PASSES];
} passes;

typedef struct {
    unsigned log_rows, log_block, log_across;
    size_t rows, block, across;
    passes block_passes, across_passes;
    uint64_t *block_twiddles;  /* pass after pass: vector by vector of j, R - 1 vectors (c w^j)^bitrev(r), r = 1.. */
    uint64_t *across_twiddles; /* pass after pass: for each j, R - 1 elements w^(j bitrev(r)) */
    uint64_t *joint;           /* for the tile at hand: TILE elements a row */
    uint64_t *tile;            /* across rows of TILE elements */
} plan;

static inline unsigned plan_log_block(unsigned log_rows) { return log_rows > LOG_WHOLE ? LOG_BLOCK : log_rows; }

static inline unsigned reverse_bits(unsigned value, unsigned bits) {
    unsigned result = 0;
    for (unsigned i = 0; i < bits; i++) result |= (value >> i & 1) << (bits - 1 - i);
    return result;
}

/* A forward plan evaluates on `shift` times the subgroup; an inverse plan has inverse roots and no shift. */
void ZK_NAME(plan_fill)(plan *p, unsigned log_rows, int inverse, uint64_t shift, uint64_t *scratch);

/* The joint factors first (shift w^j)^bitrev(m) of positions j = at .. at + TILE - 1: row m, TILE elements. */
void ZK_NAME(plan_joint)(const plan *p, int inverse, uint64_t shift, uint64_t first, size_t at);

#endif
