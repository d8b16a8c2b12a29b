/* The state of a chain: accounts and their storage over Merkle-Patricia tries, with everything of a transaction taken
   back if need be. Reads go through a cache; tries change when the root is asked for. */
#ifndef ZK_ACCOUNTS_H
#define ZK_ACCOUNTS_H

#include "base/base.h"
#include "evm/evm.h"
#include "state/trie.h"

typedef struct zk_state zk_state;

/* Opens the state with this root; loads nothing yet. What it holds lives in the context's arena. */
zk_state *zk_state_open(zk_context *context, struct zk_nodes source, const hash_t *root);

/* An account as it lies in the tries; one that does not exist has no nonce, balance, storage or code. */
typedef struct {
    bool exists;
    uint64_t nonce;
    u256 balance;
    hash_t storage_root, code_hash;
} zk_account_record;

/* A memory of what the tries hold at the root that a state is opened with; it answers what it knows. Whoever keeps one
   reads accounts and slots without a walk through the tries. They are still walked where the root is asked for: the
   same nodes are read in the end, and what was recalled is compared. */
typedef struct {
    bool (*account)(void *self, const address_t *address, zk_account_record *found);
    bool (*slot)(void *self, const address_t *address, const u256 *key, u256 *found);
    void *self;
} zk_memory;

/* Before anything is read. */
void zk_state_remember(zk_state *state, const zk_memory *memory);

/* All that the state has read or changed, as it is after zk_state_root. */
typedef struct {
    void (*account)(void *self, const address_t *address, const zk_account_record *account);
    void (*slot)(void *self, const address_t *address, const u256 *key, const u256 *value);
    void *self;
} zk_memory_sink;

/* False, and nothing told, where storage is gone of which the state does not know all slots. */
bool zk_state_tell(const zk_state *state, const zk_memory_sink *sink);

/* What the EVM asks; self is a zk_state. */
extern const evm_state_ops ZK_STATE;

/* --- Transactions: each runs between begin and take_back; without it, what it did is there to stay --- */

/* Also forgets the touched keys of the one before. */
void zk_state_begin(zk_state *state);
/* As it was at begin, even if the transaction was ended by the EVM (finish). Only begin may follow. */
void zk_state_take_back(zk_state *state);

/* Of the transaction since begin, logs in order; they stay as long as the state. */
const evm_log *zk_state_logs(const zk_state *state, uint32_t *count);

/* Something that a transaction wrote or touched, whether or not it was reverted or has its old value again. */
typedef struct zk_touched {
    evm_account *account;
    const u256 *key; /* of a slot; NULL for the account itself */
} zk_touched;

/* What was written since begin, each thing once; to be read before the next begin. */
const zk_touched *zk_state_touched(const zk_state *state, uint32_t *count);

/* Whether it differs from what it was at begin: nonce, balance and code, or the slot's value. */
bool zk_state_differs(zk_state *state, const zk_touched *touched);

/* Bytes of code that creations since begin have left, reverted ones not counted. */
uint32_t zk_state_created_code(const zk_state *state);

/* --- Blocks --- */

/* Writes what transactions changed into the tries; nodes and codes that are new go to the sink, which may be NULL. The
   state goes on from there. */
void zk_state_root(zk_state *state, hash_t *root, const trie_sink *sink);

/* --- Batches: what changed since the state was opened --- */

typedef struct {
    evm_account *account; /* as it is now */
    bool existed;
    uint64_t old_nonce;
    u256 old_balance;
    hash_t old_code_hash;
    bool storage_differs; /* between the roots then and now */
} zk_account_change;

typedef struct {
    u256 key, old_value, value;
} zk_slot_change;

/* Every account that was touched in a transaction that was kept, ascending by address, and its touched slots whose
   value differs, ascending by key; for use after zk_state_root. Arrays are in the arena. */
const zk_account_change *zk_state_account_changes(zk_state *state, uint32_t *count);
const zk_slot_change *zk_state_slot_changes(zk_state *state, const evm_account *account, uint32_t *count);

/* Code by its account, for the state diff; as evm_state_ops.code. */
bytes_t zk_state_code(zk_state *state, evm_account *account);

#endif
