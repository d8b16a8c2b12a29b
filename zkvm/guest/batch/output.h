/* What a batch claims: protocol part 2; chain_template/batcher/output.py. */
#ifndef ZK_OUTPUT_H
#define ZK_OUTPUT_H

#include "base/base.h"

typedef struct {
    hash_t prev_state_commitment;
    hash_t state_commitment;
    uint64_t chain_id;
    uint64_t settlement_chain_id;
    uint64_t first_block_timestamp;
    uint64_t last_block_timestamp;
    uint8_t da_scheme;
    hash_t da_commitment;
    uint32_t layer1_txs;
    uint32_t layer2_txs;
    hash_t priority_operations;
    hash_t logs_root;
    hash_t dependency_roots;
    hash_t flows;
} zk_claim;

/* keccak over all but the state. */
void zk_batch_output_hash(const zk_claim *claim, hash_t *hash);

void zk_public_input(const zk_claim *claim, hash_t *hash);

#endif
