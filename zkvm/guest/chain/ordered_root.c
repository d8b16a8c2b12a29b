#include "chain/ordered_root.h"

#include "chain/rlp.h"
#include "state/trie.h"

static const uint8_t *no_node(void *self, const hash_t *hash, uint32_t *size) {
    (void)self, (void)hash, (void)size;
    return NULL;
}

void zk_ordered_root(zk_context *context, const bytes_t *items, uint32_t count, hash_t *root) {
    zk_arena before = context->arena;
    trie_t trie;
    trie_open(&trie, context, (struct zk_nodes){no_node, NULL}, &TRIE_EMPTY_ROOT);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t key[1 + sizeof i];
        trie_put(&trie, (bytes_t){key, (uint32_t)(rlp_put_u64(key, i) - key)}, items[i]);
    }
    trie_root(&trie, root, NULL);
    context->arena = before;
}
