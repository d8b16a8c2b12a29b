/* What the state keeps of each account and slot that it has seen, and how it finds them; for state/ alone. */
#ifndef ZK_RECORDS_H
#define ZK_RECORDS_H

#include "state/accounts.h"

typedef struct state_account state_account;
typedef struct state_slot state_slot;

struct state_slot {
    evm_slot slot; /* first: the EVM sees this */
    u256 key;
    state_account *account;
    state_slot *next;       /* of the same account */
    state_slot *next_dirty; /* the same */
    state_slot *next_recalled;
    uint32_t transaction;   /* the one that slot.original and is_warm are of */
    uint32_t touched_in;    /* the last transaction that wrote it */
    bool is_loaded;
    bool is_kept;  /* written by a transaction that was kept, since the state was opened */
    bool is_dirty; /* changed since the tries were written */
    u256 opened;   /* its value when the state was opened */
};

struct state_account {
    evm_account account;  /* first: the EVM sees this */
    uint32_t transaction; /* the one that the marks in account are of */
    uint32_t touched_in;  /* the last transaction that wrote it */
    limb_t hash;          /* of its address, for the tables */
    bool is_loaded;
    bool is_touched; /* by this transaction: goes if it is empty (EIP-161) */
    bool is_wiped;   /* the storage it was opened with is gone */
    bool is_kept;    /* written by a transaction that was kept, since the state was opened */
    bool is_dirty;   /* changed since the tries were written */
    evm_code *code;  /* NULL until it is asked for */
    state_slot *slots, *dirty_slots;
    state_account *next_dirty, *next_recalled;
    hash_t path; /* in the trie of accounts; known where the trie was read */
    /* As it was when the transaction that touched it last began. */
    bool begun_exists;
    uint64_t begun_nonce;
    u256 begun_balance;
    hash_t begun_code_hash;
    /* As it was when the state was opened. */
    bool opened_exists;
    uint64_t opened_nonce;
    u256 opened_balance;
    hash_t opened_code_hash;
    hash_t opened_storage_root;
    /* In the tries; `storage` is open where a slot was needed. */
    hash_t storage_root;
    hash_t written_code_hash;
    trie_t storage;
    bool is_storage_open;
    bool is_storage_fresh; /* opened anew after is_wiped */
};

typedef struct state_transient {
    const evm_account *account;
    u256 key, value;
    limb_t hash;
    struct state_transient *next;
} state_transient;

/* Records by their hash: open addressing, doubled when half full. */
typedef struct {
    limb_t hash;
    void *record;
} table_entry;

typedef struct {
    table_entry *entries;
    uint32_t bits; /* its size is 2^bits */
    uint32_t count;
} state_table;

typedef enum {
    UNDO_WARM_ACCOUNT,
    UNDO_WARM_SLOT,
    UNDO_FLAGS,
    UNDO_BALANCE,
    UNDO_NONCE,
    UNDO_CODE,
    UNDO_SLOT,
    UNDO_TRANSIENT,
    UNDO_LOG,
} undo_kind;

/* What takes one change back; `flags` are those of account records. */
typedef struct {
    undo_kind kind;
    uint32_t flags;
    void *record;
    evm_code *code;
    union {
        u256 number;
        uint64_t nonce;
        hash_t hash;
    } was;
} undo_entry;

enum { ADDRESS_LIMBS = (20 + sizeof(limb_t) - 1) / sizeof(limb_t) };

struct zk_state {
    zk_context *context;
    struct zk_nodes source;
    const zk_memory *memory; /* or NULL */
    trie_t tries;            /* of accounts */
    evm_code *no_code;
    state_table accounts, slots, codes, transients;
    state_transient *all_transients, *spare_transients;
    /* Odd, and not known before the state is: nobody can choose keys that meet in the tables. */
    limb_t address_factors[ADDRESS_LIMBS], key_factors[U256_LIMBS];

    /* Of the transaction. */
    uint32_t transaction; /* counts them, from 1 */
    undo_entry *undo;
    uint32_t undo_count, undo_room;
    zk_touched *touched;
    uint32_t touched_count, touched_room;
    evm_log *logs;
    uint32_t log_count, log_room;

    /* What was recalled and not read yet, in the tries as they were opened. */
    state_account *recalled_accounts;
    state_slot *recalled_slots;

    /* Since the tries were written, and since the state was opened. */
    state_account *dirty;
    state_account **kept;
    uint32_t kept_count, kept_room;
};

extern const hash_t STATE_NO_CODE; /* keccak of nothing */

/* The record of an account, of a slot: made where there is none, not loaded. */
state_account *state_find_account(zk_state *state, const address_t *address);
state_slot *state_find_slot(zk_state *state, state_account *account, const u256 *key);

/* Fill them, from memory or from the tries. */
void state_load_account(zk_state *state, state_account *own);
void state_load_slot(zk_state *state, state_slot *own);
/* Reads in the tries what was recalled; to be called before they are written. */
void state_read_recalled(zk_state *state);

evm_code *state_load_code(zk_state *state, state_account *own);
/* A code that exists from now on, with its hash. */
evm_code *state_new_code(zk_state *state, bytes_t bytes);

/* NULL where the transaction has none and `make` is false. */
state_transient *state_find_transient(zk_state *state, const evm_account *account, const u256 *key, bool make);
void state_forget_transients(zk_state *state);

/* Room for one more of `size` bytes in an array of the arena; the array that it is in then. */
void *state_more(zk_state *state, void *items, uint32_t count, uint32_t *room, size_t size);

/* What the last transaction did is there to stay. */
void state_keep(zk_state *state);

/* The slot that a touched key belongs to. */
static inline state_slot *state_slot_of(const u256 *key) {
    return (state_slot *)(void *)((uint8_t *)(uintptr_t)key - offsetof(state_slot, key));
}

/* The storage trie, opened. */
trie_t *state_storage(zk_state *state, state_account *own);

/* The leaf of a slot: keccak of its key. */
void state_slot_path(hash_t *path, const u256 *key);

/* Of a slot in a storage trie; 0 where there is none. */
u256 state_read_slot(zk_state *state, trie_t *trie, const u256 *key);

#endif
