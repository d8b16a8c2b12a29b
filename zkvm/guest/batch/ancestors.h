/* Hashes of the blocks before one, as far as headers vouch for them. */
#ifndef ZK_ANCESTORS_H
#define ZK_ANCESTORS_H

#include "base/base.h"

enum { ZK_ANCESTOR_HASHES = 256 }; /* as far as BLOCKHASH looks back */

typedef struct {
    zk_context *context;
    uint64_t oldest, next; /* known are the blocks from `oldest` up to and without `next` */
    hash_t hashes[ZK_ANCESTOR_HASHES]; /* of block n at n modulo their number */
} zk_ancestors;

/* Knows one block. */
void zk_ancestors_start(zk_ancestors *ancestors, zk_context *context, uint64_t number, const hash_t *hash);

/* The block before the oldest; there is one, and there is room. */
void zk_ancestors_older(zk_ancestors *ancestors, const hash_t *hash);

/* The block after the latest. */
void zk_ancestors_newer(zk_ancestors *ancestors, const hash_t *hash);

/* The hash of a block before `next`; `self` is a zk_ancestors. Ends the run with ZK_MISSING_ANCESTOR where no header
   leads to it: so no proof rests on an invented one. */
const hash_t *zk_ancestor_hash(void *self, uint64_t number);

#endif
