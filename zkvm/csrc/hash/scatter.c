/* A tile is all rows that agree but for their highest and lowest bits: runs of 16 rows are read, runs of 16 positions
 * are written. */
#include "hash/scatter.h"

#include <string.h>

#define RUN ((size_t)1 << SCATTER_TILE_BITS)

static size_t reversed(size_t value, unsigned bits) {
    size_t result = 0;
    for (unsigned bit = 0; bit < bits; bit++) result |= (value >> bit & 1) << (bits - 1 - bit);
    return result;
}

static inline __attribute__((always_inline)) void scatter(const uint8_t *from, uint8_t *to, unsigned log_rows,
                                                          size_t bytes, size_t begin, size_t end) {
    const unsigned high = log_rows - SCATTER_TILE_BITS, middle = log_rows - 2 * SCATTER_TILE_BITS;
    for (size_t tile = begin; tile < end; tile++) {
        const size_t row_middle = reversed(tile, middle) << SCATTER_TILE_BITS;
        const size_t position_middle = tile << SCATTER_TILE_BITS;
        for (size_t i = 0; i < RUN; i++) {
            const uint8_t *row = from + (i << high | row_middle) * bytes;
            uint8_t *position = to + (position_middle | reversed(i, SCATTER_TILE_BITS)) * bytes;
            for (size_t j = 0; j < RUN; j++) {
                memcpy(position + (reversed(j, SCATTER_TILE_BITS) << high) * bytes, row + j * bytes, bytes);
            }
        }
    }
}

void scatter_digests_tiles(const uint8_t *from, uint8_t *to, unsigned log_rows, size_t bytes, size_t begin,
                           size_t end) {
    if (log_rows < 2 * SCATTER_TILE_BITS) {
        for (size_t row = 0; begin < end && row < (size_t)1 << log_rows; row++) {
            memcpy(to + reversed(row, log_rows) * bytes, from + row * bytes, bytes);
        }
    } else if (bytes == 25) {
        scatter(from, to, log_rows, 25, begin, end);
    } else if (bytes == 32) {
        scatter(from, to, log_rows, 32, begin, end);
    } else {
        scatter(from, to, log_rows, bytes, begin, end);
    }
}
