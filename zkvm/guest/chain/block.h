/* Executing one block: transactions are tried one by one, and a header is made of those that were included. */
#ifndef ZK_BLOCK_H
#define ZK_BLOCK_H

#include "base/base.h"
#include "chain/header.h"
#include "chain/l2_logs.h"
#include "chain/receipts.h"
#include "chain/transactions.h"
#include "evm/evm.h"
#include "state/accounts.h"

/* The same for every block of a chain; ChainRules in Python. */
typedef struct {
    uint64_t chain_id;
    bool base_fee_to_coinbase;
    bool has_base_token_holder;
    uint32_t max_transaction_pubdata; /* UINT32_MAX: no limit */
} zk_rules;

/* BlockContext in Python. */
typedef struct {
    zk_header parent;
    hash_t parent_hash;
    uint64_t timestamp;
    address_t fee_recipient;
    uint64_t gas_limit;
    u256 base_fee;
    bytes_t extra_data;
    hash_t mix_hash;
    uint64_t max_pubdata_bytes; /* UINT64_MAX: no bound; where the sequencer stops, no rule */
    /* The hash of a block among the 256 before this one; may give up with ZK_MISSING_ANCESTOR. */
    const hash_t *(*block_hash)(void *self, uint64_t number);
    void *self;
} zk_block_context;

typedef struct {
    zk_transaction tx;
    evm_outcome outcome; /* its output is kept */
    zk_receipt receipt;
    bytes_t receipt_bytes; /* as in the trie */
    u256 effective_gas_price;
    address_t created; /* of a creation */
    const zk_l2_log *l2_logs;
    uint32_t l2_log_count;
} zk_included;

/* Why a transaction is not in the block. The first three may fit a later one. */
typedef enum {
    ZK_INCLUDED = 0,
    ZK_BLOCK_GAS_USED_UP,
    ZK_BLOCK_PUBDATA_USED_UP,
    ZK_ABOVE_BLOCK_GAS, /* never fits */
    ZK_REFUSED,         /* zk_verdict.refusal */
    ZK_WRONG_PHASE,     /* system transactions, L1 operations, users': in this order; the block is invalid */
    ZK_SYSTEM_FAILED,   /* the block is invalid; zk_verdict.outcome */
} zk_verdict_kind;

typedef struct {
    zk_verdict_kind kind;
    evm_refusal refusal;
    uint64_t nonce; /* the sender's in the state, for refusals from EVM_NONCE_TOO_LOW on */
    u256 balance;   /* the same */
    evm_outcome outcome;
    const zk_included *included;
} zk_verdict;

typedef struct zk_block zk_block;

/* The state must be that of the parent. vm has context, frames and returned set by the caller; the block sets the
   rest. What the block keeps lives in the context's arena. A timestamp before the parent's is the caller's question. */
zk_block *zk_block_begin(zk_context *context, evm *vm, const zk_rules *rules, const zk_block_context *block,
                         zk_state *state);

/* Tries one transaction. What `tx` refers to must stay as long as the block. */
zk_verdict zk_block_apply(zk_block *block, const zk_transaction *tx);

uint64_t zk_block_gas_used(const zk_block *block);

/* Everything that is included so far, in order. */
const zk_included *zk_block_at(const zk_block *block, uint32_t index);
uint32_t zk_block_count(const zk_block *block);

/* Accounts and slots that included transactions wrote, some of them more than once. */
const zk_touched *zk_block_touched(const zk_block *block, uint32_t *count);

/* Writes the tries and makes the header; new nodes and codes go to the sink, which may be NULL. */
void zk_block_seal(zk_block *block, zk_header *header, hash_t *hash, const trie_sink *sink);

#endif
