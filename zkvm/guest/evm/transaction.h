/* What one transaction does to the state, of each kind there is on a chain. */
#ifndef ZK_EVM_TRANSACTION_H
#define ZK_EVM_TRANSACTION_H

#include "evm/evm.h"

typedef enum {
    EVM_USER,     /* signed; Ethereum's rules */
    EVM_SYSTEM,   /* 0x7e: free */
    EVM_PRIORITY, /* 0x7f: brings its own money */
} evm_origin;

typedef struct {
    address_t address;
    const hash_t *keys;
    uint32_t key_count;
} evm_access;

typedef struct {
    evm_origin kind;
    bool is_creation; /* of users' only */
    address_t sender;
    address_t to;
    uint64_t nonce;
    uint64_t gas_limit;
    u256 max_fee;          /* wei a unit of gas; of a legacy transaction both are its gas price */
    u256 max_priority_fee;
    u256 value;
    bytes_t data;
    const evm_access *accesses;
    uint32_t access_count;
    const hash_t *blob_hashes; /* what BLOBHASH sees; what they cost is the caller's question */
    uint32_t blob_count;
    /* Of L1 operations. */
    u256 minted;
    address_t refund_recipient;
    bool from_holder; /* the mint leaves the base token's holder */
} evm_transaction;

/* Why a user's transaction cannot be part of the block; in the order in which they are looked for. */
typedef enum {
    EVM_ACCEPTED = 0,
    EVM_TIP_ABOVE_FEE,
    EVM_FEE_BELOW_BASE_FEE,
    EVM_INIT_CODE_TOO_LONG,
    EVM_GAS_BELOW_INTRINSIC,
    EVM_NONCE_TOO_LOW,
    EVM_NONCE_TOO_HIGH,
    EVM_NONCE_AT_END, /* EIP-2681 */
    EVM_SENDER_HAS_CODE,
    EVM_FUNDS_TOO_LOW,
} evm_refusal;

typedef struct {
    evm_status status;
    uint8_t opcode; /* of EVM_BAD_INSTRUCTION, and where it stands */
    uint32_t at;
    bool was_called; /* false for an L1 operation that could not even start */
    uint64_t gas_used;
    bytes_t output;
} evm_outcome;

/* Gas that is charged up front (EIP-2028, 2930, 3860). */
uint64_t evm_intrinsic_gas(const evm_transaction *tx);

/* What a unit of gas costs the sender of an accepted transaction (EIP-1559); L1 operations and system transactions pay
   what they say. */
u256 evm_gas_price(const evm *vm, const evm_transaction *tx);

/* Whether a user's transaction may run now. Whether it fits the block's gas is the caller's question. */
evm_refusal evm_check(evm *vm, const evm_transaction *tx);

/* Runs a transaction (a user's must have been accepted) and ends it in the state. A system transaction that fails
   makes its block invalid: the caller looks at the status. */
evm_outcome evm_transact(evm *vm, const evm_transaction *tx);

/* Charges a transaction for all its gas as if its call had failed at once: its pubdata is beyond the limit. */
void evm_charge_all(evm *vm, const evm_transaction *tx);

#endif
