/* MEMW and MEMB: see zkvm/machine/expand/memory.py, which says the same in NumPy. */
#include "expand.h"

/* The low limb of the time since the last access; -1 when the log's times are impossible. */
static int64_t gap_of(uint32_t ts, uint32_t previous, uint64_t *high) {
    uint64_t gap = (uint64_t)ts - previous - 1;
    *high = gap >> 16;
    return *high > 0xFF ? -1 : (int64_t)(gap & 0xFFFF);
}

int expand_memw(const word_access *log, uint64_t *columns, size_t height, lookups *counts, size_t begin, size_t end) {
    enum { TS, W, K, OLD, NEW, Y, F_LW, F_SW, TP, LO, WIDTH };
    uint64_t tile[WIDTH][TILE];
    for (size_t first = begin; first < end; first += TILE) {
        size_t n = end - first < TILE ? end - first : TILE;
        for (size_t i = 0; i < n; i++) {
            const word_access *access = &log[first + i];
            uint64_t stores = (access->kind & 0xFF) == OP_SW, high;
            int64_t low = gap_of(access->ts, access->previous, &high);
            if (low < 0) return -1;
            tile[TS][i] = access->ts, tile[W][i] = access->address, tile[K][i] = access->kind >> 8;
            tile[OLD][i] = access->old, tile[NEW][i] = access->new, tile[Y][i] = stores ? access->new : 0;
            tile[F_LW][i] = 1 - stores, tile[F_SW][i] = stores;
            tile[TP][i] = access->previous, tile[LO][i] = (uint64_t)low;
            counts->r16[low]++;
            counts->pair[256 * high]++;
        }
        store_tile(columns, height, first, tile[0], WIDTH, n);
    }
    return 0;
}

int expand_memb(const byte_access *log, const run *r, uint64_t *columns, size_t height, lookups *counts, size_t begin,
                size_t end) {
    enum {
        TS, W, K, HS, BS, F_LB, F_LH, F_SB, F_SH, F_SGN, P, Q, OTH, S, SG, G, Y0, Y1, Y2, C, OLD, NEW, TP, LO, WIDTH
    };
    uint64_t tile[WIDTH][TILE];
    for (size_t first = begin; first < end; first += TILE) {
        size_t n = end - first < TILE ? end - first : TILE;
        for (size_t i = 0; i < n; i++) {
            const byte_access *access = &log[first + i];
            uint32_t op = access->kind & 0xFF, step = (access->ts - 1) / 4, high_half = access->address >> 1 & 1;
            uint32_t odd = access->address & 1, old = access->old;
            uint64_t high;
            int64_t low = gap_of(access->ts, access->previous, &high);
            if (low < 0 || step >= r->count) return -1;
            int half = op == OP_LH || op == OP_LHU || op == OP_SH;
            uint32_t accessed = old >> 16 * high_half & 0xFFFF, other = old >> 16 * (1 - high_half) & 0xFFFF;
            uint32_t p = accessed & 0xFF, q = accessed >> 8, s = half || odd ? q : p;
            uint32_t y0 = access->y & 0xFF, y1 = access->y >> 8 & 0xFF, y2 = access->y >> 16;

            tile[TS][i] = access->ts, tile[W][i] = access->address >> 2, tile[K][i] = access->kind >> 8;
            tile[HS][i] = high_half, tile[BS][i] = odd;
            tile[F_LB][i] = op == OP_LB || op == OP_LBU, tile[F_LH][i] = op == OP_LH || op == OP_LHU;
            tile[F_SB][i] = op == OP_SB, tile[F_SH][i] = op == OP_SH, tile[F_SGN][i] = op == OP_LB || op == OP_LH;
            tile[P][i] = p, tile[Q][i] = q, tile[OTH][i] = other, tile[S][i] = s, tile[SG][i] = s >> 7;
            tile[G][i] = (uint64_t)1 << (8 * odd + 16 * high_half);
            tile[Y0][i] = y0, tile[Y1][i] = y1, tile[Y2][i] = y2, tile[C][i] = r->records[step].c;
            tile[OLD][i] = old, tile[NEW][i] = access->new;
            tile[TP][i] = access->previous, tile[LO][i] = (uint64_t)low;
            counts->r16[low]++, counts->r16[other]++, counts->r16[y2]++;
            counts->pair[256 * p + q]++, counts->pair[256 * y0 + y1]++, counts->pair[256 * high + 2 * (s & 0x7F)]++;
        }
        store_tile(columns, height, first, tile[0], WIDTH, n);
    }
    return 0;
}
