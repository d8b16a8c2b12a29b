/* MAIN, a tile at a time. */
#include "expand.h"

int expand_main(const run *r, uint64_t *columns, size_t height, lookups *counts, size_t begin, size_t end) {
    uint64_t tile[MAIN_WIDTH * TILE], inverses[TILE];
    uint64_t *q = tile + MAIN_Q * TILE;
    size_t equal_at[TILE];
    for (size_t first = begin; first < end; first += TILE) {
        size_t n = end - first < TILE ? end - first : TILE, equals = 0;
        for (size_t i = 0; i < n; i++) {
            int inverts;
            if (!main_row(r, first + i, tile_row(tile, i), counts, &inverts)) return -1;
            if (inverts) equal_at[equals++] = i;
        }
        for (size_t j = 0; j < equals; j++) inverses[j] = q[equal_at[j]];
        if (equals > 0) invert(inverses, equals);
        for (size_t j = 0; j < equals; j++) q[equal_at[j]] = inverses[j];
        store_tile(columns, height, first, tile, MAIN_WIDTH, n);
    }
    return 0;
}
