/* What nobody signs: system transactions (0x7e), RLP, and L1 operations (0x7f), L1's ABI form of them. */
#include "base/keccak.h"
#include "chain/rlp.h"
#include "chain/transaction_kinds.h"

/* --- 0x7e --- */

enum { SYSTEM_ADDRESS_BITS = 17 };

static const address_t BOOTLOADER = {{[18] = 0x80, [19] = 0x01}};

/* A number that may have leading zeros: no reader of these was ever strict. */
static bool next_loose(bytes_t *rest, bytes_t *digits) {
    if (!rlp_next_string(rest, digits)) return false;
    while (digits->size && digits->data[0] == 0) {
        digits->data++;
        digits->size--;
    }
    return true;
}

/* What does not fit is beyond any block's number and gas, as is UINT64_MAX. */
static bool next_loose_u64(bytes_t *rest, uint64_t *number) {
    bytes_t digits;
    if (!next_loose(rest, &digits)) return false;
    *number = digits.size > sizeof *number ? UINT64_MAX : 0;
    for (uint32_t i = 0; i < digits.size && digits.size <= sizeof *number; i++) *number = *number << 8 | digits.data[i];
    return true;
}

static bool next_chain(bytes_t *rest, const u256 *chain_id) {
    bytes_t digits;
    u256 number;
    if (!next_loose(rest, &digits) || digits.size > 32) return false;
    u256_from_some(&number, digits.data, digits.size);
    return u256_equal(&number, chain_id);
}

bool zk_decode_system(const u256 *chain_id, bytes_t body, zk_transaction *tx) {
    evm_transaction *call = &tx->call;
    bytes_t rest;
    if (!rlp_next_list(&body, &rest) || body.size) return false;
    if (!next_chain(&rest, chain_id) || !next_loose_u64(&rest, &call->nonce) ||
        !rlp_next_exact(&rest, &call->to, sizeof call->to) || !next_loose_u64(&rest, &call->gas_limit) ||
        !rlp_next_string(&rest, &call->data) || rest.size)
        return false;
    call->kind = EVM_SYSTEM;
    call->sender = BOOTLOADER;
    u256 to;
    u256_from_address(&to, &call->to);
    return u256_fits64(&to) && u256_low(&to) >> SYSTEM_ADDRESS_BITS == 0;
}

/* --- 0x7f --- */

/* Words of L2CanonicalTransaction, after the one that says where it begins. */
enum {
    TX_TYPE = 1,
    FROM,
    TO,
    GAS_LIMIT,
    GAS_PER_PUBDATA,
    MAX_FEE,
    MAX_PRIORITY_FEE,
    PAYMASTER,
    NONCE,
    VALUE,
    MINTED, /* the first of four reserved words, as are the next three */
    REFUND_RECIPIENT,
    RESERVED_2,
    RESERVED_3,
    DATA_AT,
    SIGNATURE_AT,
    FACTORY_DEPS_AT,
    PAYMASTER_INPUT_AT,
    RESERVED_DYNAMIC_AT,
    HEAD_WORDS,
    WORD = 32,
};

static u256 word_at(bytes_t body, uint32_t at) {
    u256 word;
    u256_from_bytes(&word, body.data + at);
    return word;
}

static u256 field(bytes_t body, uint32_t number) { return word_at(body, number * WORD); }

static bool field_is(bytes_t body, uint32_t number, uint64_t value) {
    u256 word = field(body, number);
    return u256_fits64(&word) && u256_low(&word) == value;
}

static bool field_u64(bytes_t body, uint32_t number, uint64_t *value) {
    u256 word = field(body, number);
    *value = u256_low(&word);
    return u256_fits64(&word);
}

static bool field_address(bytes_t body, uint32_t number, address_t *address) {
    static const uint8_t zeros[WORD - sizeof *address];
    memcpy(address, body.data + number * WORD + sizeof zeros, sizeof *address);
    return memcmp(body.data + number * WORD, zeros, sizeof zeros) == 0;
}

/* Takes a dynamic field that must begin at `at`: its count, and how many bytes are left for what it counts. */
static bool next_count(bytes_t body, uint32_t number, uint32_t *at, uint32_t *count) {
    if (body.size - *at < WORD || !field_is(body, number, *at - WORD)) return false;
    u256 word = word_at(body, *at);
    *at += WORD;
    *count = (uint32_t)u256_low(&word);
    return u256_fits64(&word) && u256_low(&word) <= body.size - *at;
}

static bool next_data(bytes_t body, uint32_t *at, bytes_t *data) {
    uint32_t size;
    if (!next_count(body, DATA_AT, at, &size)) return false;
    uint32_t padding = -size % WORD;
    if (body.size - *at - size < padding) return false;
    *data = (bytes_t){body.data + *at, size};
    for (uint32_t i = 0; i < padding; i++) {
        if (data->data[size + i]) return false;
    }
    *at += size + padding;
    return true;
}

static bool next_empty(bytes_t body, uint32_t number, uint32_t *at) {
    uint32_t count;
    return next_count(body, number, at, &count) && count == 0;
}

/* What stands behind the head, in the one order that the ABI's encoders have. */
static bool read_tail(bytes_t body, bytes_t *data) {
    uint32_t at = HEAD_WORDS * WORD, dependencies;
    if (!next_data(body, &at, data) || !next_empty(body, SIGNATURE_AT, &at) ||
        !next_count(body, FACTORY_DEPS_AT, &at, &dependencies) || dependencies > (body.size - at) / WORD)
        return false;
    at += dependencies * WORD;
    return next_empty(body, PAYMASTER_INPUT_AT, &at) && next_empty(body, RESERVED_DYNAMIC_AT, &at) && at == body.size;
}

bool zk_decode_priority(bytes_t body, zk_transaction *tx) {
    evm_transaction *call = &tx->call;
    if (body.size < HEAD_WORDS * WORD || !field_is(body, 0, WORD) || !read_tail(body, &call->data)) return false;
    /* Constants: no operation has a second form. */
    if (!field_is(body, TX_TYPE, ZK_TX_PRIORITY) || !field_is(body, MAX_PRIORITY_FEE, 0) ||
        !field_is(body, PAYMASTER, 0) || !field_is(body, RESERVED_2, 0) || !field_is(body, RESERVED_3, 0))
        return false;
    call->kind = EVM_PRIORITY;
    call->max_fee = field(body, MAX_FEE);
    call->value = field(body, VALUE);
    call->minted = field(body, MINTED);
    keccak256(&tx->canonical_hash, body.data, body.size);
    return field_address(body, FROM, &call->sender) && field_address(body, TO, &call->to) &&
           field_address(body, REFUND_RECIPIENT, &call->refund_recipient) &&
           field_u64(body, GAS_LIMIT, &call->gas_limit) && field_u64(body, NONCE, &call->nonce);
}
