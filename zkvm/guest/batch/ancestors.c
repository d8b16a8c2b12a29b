#include "batch/ancestors.h"

void zk_ancestors_start(zk_ancestors *ancestors, zk_context *context, uint64_t number, const hash_t *hash) {
    ancestors->context = context;
    ancestors->oldest = ancestors->next = number;
    zk_ancestors_newer(ancestors, hash);
}

void zk_ancestors_older(zk_ancestors *ancestors, const hash_t *hash) {
    ancestors->hashes[--ancestors->oldest % ZK_ANCESTOR_HASHES] = *hash;
}

void zk_ancestors_newer(zk_ancestors *ancestors, const hash_t *hash) {
    ancestors->hashes[ancestors->next++ % ZK_ANCESTOR_HASHES] = *hash;
    if (ancestors->next - ancestors->oldest > ZK_ANCESTOR_HASHES) ancestors->oldest++;
}

const hash_t *zk_ancestor_hash(void *self, uint64_t number) {
    zk_ancestors *ancestors = self;
    if (number < ancestors->oldest) zk_fail(ancestors->context, ZK_MISSING_ANCESTOR);
    return &ancestors->hashes[number % ZK_ANCESTOR_HASHES];
}
