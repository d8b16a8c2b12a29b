/* KECCAK's rows: for each block the bits of every slice, the keys that they come from, and the bits after iota. */
#include "expand/precompiles.h"

static const uint64_t ROUND_CONSTANTS[ROUNDS] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808A, 0x8000000080008000, 0x000000000000808B,
    0x0000000080000001, 0x8000000080008081, 0x8000000000008009, 0x000000000000008A, 0x0000000000000088,
    0x0000000080008009, 0x000000008000000A, 0x000000008000808B, 0x800000000000008B, 0x8000000000008089,
    0x8000000000008003, 0x8000000000008002, 0x8000000000000080, 0x000000000000800A, 0x800000008000000A,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008};

typedef struct {
    uint64_t *main;
    size_t height;
    size_t k;
    size_t row; /* the block's first */
} block;

/* Slice z = k * t + s is in row t, among the cells of s. */
static void put_bits(const block *b, size_t cell, uint64_t lane) {
    for (size_t s = 0; s < b->k; s++) {
        uint64_t *column = b->main + (CELLS * s + cell) * b->height + b->row;
        for (size_t t = 0; t < SLICES / b->k; t++) column[t] = lane >> (b->k * t + s) & 1;
    }
}

static void put_values(const block *b, size_t cell, const uint32_t values[SLICES]) {
    for (size_t s = 0; s < b->k; s++) {
        uint64_t *column = b->main + (CELLS * s + cell) * b->height + b->row;
        for (size_t t = 0; t < SLICES / b->k; t++) column[t] = values[b->k * t + s];
    }
}

static uint64_t rotate(uint64_t lane, unsigned by) { return by ? lane << by | lane >> (SLICES - by) : lane; }

static void unpack(uint64_t lane, uint32_t bits[SLICES]) {
    for (size_t z = 0; z < SLICES; z++) bits[z] = (uint32_t)(lane >> z & 1);
}

/* theta, rho and pi over the integers: key Y of slice z is the sum of 12^X times the cells that come to (X, Y, z). */
static void make_keys(const uint64_t state[LANES], uint32_t keys[KEYS][SLICES]) {
    uint32_t bits[LANES][SLICES], columns[5][SLICES] = {{0}};
    for (size_t lane = 0; lane < LANES; lane++) {
        unpack(state[lane], bits[lane]);
        for (size_t z = 0; z < SLICES; z++) columns[lane % 5][z] += bits[lane][z];
    }
    for (size_t y = 0; y < KEYS; y++)
        for (size_t z = 0; z < SLICES; z++) keys[y][z] = 0;
    uint32_t radix = 1;
    for (size_t y = 0; y < 5; y++, radix *= RADIX) {
        for (size_t x = 0; x < 5; x++) {
            size_t lane = x + 5 * y;
            const uint32_t *left = columns[(x + 4) % 5], *right = columns[(x + 1) % 5];
            uint32_t *key = keys[(2 * x + 3 * y) % 5];
            for (size_t z = 0; z < SLICES; z++) {
                uint32_t v = bits[lane][z] + left[z] + right[(z + SLICES - 1) % SLICES];
                key[(z + ROTATIONS[lane]) % SLICES] += radix * v;
            }
        }
    }
}

/* theta, rho, pi and chi on lanes. */
static void round_without_iota(uint64_t state[LANES]) {
    uint64_t parity[5], moved[LANES];
    for (size_t x = 0; x < 5; x++)
        parity[x] = state[x] ^ state[x + 5] ^ state[x + 10] ^ state[x + 15] ^ state[x + 20];
    for (size_t lane = 0; lane < LANES; lane++) {
        size_t x = lane % 5, y = lane / 5;
        uint64_t around = parity[(x + 4) % 5] ^ rotate(parity[(x + 1) % 5], 1);
        moved[y + 5 * ((2 * x + 3 * y) % 5)] = rotate(state[lane] ^ around, ROTATIONS[lane]);
    }
    for (size_t lane = 0; lane < LANES; lane++) {
        size_t x = lane % 5, row = lane - x;
        state[lane] = moved[lane] ^ (~moved[row + (x + 1) % 5] & moved[row + (x + 2) % 5]);
    }
}

static void read_state(const uint32_t *words, uint64_t state[LANES]) {
    for (size_t lane = 0; lane < LANES; lane++) state[lane] = words[2 * lane] | (uint64_t)words[2 * lane + 1] << 32;
}

static void put_state(const block *b, const uint64_t state[LANES]) {
    for (size_t lane = 0; lane < LANES; lane++) put_bits(b, lane, state[lane]);
}

static uint64_t *key_column(const block *b, int32_t cell) {
    return b->main + keccak_key_column((unsigned)cell) * b->height + b->row;
}

static void put_call(const block *b, const uint32_t *call, uint32_t second, const zk_keccak_call_cells *cells) {
    const uint32_t *before = call + 2, *after = before + ZK_KECCAK_WORDS;
    for (size_t word = 0; word < ZK_KECCAK_WORDS; word++) {
        key_column(b, cells->new_words[word % b->k])[word / b->k] = after[word];
        key_column(b, cells->old_words[word % b->k])[word / b->k] = before[word];
    }
    for (size_t t = 0; t < SLICES / b->k; t++) {
        key_column(b, cells->ts)[t] = call[0];
        key_column(b, cells->pointer)[t] = call[1];
    }
    key_column(b, cells->new_words[0])[cells->call_row] = second;
}

static void put_flag(const block *b, size_t flag) {
    uint64_t *column = b->main + (CELLS * b->k + flag) * b->height + b->row;
    for (size_t t = 0; t < SLICES / b->k; t++) column[t] = 1;
}

/* Returns whether the state after the call is what the log says. */
static int permute(block b, const uint32_t *call, uint32_t second, const zk_keccak_call_cells *cells) {
    uint64_t state[LANES], after[LANES];
    read_state(call + 2, state);
    put_state(&b, state);
    put_bits(&b, X0, state[0]);
    put_call(&b, call, second, cells);
    put_flag(&b, 0);
    for (size_t r = 0; r < ROUNDS; r++) {
        uint32_t keys[KEYS][SLICES];
        b.row += SLICES / b.k;
        make_keys(state, keys);
        for (size_t y = 0; y < KEYS; y++) put_values(&b, LANES + y, keys[y]);
        round_without_iota(state);
        put_state(&b, state);
        state[0] ^= ROUND_CONSTANTS[r];
        put_bits(&b, X0, state[0]);
    }
    put_flag(&b, 1);
    read_state(call + 2 + ZK_KECCAK_WORDS, after);
    for (size_t lane = 0; lane < LANES; lane++)
        if (state[lane] != after[lane]) return 0;
    return 1;
}

size_t zk_keccak_rows(const uint32_t *calls, const uint32_t *second, size_t k, const zk_keccak_call_cells *cells,
                      size_t height, size_t begin, size_t end, uint64_t *main) {
    for (size_t n = begin; n < end; n++) {
        block first = {main, height, k, n * (ROUNDS + 1) * (SLICES / k)};
        if (!permute(first, calls + n * ZK_KECCAK_CALL_WORDS, second[n], cells)) return n;
    }
    return end;
}

int zk_keccak_lookups(const uint64_t *main, size_t k, size_t height, size_t begin, size_t end, uint64_t *counts,
                      size_t keys) {
    const uint64_t *loads = main + CELLS * k * height;
    for (size_t s = 0; s < k; s++) {
        for (size_t y = 0; y < KEYS; y++) {
            const uint64_t *column = main + (CELLS * s + LANES + y) * height;
            for (size_t row = begin; row < end; row++) {
                if (loads[row]) continue;
                if (column[row] >= keys) return 0;
                counts[column[row]]++;
            }
        }
    }
    return 1;
}
