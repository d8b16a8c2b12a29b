#include "batch/output.h"

#include "base/keccak.h"

static void hash_number(keccak_state *state, uint64_t number, uint32_t size) {
    uint8_t digits[32] = {0};
    for (uint32_t i = 0; i < 8; i++) digits[31 - i] = (uint8_t)(number >> 8 * i);
    keccak_update(state, digits + sizeof digits - size, size);
}

static void hash_hash(keccak_state *state, const hash_t *hash) { keccak_update(state, hash, sizeof *hash); }

void zk_batch_output_hash(const zk_claim *claim, hash_t *hash) {
    static const hash_t NO_UPGRADE = {{0}};
    keccak_state state;
    keccak_start(&state);
    hash_number(&state, claim->chain_id, 32);
    hash_number(&state, claim->first_block_timestamp, 8);
    hash_number(&state, claim->last_block_timestamp, 8);
    hash_number(&state, claim->da_scheme, 32);
    hash_hash(&state, &claim->da_commitment);
    hash_number(&state, claim->layer1_txs, 32);
    hash_number(&state, claim->layer2_txs, 32);
    hash_hash(&state, &claim->priority_operations);
    hash_hash(&state, &claim->logs_root);
    hash_hash(&state, &NO_UPGRADE);
    hash_hash(&state, &claim->dependency_roots);
    hash_number(&state, claim->settlement_chain_id, 32);
    hash_hash(&state, &claim->flows);
    keccak_finish(&state, hash);
}

void zk_public_input(const zk_claim *claim, hash_t *hash) {
    hash_t parts[3] = {claim->prev_state_commitment, claim->state_commitment, {{0}}};
    zk_batch_output_hash(claim, &parts[2]);
    keccak256(hash, parts, sizeof parts);
}
