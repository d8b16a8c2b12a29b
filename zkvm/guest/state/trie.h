/* Merkle-Patricia tries over nodes that are found by their hash. Nodes are decoded when they are first needed and are
   kept in the context's arena; changes are made to them in place and hashed when the root is asked for. */
#ifndef ZK_TRIE_H
#define ZK_TRIE_H

#include "base/base.h"

/* Keys of at most this many bytes. */
enum { TRIE_KEY_BYTES = 64 };

typedef struct trie_node trie_node;

/* A place for a node. `name` is what a parent's bytes have for it: 0xA0 and its hash, or the node itself where that is
   shorter than a hash. Nothing there: both NULL. Not loaded: only the name. Changed since the last root: only the
   node. */
typedef struct {
    trie_node *node;
    const uint8_t *name;
} trie_link;

typedef struct {
    zk_context *context;
    struct zk_nodes source;
    trie_link root;
} trie_t;

/* Takes the nodes that a change brings, children before parents; copies what it wants to keep. */
typedef struct {
    void (*put)(void *self, const hash_t *hash, bytes_t node);
    void *self;
} trie_sink;

/* keccak(rlp("")): the root of a trie with nothing in it. */
extern const hash_t TRIE_EMPTY_ROOT;

/* Opens the trie with this root; loads nothing yet. All of the functions below end the run with ZK_MISSING_NODE where
   the source lacks a node that they need, and with ZK_MALFORMED where a node is not one. */
void trie_open(trie_t *trie, zk_context *context, struct zk_nodes source, const hash_t *root);

/* The value, of size 0 where there is none. */
bytes_t trie_get(trie_t *trie, bytes_t key);

/* `value` is not empty and stays where it is as long as the trie. */
void trie_put(trie_t *trie, bytes_t key, bytes_t value);

/* Does nothing where the key is not there. A branch that is left with one child is replaced by it, so that child is
   loaded too. */
void trie_delete(trie_t *trie, bytes_t key);

/* The root now. Nodes that changed since the last call go to the sink, which may be NULL. */
void trie_root(trie_t *trie, hash_t *root, const trie_sink *sink);

#endif
