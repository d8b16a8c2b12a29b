/* BINARY, SHIFT and MULDIV, a tile at a time, and what they are asked. */
#include "expand.h"

int expand_requests(const run *r, const uint32_t *asks, request *out, size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++) {
        if (!request_of(r, asks[i], &out[i])) return -1;
    }
    return 0;
}

void expand_binary(const request *log, uint64_t *columns, size_t height, lookups *counts, size_t begin, size_t end) {
    uint64_t tile[BINARY_WIDTH * TILE];
    for (size_t first = begin; first < end; first += TILE) {
        size_t n = end - first < TILE ? end - first : TILE;
        for (size_t i = 0; i < n; i++) binary_row(&log[first + i], tile_row(tile, i), counts);
        store_tile(columns, height, first, tile, BINARY_WIDTH, n);
    }
}

void expand_shift(const request *log, uint64_t *columns, size_t height, lookups *counts, size_t begin, size_t end) {
    uint64_t tile[SHIFT_WIDTH * TILE];
    for (size_t first = begin; first < end; first += TILE) {
        size_t n = end - first < TILE ? end - first : TILE;
        for (size_t i = 0; i < n; i++) shift_row(&log[first + i], tile_row(tile, i), counts);
        invert(tile + SHIFT_INV * TILE, n);
        store_tile(columns, height, first, tile, SHIFT_WIDTH, n);
    }
}

void expand_muldiv(const request *log, uint64_t *columns, size_t height, lookups *counts, size_t begin, size_t end) {
    uint64_t tile[MULDIV_WIDTH * TILE];
    for (size_t first = begin; first < end; first += TILE) {
        size_t n = end - first < TILE ? end - first : TILE;
        for (size_t i = 0; i < n; i++) muldiv_row(&log[first + i], tile_row(tile, i), counts);
        invert(tile + MULDIV_INV * TILE, n);
        store_tile(columns, height, first, tile, MULDIV_WIDTH, n);
    }
}
