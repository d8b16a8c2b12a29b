/* Type 0x71: ZK Stack's own transaction in its smallest form; its sender is named and has signed EIP-712 data. */
#include "base/keccak.h"
#include "chain/rlp.h"
#include "chain/transaction_kinds.h"

/* keccak("EIP712Domain(string name,string version,uint256 chainId)") */
static const hash_t DOMAIN_TYPE = {{
    0xc2, 0xf8, 0x78, 0x71, 0x76, 0xb8, 0xac, 0x6b, 0xf7, 0x21, 0x5b, 0x4a, 0xdc, 0xc1, 0xe0, 0x69,
    0xbf, 0x4a, 0xb8, 0x2d, 0x9a, 0xb1, 0xdf, 0x05, 0xa5, 0x7a, 0x91, 0xd4, 0x25, 0x93, 0x5b, 0x6e}};
/* keccak("zkSync") */
static const hash_t DOMAIN_NAME = {{
    0x19, 0xb4, 0x53, 0xce, 0x45, 0xaa, 0xaa, 0xf3, 0xa3, 0x00, 0xf5, 0xa9, 0xec, 0x95, 0x86, 0x9b,
    0x4f, 0x28, 0xab, 0x10, 0x43, 0x0b, 0x57, 0x2e, 0xe2, 0x18, 0xc3, 0xa6, 0xa5, 0xe0, 0x7d, 0x6f}};
/* keccak("2") */
static const hash_t DOMAIN_VERSION = {{
    0xad, 0x7c, 0x5b, 0xef, 0x02, 0x78, 0x16, 0xa8, 0x00, 0xda, 0x17, 0x36, 0x44, 0x4f, 0xb5, 0x8a,
    0x80, 0x7e, 0xf4, 0xc9, 0x60, 0x3b, 0x78, 0x48, 0x67, 0x3f, 0x7e, 0x3a, 0x68, 0xeb, 0x14, 0xa5}};
/* keccak of ZK Stack's "Transaction(uint256 txType,...,bytes paymasterInput)" */
static const hash_t TRANSACTION_TYPE = {{
    0x84, 0x8e, 0x1b, 0xfa, 0x1a, 0xc4, 0xe3, 0x57, 0x6b, 0x72, 0x8b, 0xda, 0x67, 0x21, 0xb2, 0x15,
    0xc7, 0x0a, 0x77, 0x99, 0xa5, 0xb4, 0x86, 0x62, 0x82, 0xa7, 0x1b, 0xab, 0x95, 0x4b, 0xaa, 0xc8}};
/* keccak("") */
static const hash_t NOTHING = {{
    0xc5, 0xd2, 0x46, 0x01, 0x86, 0xf7, 0x23, 0x3c, 0x92, 0x7e, 0x7d, 0xb2, 0xdc, 0xc7, 0x03, 0xc0,
    0xe5, 0x00, 0xb6, 0x53, 0xca, 0x82, 0x27, 0x3b, 0x7b, 0xfa, 0xd8, 0x04, 0x5d, 0x85, 0xa4, 0x70}};

enum { SIGNATURE_BYTES = 65 };

static void add_word(keccak_state *state, const u256 *number) {
    uint8_t word[32];
    u256_to_bytes(word, number);
    keccak_update(state, word, sizeof word);
}

static void add_u64(keccak_state *state, uint64_t number) {
    u256 wide = u256_of(number);
    add_word(state, &wide);
}

static void add_address(keccak_state *state, const address_t *address) {
    u256 wide;
    u256_from_address(&wide, address);
    add_word(state, &wide);
}

static void add_hash(keccak_state *state, const hash_t *hash) { keccak_update(state, hash, sizeof *hash); }

/* Fields in the order of ZK Stack's structure; what a call cannot have here (paymaster, factory dependencies,
   paymaster's input) is as if it were empty. */
static void hash_fields(hash_t *hash, const evm_transaction *call, const u256 *gas_per_pubdata) {
    hash_t data;
    keccak256(&data, call->data.data, call->data.size);
    keccak_state state;
    keccak_start(&state);
    add_hash(&state, &TRANSACTION_TYPE);
    add_u64(&state, ZK_TX_EIP712);
    add_address(&state, &call->sender);
    add_address(&state, &call->to);
    add_u64(&state, call->gas_limit);
    add_word(&state, gas_per_pubdata);
    add_word(&state, &call->max_fee);
    add_word(&state, &call->max_priority_fee);
    add_u64(&state, 0);
    add_u64(&state, call->nonce);
    add_word(&state, &call->value);
    add_hash(&state, &data);
    add_hash(&state, &NOTHING);
    add_hash(&state, &NOTHING);
    keccak_finish(&state, hash);
}

static void signed_digest(hash_t *digest, const u256 *chain_id, const evm_transaction *call,
                          const u256 *gas_per_pubdata) {
    hash_t domain, fields;
    keccak_state state;
    keccak_start(&state);
    add_hash(&state, &DOMAIN_TYPE);
    add_hash(&state, &DOMAIN_NAME);
    add_hash(&state, &DOMAIN_VERSION);
    add_word(&state, chain_id);
    keccak_finish(&state, &domain);
    hash_fields(&fields, call, gas_per_pubdata);
    keccak_start(&state);
    keccak_update(&state, "\x19\x01", 2);
    add_hash(&state, &domain);
    add_hash(&state, &fields);
    keccak_finish(&state, digest);
}

/* r, s and v, 27 or 28. */
static bool is_signed_by(const address_t *sender, const hash_t *digest, bytes_t signature) {
    u256 r, s;
    u256_from_bytes(&r, signature.data);
    u256_from_bytes(&s, signature.data + 32);
    address_t signer;
    return zk_signer(&signer, digest, &r, &s, (uint32_t)signature.data[64] - 27) && address_equal(&signer, sender);
}

/* Items 7 to 10: the chain's id, two empty strings where a signature would be, and the chain's id. */
static bool next_chain(bytes_t *rest, const u256 *chain_id) {
    u256 first, second;
    uint8_t none;
    return rlp_next_u256(rest, &first) && rlp_next_exact(rest, &none, 0) && rlp_next_exact(rest, &none, 0) &&
           rlp_next_u256(rest, &second) && u256_equal(&first, chain_id) && u256_equal(&second, chain_id);
}

static bool next_empty_list(bytes_t *rest) {
    bytes_t items;
    return rlp_next_list(rest, &items) && items.size == 0;
}

bool zk_decode_eip712(const u256 *chain_id, bytes_t body, const address_t *sender, zk_transaction *tx) {
    evm_transaction *call = &tx->call;
    bytes_t rest, signature;
    u256 gas_per_pubdata;
    if (!rlp_next_list(&body, &rest) || body.size) return false;
    if (!rlp_next_u64(&rest, &call->nonce) || !rlp_next_u256(&rest, &call->max_priority_fee) ||
        !rlp_next_u256(&rest, &call->max_fee) || !rlp_next_u64(&rest, &call->gas_limit) || !zk_next_to(&rest, call) ||
        call->is_creation || !rlp_next_u256(&rest, &call->value) || !rlp_next_string(&rest, &call->data) ||
        !next_chain(&rest, chain_id) || !rlp_next_exact(&rest, &call->sender, sizeof call->sender) ||
        !rlp_next_u256(&rest, &gas_per_pubdata) || !next_empty_list(&rest) || !rlp_next_string(&rest, &signature) ||
        !next_empty_list(&rest) || rest.size)
        return false;
    if (signature.size != SIGNATURE_BYTES || (uint32_t)signature.data[64] - 27 > 1) return false;
    if (sender) return true;
    hash_t digest;
    signed_digest(&digest, chain_id, call, &gas_per_pubdata);
    return is_signed_by(&call->sender, &digest, signature);
}
