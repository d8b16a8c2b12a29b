/* A state without tries for tests of the EVM: accounts and slots in lists, with a log of what to undo. */
#ifndef ZK_TEST_MEMORY_STATE_H
#define ZK_TEST_MEMORY_STATE_H

#include "evm/evm.h"

enum { BUCKETS = 4096 };

typedef struct memory_slot {
    evm_slot slot; /* first: the EVM sees this */
    u256 key;
    struct memory_slot *in_account, *in_bucket;
    struct memory_account *account;
} memory_slot;

typedef struct memory_account {
    evm_account account; /* first: the EVM sees this */
    bool is_touched;
    evm_code *code;
    memory_slot *slots;
    struct memory_account *next, *in_bucket;
} memory_account;

typedef struct memory_transient {
    const evm_account *account;
    u256 key, value;
    struct memory_transient *next;
} memory_transient;

/* A record as it was: `size` bytes that go back to `at`. */
typedef struct memory_undo {
    void *at;
    size_t size;
    struct memory_undo *next;
} memory_undo;

typedef struct memory_log {
    evm_log log;
    struct memory_log *next;
} memory_log;

typedef struct {
    zk_context *context;
    memory_account *accounts, *account_buckets[BUCKETS];
    memory_slot *slot_buckets[BUCKETS];
    memory_transient *transients;
    memory_log *logs; /* the latest first */
    memory_undo *undo;
    uint32_t undo_count;
} memory_state;

extern const evm_state_ops MEMORY_STATE;

/* For setting up and reading: nothing is noted for undoing. */
memory_account *memory_account_of(memory_state *state, const address_t *address);
memory_slot *memory_slot_of(memory_state *state, memory_account *account, const u256 *key);

#endif
