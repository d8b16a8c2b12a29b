/* Row digests straight from columns: no row is ever written out.
 *
 * TILE rows are hashed at a time, so that each column is read once and in several whole cache lines: columns that lie a
 * power of two apart compete for the same few places in the cache, and none of their lines stays there for long. */
#include "hash/hash.h"
#include "hash/sponge.h"

#define TILE 32
#define STATES (TILE / KV_LANES)

/* Xor rows [row, row + count) of one column into lane `lane` of the states. */
static inline void absorb_column(kv state[STATES][25], size_t lane, const uint64_t *column, size_t count) {
    uint64_t padded[TILE] = {0};
    if (count < TILE) {
        memcpy(padded, column, count * sizeof(uint64_t));
        column = padded;
    }
    for (int s = 0; s < STATES; s++) {
        state[s][lane] = kv_xor(state[s][lane], kv_swap_bytes(kv_load(column + s * KV_LANES)));
    }
}

static void digest_tile(const uint64_t *const *columns, size_t width, size_t row, size_t count, unsigned node_bytes,
                        uint8_t *out) {
    kv state[STATES][25];
    for (int s = 0; s < STATES; s++) sponge_clear(state[s]);
    size_t lane = 0;
    for (size_t c = 0; c < width; c++) {
        absorb_column(state, lane, columns[c] + row, count);
        if (++lane == KECCAK_RATE_LANES) {
            for (int s = 0; s < STATES; s++) keccak_f(state[s]);
            lane = 0;
        }
    }
    for (int s = 0; s < STATES; s++) {
        sponge_pad(state[s], lane);
        keccak_f(state[s]);
        size_t done = (size_t)s * KV_LANES;
        if (done < count) {
            size_t here = count - done < KV_LANES ? count - done : KV_LANES;
            sponge_digests(state[s], here, node_bytes, out + done * node_bytes);
        }
    }
}

void ZK_NAME(digest_rows)(const uint64_t *const *columns, size_t width, size_t begin, size_t end, unsigned node_bytes,
                          uint8_t *out) {
    for (size_t row = begin; row < end; row += TILE) {
        size_t count = end - row < TILE ? end - row : TILE;
        digest_tile(columns, width, row, count, node_bytes, out + row * node_bytes);
    }
}
