/* Block headers: Cancun's 20 fields. */
#ifndef ZK_HEADER_H
#define ZK_HEADER_H

#include "base/base.h"
#include "base/u256.h"
#include "chain/receipts.h"

typedef struct {
    hash_t parent_hash;
    hash_t ommers_hash;
    address_t coinbase;
    hash_t state_root;
    hash_t transactions_root;
    hash_t receipts_root;
    bloom_t bloom;
    u256 difficulty;
    uint64_t number;
    uint64_t gas_limit;
    uint64_t gas_used;
    uint64_t timestamp;
    bytes_t extra_data;
    hash_t mix_hash;
    uint8_t nonce[8];
    u256 base_fee;
    hash_t withdrawals_root;
    uint64_t blob_gas_used;
    uint64_t excess_blob_gas;
    hash_t parent_beacon_block_root;
} zk_header;

/* A header in which all that no chain uses holds its constant, and the rest is zero. */
void zk_header_start(zk_header *header);

/* False where the bytes are no header in canonical form with fields of the right sizes. extra_data refers to them. */
bool zk_header_decode(bytes_t bytes, zk_header *header);

/* The RLP form, in the arena; keccak of it is the block's hash. */
bytes_t zk_header_encode(zk_context *context, const zk_header *header);

/* The base fee of the block after `parent` (EIP-1559), at least `minimum`. The parent's base fee is below 2^192; where
   its gas limit is below 2 the fee stays. */
void zk_next_base_fee(u256 *base_fee, const zk_header *parent, const u256 *minimum);

#endif
