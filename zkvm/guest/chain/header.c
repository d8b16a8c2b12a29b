#include "chain/header.h"

#include "chain/rlp.h"
#include "state/trie.h"

/* keccak(rlp([])) */
static const hash_t NO_OMMERS = {{0x1d, 0xcc, 0x4d, 0xe8, 0xde, 0xc7, 0x5d, 0x7a, 0xab, 0x85, 0xb5,
                                  0x67, 0xb6, 0xcc, 0xd4, 0x1a, 0xd3, 0x12, 0x45, 0x1b, 0x94, 0x8a,
                                  0x74, 0x13, 0xf0, 0xa1, 0x42, 0xfd, 0x40, 0xd4, 0x93, 0x47}};

void zk_header_start(zk_header *header) {
    memset(header, 0, sizeof *header);
    header->ommers_hash = NO_OMMERS;
    header->withdrawals_root = TRIE_EMPTY_ROOT;
}

bool zk_header_decode(bytes_t bytes, zk_header *header) {
    zk_header *h = header;
    bytes_t rest;
    return rlp_next_list(&bytes, &rest) && bytes.size == 0 &&
           rlp_next_exact(&rest, &h->parent_hash, sizeof h->parent_hash) &&
           rlp_next_exact(&rest, &h->ommers_hash, sizeof h->ommers_hash) &&
           rlp_next_exact(&rest, &h->coinbase, sizeof h->coinbase) &&
           rlp_next_exact(&rest, &h->state_root, sizeof h->state_root) &&
           rlp_next_exact(&rest, &h->transactions_root, sizeof h->transactions_root) &&
           rlp_next_exact(&rest, &h->receipts_root, sizeof h->receipts_root) &&
           rlp_next_exact(&rest, &h->bloom, sizeof h->bloom) && rlp_next_u256(&rest, &h->difficulty) &&
           rlp_next_u64(&rest, &h->number) && rlp_next_u64(&rest, &h->gas_limit) &&
           rlp_next_u64(&rest, &h->gas_used) && rlp_next_u64(&rest, &h->timestamp) &&
           rlp_next_string(&rest, &h->extra_data) && rlp_next_exact(&rest, &h->mix_hash, sizeof h->mix_hash) &&
           rlp_next_exact(&rest, h->nonce, sizeof h->nonce) && rlp_next_u256(&rest, &h->base_fee) &&
           rlp_next_exact(&rest, &h->withdrawals_root, sizeof h->withdrawals_root) &&
           rlp_next_u64(&rest, &h->blob_gas_used) && rlp_next_u64(&rest, &h->excess_blob_gas) &&
           rlp_next_exact(&rest, &h->parent_beacon_block_root, sizeof h->parent_beacon_block_root) && rest.size == 0;
}

static uint8_t *put_hash(uint8_t *at, const hash_t *hash) {
    return rlp_put_string(at, (bytes_t){hash->bytes, sizeof hash->bytes});
}

bytes_t zk_header_encode(zk_context *context, const zk_header *header) {
    const zk_header *h = header;
    enum { HASHES = 8, HASH = 33, FIXED = HASHES * HASH + (1 + 20) + (3 + 256) + (1 + 8) };
    uint32_t payload = FIXED + rlp_u256_size(&h->difficulty) + rlp_u64_size(h->number) + rlp_u64_size(h->gas_limit) +
                       rlp_u64_size(h->gas_used) + rlp_u64_size(h->timestamp) + rlp_string_size(h->extra_data) +
                       rlp_u256_size(&h->base_fee) + rlp_u64_size(h->blob_gas_used) + rlp_u64_size(h->excess_blob_gas);
    uint32_t size = rlp_head_size(payload) + payload;
    uint8_t *bytes = zk_alloc(context, size), *at = rlp_put_list_head(bytes, payload);
    at = put_hash(at, &h->parent_hash);
    at = put_hash(at, &h->ommers_hash);
    at = rlp_put_string(at, (bytes_t){h->coinbase.bytes, sizeof h->coinbase.bytes});
    at = put_hash(at, &h->state_root);
    at = put_hash(at, &h->transactions_root);
    at = put_hash(at, &h->receipts_root);
    at = rlp_put_string(at, (bytes_t){h->bloom.bytes, sizeof h->bloom.bytes});
    at = rlp_put_u256(at, &h->difficulty);
    at = rlp_put_u64(at, h->number);
    at = rlp_put_u64(at, h->gas_limit);
    at = rlp_put_u64(at, h->gas_used);
    at = rlp_put_u64(at, h->timestamp);
    at = rlp_put_string(at, h->extra_data);
    at = put_hash(at, &h->mix_hash);
    at = rlp_put_string(at, (bytes_t){h->nonce, sizeof h->nonce});
    at = rlp_put_u256(at, &h->base_fee);
    at = put_hash(at, &h->withdrawals_root);
    at = rlp_put_u64(at, h->blob_gas_used);
    at = rlp_put_u64(at, h->excess_blob_gas);
    put_hash(at, &h->parent_beacon_block_root);
    return (bytes_t){bytes, size};
}

/* base * gas / target / 8, each division rounded down, without a product beyond 256 bits. */
static u256 share(const u256 *base, uint64_t gas, uint64_t target) {
    const u256 g = u256_of(gas), t = u256_of(target), three = u256_of(3);
    u256 whole, rest, unused;
    u256_divide(&whole, &rest, base, &t);
    u256_mul(&whole, &whole, &g);
    u256_mul(&rest, &rest, &g);
    u256_divide(&rest, &unused, &rest, &t);
    u256_add_carry(&whole, &whole, &rest);
    u256_shift_right(&whole, &whole, &three);
    return whole;
}

void zk_next_base_fee(u256 *base_fee, const zk_header *parent, const u256 *minimum) {
    uint64_t target = parent->gas_limit / 2, used = parent->gas_used;
    *base_fee = parent->base_fee;
    if (target != 0 && used > target) {
        u256 more = share(&parent->base_fee, used - target, target);
        if (u256_is_zero(&more)) more = u256_of(1);
        u256_add_carry(base_fee, base_fee, &more);
    } else if (used < target) {
        u256 less = share(&parent->base_fee, target - used, target);
        u256_sub_borrow(base_fee, base_fee, &less);
    }
    if (u256_less(base_fee, minimum)) *base_fee = *minimum;
}
