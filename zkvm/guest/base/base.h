/* What every part of the batch program shares: byte types, reasons to give up, memory.

   One source for two targets, the host and RV32IM: no libc but mem*, no global that changes, little endian, no
   undefined behaviour. */
#ifndef ZK_BASE_H
#define ZK_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "little-endian targets only"
#endif

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *left, const void *right, size_t size);
/* Freestanding, a compiler takes these names for anybody's functions, and calls them even for a word. */
#define memcpy __builtin_memcpy
#define memmove __builtin_memmove
#define memset __builtin_memset
#define memcmp __builtin_memcmp

#define ZK_LIKELY(condition) __builtin_expect(!!(condition), 1)
#define ZK_UNLIKELY(condition) __builtin_expect(!!(condition), 0)

/* Aligned, so that they are copied and compared by words: nothing at an odd place may be taken for one. */
typedef struct {
    _Alignas(4) uint8_t bytes[20];
} address_t;

typedef struct {
    _Alignas(4) uint8_t bytes[32];
} hash_t;

/* Bytes that somebody else keeps. */
typedef struct {
    const uint8_t *data;
    uint32_t size;
} bytes_t;

static inline bool zk_equal_words(const uint8_t *a, const uint8_t *b, size_t words) {
    for (size_t i = 0; i < words; i++) {
        uint32_t left, right;
        memcpy(&left, (const uint8_t *)__builtin_assume_aligned(a, 4) + 4 * i, 4);
        memcpy(&right, (const uint8_t *)__builtin_assume_aligned(b, 4) + 4 * i, 4);
        if (left != right) return false;
    }
    return true;
}

static inline bool address_equal(const address_t *a, const address_t *b) {
    return zk_equal_words(a->bytes, b->bytes, 5);
}
static inline bool hash_equal(const hash_t *a, const hash_t *b) { return zk_equal_words(a->bytes, b->bytes, 8); }

/* --- Why a run gives up: the codes of chain_template/batcher/reasons.py, and what only a machine can lack --- */

typedef enum {
    ZK_OK = 0,
    ZK_VERSION,
    ZK_MALFORMED,
    ZK_HEADER,
    ZK_ANCESTORS,
    ZK_WITNESS_ORDER,
    ZK_NO_BLOCKS,
    ZK_DA_SCHEME,
    ZK_BASE_FEE,
    ZK_INVALID_BLOCK,
    ZK_TRANSACTION,
    ZK_REJECTED,
    ZK_PRIORITY_ORDER,
    ZK_SYSTEM_TRANSACTION,
    ZK_MISSING_NODE,
    ZK_MISSING_ANCESTOR,
    ZK_LIMIT,
    ZK_OUT_OF_MEMORY, /* an arena is used up */
} zk_reason;

/* Memory is taken from the top and given back by going to an earlier mark; nothing is freed alone. */
typedef struct {
    uint8_t *at, *end;
} zk_arena;

/* What a run carries along. The target's entry point embeds it as the first member of something larger. */
typedef struct {
    zk_arena arena; /* lives as long as the state it holds */
} zk_context;

/* Gives up: the host's entry point returns the reason, the guest refuses its input. Each target defines it. */
_Noreturn void zk_fail(zk_context *context, zk_reason reason);

/* `size` bytes, aligned to 8 and not cleared. */
static inline void *zk_take(zk_context *context, zk_arena *arena, size_t size) {
    size_t padding = (size_t)(-(uintptr_t)arena->at & 7);
    size_t left = (size_t)(arena->end - arena->at);
    if (ZK_UNLIKELY(padding > left || size > left - padding)) zk_fail(context, ZK_OUT_OF_MEMORY);
    uint8_t *taken = arena->at + padding;
    arena->at = taken + size;
    return taken;
}

/* The same from the context's own arena. */
static inline void *zk_alloc(zk_context *context, size_t size) { return zk_take(context, &context->arena, size); }

/* For `count` things of one size; where whoever made the input chose the count, its bytes may be beyond a size_t. */
static inline void *zk_alloc_array(zk_context *context, size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) zk_fail(context, ZK_OUT_OF_MEMORY);
    return zk_alloc(context, bytes);
}

/* --- Trie nodes and contract codes by their keccak hash --- */

/* get returns NULL when there is none; what it returns stays as long as the source. */
struct zk_nodes {
    const uint8_t *(*get)(void *self, const hash_t *hash, uint32_t *size);
    void *self;
};

#endif
