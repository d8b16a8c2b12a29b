/* What generated constraint kernels stand on: their inputs, loads that know the next row, their entry in the registry. */
#ifndef ZKHUB_CONSTRAINTS_SUPPORT_H
#define ZKHUB_CONSTRAINTS_SUPPORT_H

#if !defined(__CUDACC__) && defined(ZK_VECTOR_KERNELS) && !defined(ZK_ISA_portable)
/* Kernels are long straight lines: a call for each product would spill all vectors. */
#define ZK_DEVICE __attribute__((always_inline))
#endif
#include "device.h"

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

/* What a part of a kernel works on. In C a strip of some rows, copied together by zk_gather: columns of a trace lie a
 * power of two apart, and so many would throw each other out of the caches. Row r of the strip is row `begin` + r of
 * the table, column c of a stage starts at stage + c * ZK_PITCH(t), and the row after the strip's last is there too.
 * `selector` has a column for each virtual column of one row. In CUDA the columns stay where they are: `begin` is 0. */
typedef struct {
    const uint64_t *fixed, *main, *aux, *selector;
    const uint64_t *periodic;
    const uint64_t *scalars;
    size_t begin, rows;
} zk_strip;

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

#ifdef ZK_VECTOR_KERNELS
#include "field/vector.h"

#ifdef __CUDACC__
#define ZK_PITCH(t) ((t)->rows)
#else
/* Rows of a strip, and words from one of its columns to the next: room for the next row, and not a power of two. */
#define ZK_STRIP_ROWS ((size_t)64)
#define ZK_PITCH(t) (ZK_STRIP_ROWS + 8)

/* Copies `width` columns of rows [begin, begin + count] (cyclically) and returns where the next columns go. */
static inline uint64_t *zk_gather(uint64_t *to, const uint64_t *columns, size_t stride, size_t width, size_t begin,
                                  size_t count, size_t rows) {
    size_t after = (begin + count) & (rows - 1);
    for (size_t c = 0; c < width; c++) {
        const uint64_t *column = columns + c * stride;
        for (size_t r = 0; r < count; r += FV_LANES) fv_store(to + r, fv_load(column + begin + r));
        to[count] = column[after];
        to += ZK_PITCH(NULL);
    }
    return to;
}

/* Copies what `first` says of the rows in `selected`, a column each; row -1 is the last. */
static inline void zk_gather_selectors(uint64_t *to, const uint64_t *first, const int *selected, size_t width,
                                       size_t begin, size_t count, size_t rows) {
    for (size_t c = 0; c < width; c++) {
        for (size_t r = 0; r < count; r++) to[r] = first[(begin + r - (size_t)selected[c]) & (rows - 1)];
        to += ZK_PITCH(NULL);
    }
}
#endif

static inline ZK_DEVICE fv zk_next(const uint64_t *column, size_t row, size_t pitch) {
#ifdef __CUDACC__
    return column[(row + 1) & (pitch - 1)];
#else
    (void)pitch;
    return fv_loadu(column + row + 1);
#endif
}

/* The virtual column of one row: selector number `number`, row `selected`. */
static inline ZK_DEVICE fv zk_selector(const uint64_t *selector, size_t number, int selected, size_t row,
                                       size_t pitch) {
#ifdef __CUDACC__
    (void)number;
    return selector[(row - (size_t)selected) & (pitch - 1)];
#else
    (void)selected;
    return fv_load(selector + number * pitch + row);
#endif
}

static inline ZK_DEVICE ev zk_load3(const uint64_t *column, size_t pitch, size_t row) {
    return ev_load3(column + row, column + pitch + row, column + 2 * pitch + row);
}

static inline ZK_DEVICE ev zk_next3(const uint64_t *column, size_t pitch, size_t row) {
    return ev_make(zk_next(column, row, pitch), zk_next(column + pitch, row, pitch),
                   zk_next(column + 2 * pitch, row, pitch));
}

static inline ZK_DEVICE void zk_store3(uint64_t *column, size_t stride, size_t row, ev value) {
    ev_store3(column + row, column + stride + row, column + 2 * stride + row, value);
}
#endif

#endif
