/* keccak-256, a message a thread. Blocks and digests go through shared memory: threads read and write neighbouring
 * bytes of device memory there, each its own block's lanes here. */
#include "hash/keccak.h"
#include "kernel.h"

static inline ZK_DEVICE void clear(uint64_t state[25]) {
    for (int i = 0; i < 25; i++) state[i] = 0;
}

/* Puts the first `bytes` bytes of each thread's state, one after another, to `out`, where this block's digests begin;
 * `count` threads have one. Every thread of the block comes here. */
static inline ZK_DEVICE void put_digests(const uint64_t state[25], unsigned count, unsigned bytes, uint8_t *out) {
    __syncthreads(); /* the lanes of the last block were read from here */
    for (unsigned i = 0; i < 4; i++) zk_shared[4 * threadIdx.x + i] = state[i];
    __syncthreads();
    const uint8_t *digests = (const uint8_t *)zk_shared;
    for (unsigned i = threadIdx.x; i < count * bytes; i += blockDim.x) out[i] = digests[i / bytes * 32 + i % bytes];
}

/* How many of `total` this block has, one a thread, from the first on. */
static inline ZK_DEVICE unsigned in_block(uint64_t total) {
    const uint64_t left = total - (uint64_t)blockIdx.x * blockDim.x;
    return left < blockDim.x ? (unsigned)left : blockDim.x;
}

/* Digests of rows: columns[c] is where column c begins. Shared memory: 4 words a thread. */
ZK_KERNEL digest_rows(const uint64_t *columns, uint64_t width, uint64_t rows, uint64_t node_bytes, uint8_t *out) {
    const uint64_t row = zk_thread();
    uint64_t state[25];
    clear(state);
    if (row < rows) {
        uint64_t first = 0;
        for (; first + KECCAK_RATE_LANES <= width; first += KECCAK_RATE_LANES) {
            for (int i = 0; i < KECCAK_RATE_LANES; i++) {
                state[i] ^= kv_swap_bytes(((const uint64_t *)columns[first + i])[row]);
            }
            keccak_f(state);
        }
        for (int i = 0; i < KECCAK_RATE_LANES; i++) {
            if (first + i < width) state[i] ^= kv_swap_bytes(((const uint64_t *)columns[first + i])[row]);
            if (first + i == width) state[i] ^= KECCAK_PAD_FIRST;
        }
        state[KECCAK_RATE_LANES - 1] ^= KECCAK_PAD_LAST;
        keccak_f(state);
    }
    put_digests(state, in_block(rows), (unsigned)node_bytes, out + (uint64_t)blockIdx.x * blockDim.x * node_bytes);
}

static inline ZK_DEVICE void absorb_own_block(uint64_t state[25]) {
    for (int i = 0; i < KECCAK_RATE_LANES; i++) state[i] ^= zk_shared[KECCAK_RATE_LANES * threadIdx.x + i];
    keccak_f(state);
}

/* Copies `length` bytes of each of `count` messages, `pitch` bytes apart, into the threads' blocks at byte `at`. */
static inline ZK_DEVICE void gather(const uint8_t *from, uint64_t pitch, unsigned count, unsigned length, unsigned at) {
    uint8_t *blocks = (uint8_t *)zk_shared;
    for (unsigned i = threadIdx.x; i < count * length; i += blockDim.x) {
        blocks[i / length * KECCAK_RATE_BYTES + at + i % length] = from[i / length * pitch + i % length];
    }
}

/* Clears the threads' blocks once no thread reads them any more. */
static inline ZK_DEVICE void clear_blocks(void) {
    __syncthreads();
    for (unsigned i = threadIdx.x; i < blockDim.x * KECCAK_RATE_LANES; i += blockDim.x) zk_shared[i] = 0;
    __syncthreads();
}

/* Marks the end of each thread's message, `length` bytes into its block. */
static inline ZK_DEVICE void pad_own_block(unsigned length) {
    __syncthreads();
    uint8_t *block = (uint8_t *)zk_shared + KECCAK_RATE_BYTES * threadIdx.x;
    block[length] ^= (uint8_t)KECCAK_PAD_FIRST;
    block[KECCAK_RATE_BYTES - 1] ^= (uint8_t)(KECCAK_PAD_LAST >> 56);
}

/* Parents of pairs of children, with a digest injected beside each pair if there are any. Shared memory: 17 words a
 * thread, as for hash_messages. */
ZK_KERNEL hash_nodes(const uint8_t *children, const uint8_t *injected, uint64_t nodes, uint64_t node_bytes,
                     uint8_t *out) {
    const unsigned bytes = (unsigned)node_bytes, count = in_block(nodes);
    const uint64_t first = (uint64_t)blockIdx.x * blockDim.x;
    uint64_t state[25];
    clear(state);
    clear_blocks();
    gather(children + first * 2 * bytes, 2 * bytes, count, 2 * bytes, 0);
    if (injected) gather(injected + first * bytes, bytes, count, bytes, 2 * bytes);
    pad_own_block((injected ? 3 : 2) * bytes);
    absorb_own_block(state);
    put_digests(state, count, bytes, out + first * bytes);
}

ZK_KERNEL hash_messages(const uint8_t *messages, uint64_t count, uint64_t length, uint8_t *out) {
    const uint64_t first = (uint64_t)blockIdx.x * blockDim.x;
    const unsigned here = in_block(count);
    uint64_t state[25];
    clear(state);
    for (uint64_t at = 0;; at += KECCAK_RATE_BYTES) {
        const int last = length - at < KECCAK_RATE_BYTES;
        const unsigned part = last ? (unsigned)(length - at) : KECCAK_RATE_BYTES;
        clear_blocks();
        gather(messages + first * length + at, length, here, part, 0);
        if (last) {
            pad_own_block(part);
        } else {
            __syncthreads();
        }
        absorb_own_block(state);
        if (last) break;
    }
    put_digests(state, here, 32, out + first * 32);
}

/* to[bitrev(row)] = from[row], a byte a thread. */
ZK_KERNEL scatter_digests(const uint8_t *from, uint8_t *to, uint64_t log_rows, uint64_t node_bytes) {
    for (uint64_t i = zk_thread(); i < node_bytes << log_rows; i += zk_threads()) {
        to[zk_reversed(i / node_bytes, log_rows) * node_bytes + i % node_bytes] = from[i];
    }
}

/* out[i] = digests[positions[i]], a byte a thread. */
ZK_KERNEL pick_digests(const uint8_t *digests, uint64_t node_bytes, const uint64_t *positions, uint64_t count,
                       uint8_t *out) {
    for (uint64_t i = zk_thread(); i < count * node_bytes; i += zk_threads()) {
        out[i] = digests[positions[i / node_bytes] * node_bytes + i % node_bytes];
    }
}

ZK_KERNEL copy_bytes(const uint8_t *from, uint8_t *to, uint64_t count) {
    for (uint64_t i = zk_thread(); i < count; i += zk_threads()) to[i] = from[i];
}

/* `found` becomes the least nonce of [first, first + count) whose digest begins with `bits` zero bits, 1 to 64. */
ZK_KERNEL grind(uint64_t s0, uint64_t s1, uint64_t s2, uint64_t s3, uint64_t bits, uint64_t first, uint64_t count,
                uint64_t *found) {
    for (uint64_t i = zk_thread(); i < count; i += zk_threads()) {
        uint64_t state[25];
        clear(state);
        state[0] = s0, state[1] = s1, state[2] = s2, state[3] = s3;
        state[4] = kv_swap_bytes(first + i);
        state[5] = KECCAK_PAD_FIRST;
        state[KECCAK_RATE_LANES - 1] = KECCAK_PAD_LAST;
        keccak_f(state);
        if (kv_swap_bytes(state[0]) >> (64 - bits) == 0) zk_report_least(found, first + i);
    }
}
