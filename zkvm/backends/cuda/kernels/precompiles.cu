/* KECCAK's rows and what they look up in CHI, ARITH256's and what they look up in BYTE, and their accumulators. */
#include "expand/arith256.h"
#include "expand/permutation.h"
#include "field/goldilocks.h"
#include "hash/keccak.h"
#include "kernel.h"

static inline ZK_DEVICE uint64_t bit(uint64_t lane, unsigned z) { return lane >> (z & (SLICES - 1)) & 1; }

static inline ZK_DEVICE void read_state(const uint32_t *words, uint64_t state[LANES]) {
#pragma unroll
    for (unsigned lane = 0; lane < LANES; lane++) state[lane] = words[2 * lane] | (uint64_t)words[2 * lane + 1] << 32;
}

static inline ZK_DEVICE int differs(const uint64_t state[LANES], const uint32_t *words) {
    uint64_t found = 0;
#pragma unroll
    for (unsigned lane = 0; lane < LANES; lane++) {
        found |= state[lane] ^ (words[2 * lane] | (uint64_t)words[2 * lane + 1] << 32);
    }
    return found != 0;
}

/* The bits of slice z, whose first cell is at `cells`: lane 0 before and after iota adds the round's constant. */
static inline ZK_DEVICE void put_slice(uint64_t *cells, uint64_t height, const uint64_t state[LANES], uint64_t iota,
                                       unsigned z) {
    cells[X0 * height] = bit(state[0], z);
    *cells = bit(state[0] ^ iota, z);
    /* One pointer that walks: an address for each column would not fit the registers. */
#pragma unroll
    for (unsigned lane = 1; lane < LANES; lane++) *(cells += height) = bit(state[lane], z);
}

/* theta, rho and pi over the integers: key Y of slice z is the sum of 12^X times the cells that come to (X, Y, z). */
static inline ZK_DEVICE void put_keys(uint64_t *cells, uint64_t height, const uint64_t state[LANES], unsigned z,
                                      uint64_t *counts) {
    uint32_t keys[KEYS] = {0, 0, 0, 0, 0}, radix = 1;
#pragma unroll
    for (unsigned y = 0; y < 5; y++, radix *= RADIX) {
#pragma unroll
        for (unsigned x = 0; x < 5; x++) {
            const unsigned from = z - ROTATIONS[x + 5 * y];
            uint64_t sum = bit(state[x + 5 * y], from);
#pragma unroll
            for (unsigned i = 0; i < 5; i++) {
                sum += bit(state[(x + 4) % 5 + 5 * i], from) + bit(state[(x + 1) % 5 + 5 * i], from - 1);
            }
            keys[(2 * x + 3 * y) % 5] += radix * (uint32_t)sum;
        }
    }
#pragma unroll
    for (unsigned y = 0; y < KEYS; y++) {
        cells[(LANES + y) * height] = keys[y];
        atomicAdd((unsigned long long *)counts + keys[y], 1ULL);
    }
}

/* The words of row t of a load block, its time and pointer, and in one row what the calling instruction has for y. */
static inline ZK_DEVICE void put_call(uint64_t *row, uint64_t height, const uint32_t *call, uint32_t second,
                                      const uint32_t *where, unsigned k, unsigned t) {
    for (unsigned j = 0; j < k && k * t + j < ZK_KECCAK_WORDS; j++) {
        row[keccak_key_column(where[j]) * height] = call[2 + ZK_KECCAK_WORDS + k * t + j];
        row[keccak_key_column(where[k + j]) * height] = call[2 + k * t + j];
    }
    row[keccak_key_column(where[2 * k]) * height] = call[0];
    row[keccak_key_column(where[2 * k + 1]) * height] = call[1];
    if (t == where[2 * k + 2]) row[keccak_key_column(where[0]) * height] = second;
}

/* A thread makes one row of each block of one permutation; every thread of a permutation has the whole state. `main` is
 * zero before. `where` are the K cells of new words, old words, time and pointer, and the row of the call. `fault`
 * becomes the first call whose state after it is not the permutation, if there is one. */
ZK_KERNEL keccak_rows(const uint32_t *calls, const uint32_t *second, uint64_t count, const uint32_t *where, uint64_t k,
                      uint64_t *main, uint64_t height, uint64_t *counts, uint64_t *fault) {
    const uint64_t rows = SLICES / k, flags = CELLS * k;
    if (zk_thread() == 0) {
        const uint64_t padding = height - count * (ROUNDS + 1) * rows;
        atomicAdd((unsigned long long *)counts, (unsigned long long)(padding * KEYS * k));
    }
    for (uint64_t i = zk_thread(); i < count * rows; i += zk_threads()) {
        const unsigned t = (unsigned)(i % rows);
        const uint32_t *call = calls + i / rows * ZK_KECCAK_CALL_WORDS;
        uint64_t *row = main + i / rows * (ROUNDS + 1) * rows + t;
        uint64_t state[LANES], next[LANES];
        read_state(call + 2, state);
        for (unsigned s = 0; s < k; s++) {
            put_slice(row + CELLS * s * height, height, state, 0, (unsigned)k * t + s);
        }
        put_call(row, height, call, second[i / rows], where, (unsigned)k, t);
        row[flags * height] = 1;
#pragma unroll 1
        for (unsigned r = 0; r < ROUNDS; r++) {
            row += rows;
            for (unsigned s = 0; s < k; s++) {
                put_keys(row + CELLS * s * height, height, state, (unsigned)k * t + s, counts);
            }
            keccak_round(next, state, KECCAK_ROUND[r]);
#pragma unroll
            for (unsigned lane = 0; lane < LANES; lane++) state[lane] = next[lane];
            for (unsigned s = 0; s < k; s++) {
                put_slice(row + CELLS * s * height, height, state, KECCAK_ROUND[r], (unsigned)k * t + s);
            }
        }
        row[(flags + 1) * height] = 1;
        if (differs(state, call + 2 + ZK_KECCAK_WORDS)) zk_report_least(fault, i / rows);
    }
}

static inline ZK_DEVICE uint64_t cell(const uint64_t *main, uint64_t height, int column, uint64_t row) {
    return column < 0 ? 1 : main[(uint64_t)column * height + row];
}

/* A thread makes one part of an operation; parts of one kind lie side by side. `main` is zero before. `fault` becomes
 * the first call of which the log does not say the truth, if there is one. */
ZK_KERNEL arith256_rows(const arith256_call *calls, uint64_t count, uint64_t *main, uint64_t height, uint64_t *fault) {
    for (uint64_t i = zk_thread(); i < ARITH256_PARTS * count; i += zk_threads()) {
        const uint64_t number = i % count;
        const zk_cells first = {main + ARITH256_ROWS * number, height};
        if (!arith256_part(&calls[number], first, (unsigned)(i / count))) zk_report_least(fault, number);
    }
}

ZK_KERNEL arith256_counts(const uint64_t *main, uint64_t height, lookups *counts) {
    for (uint64_t i = zk_thread(); i < height; i += zk_threads()) arith256_lookups(main + i, height, counts);
}

/* out = sums over flags and monomials of flag * weight * monomial, (3 * forms, height): csrc/expand/precompiles.h. */
ZK_KERNEL affine_rows(const int *flag, uint64_t flags, const int *monomial, uint64_t monomials, const uint64_t *weights,
                      uint64_t forms, uint64_t period, const uint64_t *main, uint64_t height, uint64_t *out) {
    for (uint64_t i = zk_thread(); i < forms * height; i += zk_threads()) {
        const uint64_t row = i % height, form = i / height;
        gle total = gle_make(0, 0, 0);
        for (uint64_t f = 0; f < flags; f++) {
            const uint64_t factor = cell(main, height, flag[f], row);
            if (factor == 0) continue;
            const uint64_t *weight = weights + ((row % period * flags + f) * forms + form) * monomials * 3;
            gle sum = gle_make(0, 0, 0);
            for (uint64_t m = 0; m < monomials; m++) {
                const uint64_t left = cell(main, height, monomial[2 * m], row);
                const uint64_t value = gl_mul(left, cell(main, height, monomial[2 * m + 1], row));
                if (value == 0) continue;
                sum = gle_add(sum, gle_mul_base(gle_make(weight[3 * m], weight[3 * m + 1], weight[3 * m + 2]), value));
            }
            total = gle_add(total, gle_mul_base(sum, factor));
        }
        gle_store(out + 3 * form * height, height, row, total);
    }
}

/* A thread an operation. */
ZK_KERNEL arith256_scan(uint64_t *sums, uint64_t height) {
    for (uint64_t i = zk_thread(); i < height / ARITH256_ROWS; i += zk_threads()) arith256_scan_rows(sums, height, i);
}
