#include "batch/pubdata.h"

#include "batch/compression.h"

enum { PUBDATA_VERSION = 1, MESSAGE = 0, RESULT = 1 };

/* Bits of the fields that changed. */
enum { NONCE = 1, BALANCE = 2, CODE = 4, STORAGE = 8, DELETED = 16 };

/* --- The difference --- */

static void diff_account(zk_state *state, const zk_account_change *change, zk_account_diff *diff) {
    evm_account *account = change->account;
    *diff = (zk_account_diff){.account = change};
    if (!account->exists) {
        diff->fields = change->existed ? DELETED : 0;
        return;
    }
    if (account->nonce != change->old_nonce) diff->fields |= NONCE;
    if (!u256_equal(&account->balance, &change->old_balance)) diff->fields |= BALANCE;
    if (!hash_equal(&account->code_hash, &change->old_code_hash)) {
        diff->fields |= CODE;
        diff->code = zk_state_code(state, account);
    }
    if (!change->storage_differs) return;
    diff->slots = zk_state_slot_changes(state, account, &diff->slot_count);
    if (diff->slot_count) diff->fields |= STORAGE;
}

void zk_state_diff_make(zk_context *context, zk_state *state, zk_state_diff *diff) {
    uint32_t count;
    const zk_account_change *changes = zk_state_account_changes(state, &count);
    zk_account_diff *accounts = zk_alloc_array(context, count, sizeof *accounts);
    *diff = (zk_state_diff){accounts, 0};
    for (uint32_t i = 0; i < count; i++) {
        diff_account(state, &changes[i], &accounts[diff->count]);
        if (accounts[diff->count].fields) diff->count++;
    }
}

/* --- The bytes --- */

static uint8_t *put_number(uint8_t *at, uint32_t number, uint32_t size) {
    for (uint32_t i = 0; i < size; i++) at[i] = (uint8_t)(number >> 8 * (size - 1 - i));
    return at + size;
}

static uint8_t *put_bytes(uint8_t *at, const void *data, uint32_t size) {
    if (size) memcpy(at, data, size);
    return at + size;
}

static uint8_t *put_sized(uint8_t *at, bytes_t bytes) {
    return put_bytes(put_number(at, bytes.size, 4), bytes.data, bytes.size);
}

static uint8_t *put_log(uint8_t *at, const zk_batch_log *entry) {
    const zk_l2_log *log = entry->log;
    *at++ = log->is_message ? MESSAGE : RESULT;
    at = put_number(at, entry->tx_number, 2);
    if (log->is_message) return put_sized(put_bytes(at, log->key.bytes + 12, 20), log->message);
    at = put_bytes(at, &log->key, sizeof log->key);
    return put_bytes(at, log->value.bytes + 31, 1);
}

static uint8_t *put_account(uint8_t *at, const zk_account_diff *diff) {
    const zk_account_change *change = diff->account;
    const evm_account *account = change->account;
    at = put_bytes(at, &account->address, sizeof account->address);
    *at++ = diff->fields;
    if (diff->fields & NONCE) {
        const u256 old = u256_of(change->old_nonce), nonce = u256_of(account->nonce);
        at = zk_put_change(at, &old, &nonce);
    }
    if (diff->fields & BALANCE) at = zk_put_change(at, &change->old_balance, &account->balance);
    if (diff->fields & CODE) at = put_sized(at, diff->code);
    if (!(diff->fields & STORAGE)) return at;
    at = put_number(at, diff->slot_count, 4);
    for (uint32_t i = 0; i < diff->slot_count; i++) {
        const zk_slot_change *slot = &diff->slots[i];
        u256_to_bytes(at, &slot->key);
        at = zk_put_change(at + 32, &slot->old_value, &slot->value);
    }
    return at;
}

/* No less than an account takes. */
static uint64_t account_room(const zk_account_diff *diff) {
    enum { FIXED = 20 + 1 + 2 * ZK_COMPRESSED_BYTES + 4 + 4, SLOT = 32 + ZK_COMPRESSED_BYTES };
    return FIXED + (uint64_t)diff->code.size + (uint64_t)diff->slot_count * SLOT;
}

static uint32_t room_for(zk_context *context, bytes_t header, const zk_batch_log *logs, uint32_t log_count,
                         const zk_state_diff *diff) {
    enum { HEAD = 1 + 4 + 2 + 4, LOG = 1 + 2 + 32 + 4 };
    uint64_t room = HEAD + (uint64_t)header.size + (uint64_t)log_count * LOG;
    for (uint32_t i = 0; i < log_count; i++) room += logs[i].log->message.size;
    for (uint32_t i = 0; i < diff->count; i++) room += account_room(&diff->accounts[i]);
    if (room > UINT32_MAX) zk_fail(context, ZK_OUT_OF_MEMORY);
    return (uint32_t)room;
}

bytes_t zk_pubdata_encode(zk_context *context, bytes_t header, const zk_batch_log *logs, uint32_t log_count,
                          const zk_state_diff *diff) {
    uint8_t *bytes = zk_alloc(context, room_for(context, header, logs, log_count, diff)), *at = bytes;
    *at++ = PUBDATA_VERSION;
    at = put_sized(at, header);
    at = put_number(at, log_count, 2);
    for (uint32_t i = 0; i < log_count; i++) at = put_log(at, &logs[i]);
    at = put_number(at, diff->count, 4);
    for (uint32_t i = 0; i < diff->count; i++) at = put_account(at, &diff->accounts[i]);
    return (bytes_t){bytes, (uint32_t)(at - bytes)};
}
