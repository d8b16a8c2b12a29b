/* The EVM: what it runs, what it asks of the state below it, and how a call ends. */
#ifndef ZK_EVM_H
#define ZK_EVM_H

#include "base/base.h"
#include "base/u256.h"

typedef struct evm evm;
struct evm_frame;

/* --- How a call ends --- */

typedef enum {
    EVM_SUCCESS = 0,
    EVM_REVERT,
    /* From here on all of the call's gas is gone. */
    EVM_OUT_OF_GAS,
    EVM_STACK_UNDERFLOW,
    EVM_STACK_OVERFLOW,
    EVM_BAD_JUMP,
    EVM_BAD_INSTRUCTION, /* an opcode that the fork does not have, or INVALID: evm_result.opcode */
    EVM_WRITE_PROTECTION,
    EVM_OUT_OF_BOUNDS, /* RETURNDATACOPY beyond the data */
    EVM_COLLISION,     /* the address to create at is taken */
    EVM_CODE_TOO_LARGE,
    EVM_CODE_PREFIX, /* new code starts with 0xEF (EIP-3541) */
    EVM_INIT_CODE_TOO_LARGE,
    EVM_PRECOMPILE_FAILED,
    /* A call that does not begin; its gas comes back. */
    EVM_NO_FUNDS,
    EVM_TOO_DEEP,
    EVM_NONCE_OVERFLOW,
} evm_status;

/* --- State --- */

/* Code that is run: 33 zero bytes follow the last one, so that pushes and pc need no check. */
typedef struct {
    const uint8_t *bytes;
    uint8_t *jump_targets; /* a bit for each byte below `analysed` */
    uint32_t size;
    uint32_t analysed;
    hash_t hash;
} evm_code;

enum { EVM_CODE_PADDING = 33 };

/* Fills a code from its bytes, both kept in the context's arena; analysis happens as jumps need it. */
evm_code *evm_code_make(zk_context *context, const hash_t *hash, bytes_t bytes);

/* An account as it is now. The state's own record begins with it; the EVM reads fields and changes them only through
   the functions below. One that is not there reads as zeros with the hash of no code. */
typedef struct {
    address_t address;
    bool exists;
    bool is_warm;    /* in this transaction (EIP-2929) */
    bool is_created; /* by this transaction, as a contract (EIP-6780) */
    bool is_doomed;  /* destroyed by this transaction: goes when it ends */
    bool has_storage; /* its storage was not empty when it was loaded: nothing is created over it (EIP-7610) */
    uint64_t nonce;
    u256 balance;
    hash_t code_hash;
} evm_account;

/* A storage slot, in the same way. */
typedef struct {
    u256 value;
    u256 original; /* when the transaction began (EIP-2200) */
    bool is_warm;
} evm_slot;

typedef struct {
    address_t address;
    uint32_t topic_count;
    u256 topics[4];
    bytes_t data; /* copied by the state */
} evm_log;

/* What the EVM asks of the state. Accounts and slots stay where they are until the state is thrown away. Everything
   but account(), slot(), code() and transient() can be taken back to a snapshot; none fails but through zk_fail. */
typedef struct evm_state_ops {
    /* Loads on first use. */
    evm_account *(*account)(void *self, const address_t *address);
    evm_slot *(*slot)(void *self, evm_account *account, const u256 *key);
    /* Never NULL; code of size 0 where there is none. */
    evm_code *(*code)(void *self, evm_account *account);
    void (*transient)(void *self, const evm_account *account, const u256 *key, u256 *value);

    /* Whether an account, or with a key one of its slots, is warm; loads nothing. */
    bool (*is_warm)(void *self, const address_t *address, const u256 *key);
    void (*warm_account)(void *self, evm_account *account);
    void (*warm_slot)(void *self, evm_slot *slot);
    /* The same by name, before a transaction runs: nothing needs to be loaded for it. */
    void (*warm_address)(void *self, const address_t *address);
    void (*warm_key)(void *self, const address_t *address, const u256 *key);

    /* Each of these makes the account exist. */
    void (*set_balance)(void *self, evm_account *account, const u256 *balance);
    void (*set_nonce)(void *self, evm_account *account, uint64_t nonce);
    void (*set_code)(void *self, evm_account *account, bytes_t code);
    void (*set_slot)(void *self, evm_account *account, evm_slot *slot, const u256 *value);
    void (*set_transient)(void *self, const evm_account *account, const u256 *key, const u256 *value);

    /* An account that is empty when the transaction ends goes, if it was touched (EIP-161). */
    void (*touch)(void *self, evm_account *account);
    /* A contract comes into being: is_created, and none of the storage that a former one left is seen. */
    void (*create)(void *self, evm_account *account);
    /* Sets is_doomed. */
    void (*doom)(void *self, evm_account *account);
    void (*log)(void *self, const evm_log *log);

    uint32_t (*snapshot)(void *self);
    void (*revert)(void *self, uint32_t snapshot);
    /* The transaction is over: doomed and touched empty accounts go, originals, warmth and marks are reset. Logs stay
       until the caller has read them. */
    void (*finish)(void *self);
} evm_state_ops;

/* --- Rules: one table a fork --- */

typedef struct {
    /* INT64_MAX for an input whose price is beyond any call's gas. */
    int64_t (*gas)(bytes_t input);
    /* Leaves its output by evm_output. False: the call fails with all its gas. */
    bool (*run)(evm *vm, bytes_t input);
} evm_precompile;

enum { EVM_PRECOMPILES = 10 };
#define EVM_NOT_THERE INT64_MAX

typedef struct {
    int64_t gas[256]; /* constant part of each opcode; EVM_NOT_THERE for one that the fork does not have */
    evm_precompile precompiles[EVM_PRECOMPILES]; /* at addresses 1, 2, ... */
} evm_rules;

extern const evm_rules EVM_CANCUN;

/* --- What a transaction sees --- */

typedef struct {
    address_t coinbase;
    uint64_t number;
    uint64_t timestamp;
    uint64_t gas_limit;
    u256 base_fee;
    u256 blob_base_fee;
    u256 chain_id;
    hash_t prev_randao;
    bool base_fee_to_coinbase; /* as on the chains: nothing is burnt */
    /* The hash of a block among the 256 before this one, NULL where there is none. */
    const hash_t *(*block_hash)(void *self, uint64_t number);
    void *self;
} evm_block;

typedef enum { EVM_CALL, EVM_CALLCODE, EVM_DELEGATECALL, EVM_STATICCALL, EVM_CREATE, EVM_CREATE2 } evm_kind;

typedef struct {
    evm_kind kind;
    bool is_static;
    uint32_t depth;
    uint64_t gas;
    address_t caller;
    address_t target; /* whose storage and balance; of a creation what evm_created_address says */
    address_t code;   /* whose code runs; not of a creation */
    u256 value;
    bytes_t input; /* init code of a creation */
} evm_message;

typedef struct {
    evm_status status;
    uint8_t opcode; /* of EVM_BAD_INSTRUCTION */
    uint32_t at;    /* where it stands in the code that was running */
    uint64_t gas_left;
    bytes_t output; /* of a call that succeeded or reverted, new code included; stays until the next call */
} evm_result;

/* Somebody who looks on, and changes nothing: tracing, or a clock that ends the run by zk_fail. The host's alone. */
typedef struct evm_watch {
    /* In the place of evm_run. */
    int (*run)(evm *vm, struct evm_frame *frame);
    /* A call begins, whether or not it gets a frame; parent is NULL for the outermost. Then how it ended. */
    void (*begin)(evm *vm, const struct evm_frame *parent, const evm_message *message);
    void (*end)(evm *vm, evm_status status, uint64_t gas_left);
    /* The frame asked for a call that cannot begin; its operands are at `top`. */
    void (*refuse)(evm *vm, const struct evm_frame *frame, const u256 *top, evm_kind kind);
    void (*log)(evm *vm, const evm_log *log);
    void (*destroy)(evm *vm, const struct evm_frame *frame, const address_t *heir, const u256 *balance);
} evm_watch;

/* A machine. The caller fills the first part and keeps it; frames and returned are memory for the EVM's own use. */
struct evm {
    zk_context *context;
    const evm_rules *rules;
    const evm_state_ops *ops;
    void *state;
    const evm_block *block;
    evm_watch *watch; /* NULL for nobody */
    zk_arena frames;   /* stacks and memories, up to 1,025 calls deep */
    zk_arena returned; /* what the last call returned */
    /* Of the transaction. */
    address_t origin;
    u256 gas_price;
    const hash_t *blob_hashes;
    uint32_t blob_count;
    int64_t refund; /* before the cap of a fifth */
    /* The EVM's own. */
    bytes_t return_data;
    evm_message next; /* the call that the running frame asks for */
};

/* Runs one call to its end. Warm addresses, the sender's nonce and what gas costs are the caller's business. */
evm_result evm_call(evm *vm, const evm_message *message);

/* The address of the contract that `creator` makes with `nonce` (CREATE). */
void evm_created_address(address_t *created, const address_t *creator, uint64_t nonce);

/* Which precompile an address is, from 1; 0 for none. They are always warm. */
uint32_t evm_precompile_number(const address_t *address);

/* Told by the hash: the code itself is not loaded. */
bool evm_has_code(const evm_account *account);

/* Empty as EIP-161 has it. */
bool evm_is_empty(const evm_account *account);

/* Room for `size` bytes that become the return data; what was there before is gone. */
uint8_t *evm_output(evm *vm, uint32_t size);

#endif
