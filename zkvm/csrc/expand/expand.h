/* Trace expansion: rows of the execution log become rows of tables.
 *
 * A table's columns lie one after the other, `height` values each. Heights are powers of two, so the cells of one row
 * are far apart and fall into the same cache sets: rows are made in tiles that fit the nearest cache, and a tile is
 * then copied out column by column. */
#ifndef ZKHUB_EXPAND_H
#define ZKHUB_EXPAND_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "expand/rows.h"

#define TILE 128

/* Each returns 0, or -1 when the log refers to something that is not there. */
int expand_main(const run *r, uint64_t *columns, size_t height, lookups *counts, size_t begin, size_t end);
int expand_memw(const word_access *log, uint64_t *columns, size_t height, lookups *counts, size_t begin, size_t end);
int expand_memb(const byte_access *log, const run *r, uint64_t *columns, size_t height, lookups *counts, size_t begin,
                size_t end);
int expand_ram(const ram_words *w, uint64_t *columns, lookups *counts, size_t begin, size_t end);
int expand_requests(const run *r, const uint32_t *asks, request *out, size_t begin, size_t end);
void expand_binary(const request *log, uint64_t *columns, size_t height, lookups *counts, size_t begin, size_t end);
void expand_shift(const request *log, uint64_t *columns, size_t height, lookups *counts, size_t begin, size_t end);
void expand_muldiv(const request *log, uint64_t *columns, size_t height, lookups *counts, size_t begin, size_t end);

/* Replaces each of n values by its inverse, 0 by 0. n <= TILE. */
static inline void invert(uint64_t *values, size_t n) {
    uint64_t before[TILE];
    uint64_t product = 1;
    for (size_t i = 0; i < n; i++) {
        before[i] = product;
        if (values[i] != 0) product = gl_mul(product, values[i]);
    }
    uint64_t inverse = gl_inv(product);
    for (size_t i = n; i-- > 0;) {
        if (values[i] == 0) continue;
        uint64_t value = values[i];
        values[i] = gl_mul(inverse, before[i]);
        inverse = gl_mul(inverse, value);
    }
}

/* Row `i` of a tile. */
static inline zk_cells tile_row(uint64_t *tile, size_t i) {
    zk_cells row = {tile + i, TILE};
    return row;
}

static inline void store_tile(uint64_t *columns, size_t height, size_t row, const uint64_t *tile, size_t width,
                              size_t n) {
    for (size_t c = 0; c < width; c++) memcpy(columns + c * height + row, tile + c * TILE, n * sizeof *tile);
}

#endif
