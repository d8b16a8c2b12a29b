/* Transactions of every type from the bytes that stand in a block, strictly: each has one form. */
#ifndef ZK_TRANSACTIONS_H
#define ZK_TRANSACTIONS_H

#include "base/base.h"
#include "base/u256.h"
#include "evm/transaction.h"

enum {
    ZK_TX_LEGACY = 0x00,
    ZK_TX_ACCESS_LIST = 0x01,
    ZK_TX_DYNAMIC_FEE = 0x02,
    ZK_TX_EIP712 = 0x71,
    ZK_TX_SYSTEM = 0x7E,
    ZK_TX_PRIORITY = 0x7F,
};

typedef struct {
    evm_transaction call; /* nonce: the block's number of a system transaction, the id of an L1 operation. A number or
                             a gas limit of a system transaction beyond 64 bits is UINT64_MAX, which no block has.
                             Whether a mint leaves the holder (from_holder) is for the caller to say. */
    bytes_t raw;
    hash_t canonical_hash; /* of an L1 operation, as L1 counts it; zero of others, whose hash no rule asks for */
    uint8_t type;
} zk_transaction;

/* False where the bytes are no transaction of this chain. What is decoded refers to `raw`; access lists are in the
   arena. `sender`, unless NULL, is who signed, as was found before: no signature is looked at then. */
bool zk_decode_transaction(zk_context *context, const u256 *chain_id, bytes_t raw, const address_t *sender,
                           zk_transaction *tx);

#endif
