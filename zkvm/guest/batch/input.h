/* The batch program's input, strictly decoded; chain_template/batcher/batch_input.py has the format. */
#ifndef ZK_BATCH_INPUT_H
#define ZK_BATCH_INPUT_H

#include "base/base.h"
#include "base/u256.h"
#include "batch/ancestors.h"
#include "chain/header.h"
#include "batch/witness.h"

/* What the sequencer chose for one block. */
typedef struct {
    uint64_t timestamp;
    address_t fee_recipient;
    uint64_t gas_limit;
    u256 base_fee;
    bytes_t extra_data;
    const bytes_t *transactions;
    uint32_t transaction_count;
} zk_block_input;

typedef struct {
    uint64_t chain_id;
    uint64_t settlement_chain_id;
    uint8_t da_scheme;
    u256 min_base_fee;
    zk_header parent;
    hash_t parent_hash;
    zk_ancestors *ancestors; /* the parent, those given, and the one that the oldest names */
    zk_witness witness;
    const zk_block_input *blocks; /* at least one */
    uint32_t block_count;
} zk_batch_input;

/* What is read refers to `bytes` and the arena. Ends the run with the reason where a rule of the format is broken. */
void zk_read_batch_input(zk_context *context, bytes_t bytes, zk_batch_input *input);

#endif
