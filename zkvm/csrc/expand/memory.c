/* MEMW, MEMB and RAM, a tile at a time. */
#include "expand.h"

int expand_memw(const word_access *log, uint64_t *columns, size_t height, lookups *counts, size_t begin, size_t end) {
    uint64_t tile[MEMW_WIDTH * TILE];
    for (size_t first = begin; first < end; first += TILE) {
        size_t n = end - first < TILE ? end - first : TILE;
        for (size_t i = 0; i < n; i++) {
            if (!memw_row(&log[first + i], tile_row(tile, i), counts)) return -1;
        }
        store_tile(columns, height, first, tile, MEMW_WIDTH, n);
    }
    return 0;
}

int expand_memb(const byte_access *log, const run *r, uint64_t *columns, size_t height, lookups *counts, size_t begin,
                size_t end) {
    uint64_t tile[MEMB_WIDTH * TILE];
    for (size_t first = begin; first < end; first += TILE) {
        size_t n = end - first < TILE ? end - first : TILE;
        for (size_t i = 0; i < n; i++) {
            if (!memb_row(&log[first + i], r, tile_row(tile, i), counts)) return -1;
        }
        store_tile(columns, height, first, tile, MEMB_WIDTH, n);
    }
    return 0;
}

int expand_ram(const ram_words *w, uint64_t *columns, lookups *counts, size_t begin, size_t end) {
    uint64_t tile[RAM_WIDTH * TILE];
    for (size_t first = begin; first < end; first += TILE) {
        size_t n = end - first < TILE ? end - first : TILE;
        for (size_t i = 0; i < n; i++) {
            if (!ram_row(w, first + i, tile_row(tile, i), counts)) return -1;
        }
        store_tile(columns, w->height, first, tile, RAM_WIDTH, n);
    }
    return 0;
}
