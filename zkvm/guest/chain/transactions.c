#include "chain/transactions.h"

#include "base/keccak.h"
#include "chain/rlp.h"
#include "chain/transaction_kinds.h"
#include "crypto/secp256k1.h"

enum { LIST = 0xC0 };

bool zk_next_to(bytes_t *rest, evm_transaction *call) {
    bytes_t to;
    if (!rlp_next_string(rest, &to)) return false;
    call->is_creation = to.size == 0;
    if (to.size == sizeof call->to) memcpy(&call->to, to.data, sizeof call->to);
    return to.size == 0 || to.size == sizeof call->to;
}

/* Half of the group's order, rounded down. */
static const uint8_t HIGHEST_S[32] = {0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                      0xff, 0xff, 0xff, 0xff, 0xff, 0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4,
                                      0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0};

bool zk_signer(address_t *signer, const hash_t *digest, const u256 *r, const u256 *s, uint32_t parity) {
    uint8_t r_bytes[32], s_bytes[32];
    u256_to_bytes(r_bytes, r);
    u256_to_bytes(s_bytes, s);
    if (memcmp(s_bytes, HIGHEST_S, sizeof s_bytes) > 0) return false;
    return zk_ecrecover(signer, digest->bytes, r_bytes, s_bytes, parity);
}

/* What was signed: a type byte unless legacy, and a list of the items up to the signature and two parts more. */
static void signed_hash(hash_t *digest, uint8_t type, bytes_t items, bytes_t more) {
    uint8_t head[6], *at = head;
    if (type != ZK_TX_LEGACY) *at++ = type;
    at = rlp_put_list_head(at, items.size + more.size);
    keccak_state state;
    keccak_start(&state);
    keccak_update(&state, head, (size_t)(at - head));
    keccak_update(&state, items.data, items.size);
    keccak_update(&state, more.data, more.size);
    keccak_finish(&state, digest);
}

/* Takes r and s, the last items, and finds who signed. */
static bool next_signature(bytes_t *rest, const hash_t *digest, uint32_t parity, const address_t *sender,
                           zk_transaction *tx) {
    u256 r, s;
    if (!rlp_next_u256(rest, &r) || !rlp_next_u256(rest, &s) || rest->size) return false;
    if (!sender) return zk_signer(&tx->call.sender, digest, &r, &s, parity);
    tx->call.sender = *sender;
    return true;
}

/* --- 0x00 --- */

/* v is 27 or 28 where no chain is named (`more` is empty then), else 35 or 36 and twice the chain's id (EIP-155). */
static bool read_v(const u256 *chain_id, const u256 *v, uint8_t more_bytes[35], bytes_t *more, uint32_t *parity) {
    *more = (bytes_t){more_bytes, 0};
    const u256 one = u256_of(1), from = u256_of(35);
    if (u256_less(v, &from)) {
        *parity = (uint32_t)u256_low(v) - 27;
        return *parity <= 1;
    }
    u256 signed_for;
    u256_sub_borrow(&signed_for, v, &from);
    *parity = (uint32_t)(u256_low(&signed_for) & 1);
    u256_shift_right(&signed_for, &signed_for, &one);
    uint8_t *at = rlp_put_u256(more_bytes, &signed_for);
    *at++ = 0x80;
    *at++ = 0x80;
    more->size = (uint32_t)(at - more_bytes);
    return u256_equal(&signed_for, chain_id);
}

static bool decode_legacy(const u256 *chain_id, const address_t *sender, zk_transaction *tx) {
    evm_transaction *call = &tx->call;
    bytes_t outside = tx->raw, items;
    if (!rlp_next_list(&outside, &items) || outside.size) return false;
    bytes_t rest = items, more;
    u256 v;
    if (!rlp_next_u64(&rest, &call->nonce) || !rlp_next_u256(&rest, &call->max_fee) ||
        !rlp_next_u64(&rest, &call->gas_limit) || !zk_next_to(&rest, call) || !rlp_next_u256(&rest, &call->value) ||
        !rlp_next_string(&rest, &call->data))
        return false;
    call->max_priority_fee = call->max_fee;
    items.size -= rest.size;
    uint8_t more_bytes[35];
    uint32_t parity;
    if (!rlp_next_u256(&rest, &v) || !read_v(chain_id, &v, more_bytes, &more, &parity)) return false;
    hash_t digest = {{0}};
    if (!sender) signed_hash(&digest, ZK_TX_LEGACY, items, more);
    return next_signature(&rest, &digest, parity, sender, tx);
}

/* --- 0x01 and 0x02 --- */

/* Keys stand 33 bytes apart: each has its head. */
static bool read_keys(zk_context *context, bytes_t keys, evm_access *access) {
    enum { KEY = 1 + sizeof(hash_t) };
    access->key_count = keys.size / KEY;
    hash_t *copies = zk_alloc_array(context, access->key_count, sizeof *copies);
    access->keys = copies;
    for (uint32_t i = 0; i < access->key_count; i++) {
        if (!rlp_next_exact(&keys, &copies[i], sizeof *copies)) return false;
    }
    return keys.size == 0;
}

static bool read_access(zk_context *context, bytes_t *rest, evm_access *access) {
    bytes_t entry, keys;
    return rlp_next_list(rest, &entry) && rlp_next_exact(&entry, &access->address, sizeof access->address) &&
           rlp_next_list(&entry, &keys) && entry.size == 0 && read_keys(context, keys, access);
}

static bool next_access_list(zk_context *context, bytes_t *rest, evm_transaction *call) {
    bytes_t entries, ahead;
    rlp_item item;
    if (!rlp_next_list(rest, &entries)) return false;
    for (ahead = entries; rlp_next(&ahead, &item);) call->access_count++;
    evm_access *accesses = zk_alloc_array(context, call->access_count, sizeof *accesses);
    call->accesses = accesses;
    for (uint32_t i = 0; i < call->access_count; i++) {
        if (!read_access(context, &entries, &accesses[i])) return false;
    }
    return entries.size == 0;
}

static bool decode_typed(zk_context *context, const u256 *chain_id, bytes_t body, const address_t *sender,
                         zk_transaction *tx) {
    evm_transaction *call = &tx->call;
    bytes_t items;
    if (!rlp_next_list(&body, &items) || body.size) return false;
    bytes_t rest = items;
    u256 signed_for;
    uint64_t parity;
    if (!rlp_next_u256(&rest, &signed_for) || !u256_equal(&signed_for, chain_id) ||
        !rlp_next_u64(&rest, &call->nonce) || !rlp_next_u256(&rest, &call->max_priority_fee))
        return false;
    call->max_fee = call->max_priority_fee;
    if (tx->type == ZK_TX_DYNAMIC_FEE && !rlp_next_u256(&rest, &call->max_fee)) return false;
    if (!rlp_next_u64(&rest, &call->gas_limit) || !zk_next_to(&rest, call) || !rlp_next_u256(&rest, &call->value) ||
        !rlp_next_string(&rest, &call->data) || !next_access_list(context, &rest, call))
        return false;
    items.size -= rest.size;
    if (!rlp_next_u64(&rest, &parity) || parity > 1) return false;
    hash_t digest = {{0}};
    if (!sender) signed_hash(&digest, tx->type, items, (bytes_t){NULL, 0});
    return next_signature(&rest, &digest, (uint32_t)parity, sender, tx);
}

/* --- Any --- */

bool zk_decode_transaction(zk_context *context, const u256 *chain_id, bytes_t raw, const address_t *sender,
                           zk_transaction *tx) {
    if (raw.size == 0) return false;
    memset(tx, 0, sizeof *tx);
    tx->raw = raw;
    bytes_t body = {raw.data + 1, raw.size - 1};
    tx->type = raw.data[0];
    if (tx->type == ZK_TX_EIP712) return zk_decode_eip712(chain_id, body, sender, tx);
    if (tx->type == ZK_TX_PRIORITY) return zk_decode_priority(body, tx);
    if (tx->type == ZK_TX_SYSTEM) return zk_decode_system(chain_id, body, tx);
    if (tx->type == ZK_TX_ACCESS_LIST || tx->type == ZK_TX_DYNAMIC_FEE)
        return decode_typed(context, chain_id, body, sender, tx);
    if (tx->type < LIST) return false;
    tx->type = ZK_TX_LEGACY;
    return decode_legacy(chain_id, sender, tx);
}
