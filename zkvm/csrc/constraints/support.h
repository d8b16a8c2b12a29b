/* What generated constraint kernels stand on: their inputs, loads that know the next row, their entry in the registry. */
#ifndef ZKHUB_CONSTRAINTS_SUPPORT_H
#define ZKHUB_CONSTRAINTS_SUPPORT_H

#ifndef __CUDACC_RTC__
#include <stddef.h>
#include <stdint.h>
#endif

/* A part of a kernel: in CUDA a thread calls it for its one row. */
#ifdef __CUDACC__
#define ZK_PART static __device__
#else
#define ZK_PART static
#endif

/* A table's columns over the rows of one coset. Column c of a stage starts at stage + c * stride. `rows` is a power of
 * two and a multiple of every vector. `first` is 1 in row 0 (on a coset: the values of that polynomial); the virtual
 * columns of other rows are its rotations. */
typedef struct {
    const uint64_t *fixed, *main, *aux;
    size_t fixed_stride, main_stride, aux_stride;
    const uint64_t *first;
    const uint64_t *periodic;
    const uint64_t *scalars;
    size_t rows;
} zk_rows;

/* Adds sum_j weights[j] * C_j to out, whose three coordinates are `stride` words apart, in rows [begin, end). */
typedef void (*zk_quotient)(const zk_rows *t, const uint64_t *weights, uint64_t *out, size_t stride, size_t begin,
                            size_t end);

/* Writes the numerator and denominator of group g to rows [begin, end) of coordinate k at (3 g + k) * t->rows. */
typedef void (*zk_logup)(const zk_rows *t, uint64_t *numerators, uint64_t *denominators, size_t begin, size_t end);

#ifndef __CUDACC__
enum { ZK_PORTABLE, ZK_AVX2, ZK_AVX512, ZK_ISA_COUNT };

typedef struct {
    const char *machine, *digest, *table;
    size_t fixed_width, main_width, aux_width, scalars, periodic_words, constraints, groups;
    zk_quotient quotient[ZK_ISA_COUNT]; /* NULL where this build has no copy for the instruction set */
    zk_logup logup[ZK_ISA_COUNT];
} zk_entry;

extern const zk_entry zk_registry[];
extern const size_t zk_registry_size;
#endif

/* Rows between two kernels of one table: their columns stay in the cache. */
#define ZK_BLOCK_ROWS ((size_t)512)

#ifdef ZK_VECTOR_KERNELS
#include "field/vector.h"

static inline ZK_DEVICE fv zk_load_wrapping(const uint64_t *column, size_t row, size_t rows) {
    uint64_t lanes[FV_LANES];
    for (size_t i = 0; i < FV_LANES; i++) lanes[i] = column[(row + i) & (rows - 1)];
    return fv_loadu(lanes);
}

/* The column from any row on, cyclically. */
static inline ZK_DEVICE fv zk_load_cyclic(const uint64_t *column, size_t row, size_t rows) {
    row &= rows - 1;
    return row + FV_LANES <= rows ? fv_loadu(column + row) : zk_load_wrapping(column, row, rows);
}

static inline ZK_DEVICE fv zk_load_next(const uint64_t *column, size_t row, size_t rows) {
    return zk_load_cyclic(column, row + 1, rows);
}

static inline ZK_DEVICE ev zk_load3(const uint64_t *column, size_t stride, size_t row) {
    return ev_load3(column + row, column + stride + row, column + 2 * stride + row);
}

static inline ZK_DEVICE ev zk_load3_next(const uint64_t *column, size_t stride, size_t row, size_t rows) {
    return ev_make(zk_load_next(column, row, rows), zk_load_next(column + stride, row, rows),
                   zk_load_next(column + 2 * stride, row, rows));
}

static inline ZK_DEVICE void zk_store3(uint64_t *column, size_t stride, size_t row, ev value) {
    ev_store3(column + row, column + stride + row, column + 2 * stride + row, value);
}
#endif

#endif
