/* Row digests from natural order to bit-reversed positions, in tiles that read and write whole cache lines. */
#ifndef ZKHUB_SCATTER_H
#define ZKHUB_SCATTER_H

#include <stddef.h>
#include <stdint.h>

#define SCATTER_TILE_BITS 4

/* How many tiles 2^log_rows digests are. */
static inline size_t scatter_tiles(unsigned log_rows) {
    return log_rows < 2 * SCATTER_TILE_BITS ? 1 : (size_t)1 << (log_rows - 2 * SCATTER_TILE_BITS);
}

/* to[bitrev(row)] = from[row] for the rows of tiles [begin, end), `bytes` each. */
void scatter_digests_tiles(const uint8_t *from, uint8_t *to, unsigned log_rows, size_t bytes, size_t begin, size_t end);

#endif
