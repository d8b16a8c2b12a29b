/* Rows and accumulators of the precompiles' tables. Columns are contiguous: cell (column, row) is at column * height +
 * row. Every function fills a range of rows or operations that no other call touches, so ranges may run in threads. */
#ifndef ZKHUB_PRECOMPILES_H
#define ZKHUB_PRECOMPILES_H

#include <stddef.h>
#include <stdint.h>

#include "expand/arith256.h"
#include "expand/permutation.h"

/* Which cells of a load block's row hold the call: K cells are numbered 5 * slice + Y. */
typedef struct {
    const int32_t *new_words; /* k cells */
    const int32_t *old_words; /* k cells */
    int32_t ts;
    int32_t pointer;
    size_t call_row;
} zk_keccak_call_cells;

/* Fills in the permutations [begin, end) with k slices a row. Returns the number of the first call whose state after it
 * is not the permutation of the state before it, or end. */
size_t zk_keccak_rows(const uint32_t *calls, const uint32_t *second, size_t k, const zk_keccak_call_cells *cells,
                      size_t height, size_t begin, size_t end, uint64_t *main);

/* Adds to counts[key] how often the rows [begin, end) look it up in CHI. Returns 0 if a key is not below `keys`. */
int zk_keccak_lookups(const uint64_t *main, size_t k, size_t height, size_t begin, size_t end, uint64_t *counts,
                      size_t keys);

/* Fills in the operations [begin, end), whose rows are zero before. Returns the number of the first of which the log
 * does not say the truth, or end. */
size_t zk_arith256_rows(const arith256_call *calls, size_t height, size_t begin, size_t end, uint64_t *main);

/* Adds to the counts what the rows [begin, end) look up in BYTE. Returns 0 if a cell is out of range. */
int zk_arith256_lookups(const uint64_t *main, size_t height, size_t begin, size_t end, lookups *counts);

/* What a row adds to the accumulators: `forms` sums over monomials with weights in F that repeat every `period` rows,
 * one set of weights for each flag; the row adds flag * (sum of weight * monomial). */
typedef struct {
    size_t flags;             /* sets of weights */
    const int32_t *flag;      /* [flags]: a column, or -1 for the number 1 */
    size_t monomials;         /* at most ZK_MAX_MONOMIALS */
    const int32_t *monomial;  /* [monomials][2]: the product of two columns; -1 stands for the number 1 */
    size_t forms;
    size_t period;
    const uint64_t *weights;  /* [period][flags][forms][monomials][3] */
} zk_affine;

#define ZK_MAX_MONOMIALS 320

/* Writes the forms of rows [begin, end) to out, shape (3 * forms, height). */
void zk_affine_rows(const zk_affine *form, const uint64_t *main, size_t height, size_t begin, size_t end,
                    uint64_t *out);

/* In place: what the rows add to KECCAK's acc, weighted, becomes acc; step is [period][3]. */
void zk_keccak_scan(const uint64_t *step, size_t period, size_t height, uint64_t *sums);

/* In place, operations [begin, end) of 64 rows: what the rows add to U, V and T becomes U, V and T. */
void zk_arith256_scan(size_t height, size_t begin, size_t end, uint64_t *sums);

#endif
