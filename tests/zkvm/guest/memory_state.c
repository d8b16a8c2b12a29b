#include "memory_state.h"

#include "base/keccak.h"

static const hash_t NO_CODE = {{0xc5, 0xd2, 0x46, 0x01, 0x86, 0xf7, 0x23, 0x3c, 0x92, 0x7e, 0x7d,
                                0xb2, 0xdc, 0xc7, 0x03, 0xc0, 0xe5, 0x00, 0xb6, 0x53, 0xca, 0x82,
                                0x27, 0x3b, 0x7b, 0xfa, 0xd8, 0x04, 0x5d, 0x85, 0xa4, 0x70}};

static uint32_t bucket_of(const void *bytes, size_t size, uint32_t start) {
    const uint8_t *from = bytes;
    uint32_t hash = 2166136261u ^ start;
    for (size_t i = 0; i < size; i++) hash = (hash ^ from[i]) * 16777619u;
    return hash % BUCKETS;
}

memory_account *memory_account_of(memory_state *state, const address_t *address) {
    memory_account **bucket = &state->account_buckets[bucket_of(address, sizeof *address, 0)];
    for (memory_account *account = *bucket; account; account = account->in_bucket)
        if (address_equal(&account->account.address, address)) return account;
    memory_account *made = zk_alloc(state->context, sizeof *made);
    *made = (memory_account){.account = {.address = *address, .code_hash = NO_CODE}};
    made->code = evm_code_make(state->context, &NO_CODE, (bytes_t){NULL, 0});
    made->next = state->accounts;
    made->in_bucket = *bucket;
    return *bucket = state->accounts = made;
}

memory_slot *memory_slot_of(memory_state *state, memory_account *account, const u256 *key) {
    uint32_t owner = (uint32_t)((uintptr_t)account >> 3);
    memory_slot **bucket = &state->slot_buckets[bucket_of(key, sizeof *key, owner)];
    for (memory_slot *slot = *bucket; slot; slot = slot->in_bucket)
        if (slot->account == account && u256_equal(&slot->key, key)) return slot;
    memory_slot *made = zk_alloc(state->context, sizeof *made);
    *made = (memory_slot){.key = *key, .account = account, .in_account = account->slots, .in_bucket = *bucket};
    account->slots = made;
    return *bucket = made;
}

/* Notes a record before it changes. */
static void keep(memory_state *state, void *at, size_t size) {
    memory_undo *undo = zk_alloc(state->context, sizeof *undo + size);
    *undo = (memory_undo){at, size, state->undo};
    memcpy(undo + 1, at, size);
    state->undo = undo;
    state->undo_count++;
}

static memory_account *changing(void *self, evm_account *account) {
    memory_account *own = (memory_account *)account;
    /* Not the lists: slots seen since stay. */
    keep(self, own, offsetof(memory_account, slots));
    own->is_touched = true;
    own->account.exists = true;
    return own;
}

static evm_account *get_account(void *self, const address_t *address) {
    return &memory_account_of(self, address)->account;
}

static evm_slot *get_slot(void *self, evm_account *account, const u256 *key) {
    return &memory_slot_of(self, (memory_account *)account, key)->slot;
}

static evm_code *get_code(void *self, evm_account *account) {
    (void)self;
    return ((memory_account *)account)->code;
}

static void get_transient(void *self, const evm_account *account, const u256 *key, u256 *value) {
    memory_state *state = self;
    *value = u256_of(0);
    for (memory_transient *item = state->transients; item; item = item->next)
        if (item->account == account && u256_equal(&item->key, key)) {
            *value = item->value;
            return;
        }
}

static bool is_warm(void *self, const address_t *address, const u256 *key) {
    evm_account *account = get_account(self, address);
    return key ? get_slot(self, account, key)->is_warm : account->is_warm;
}

static void warm_account(void *self, evm_account *account) {
    keep(self, &account->is_warm, sizeof account->is_warm);
    account->is_warm = true;
}

static void warm_slot(void *self, evm_slot *slot) {
    keep(self, &slot->is_warm, sizeof slot->is_warm);
    slot->is_warm = true;
}

static void warm_address(void *self, const address_t *address) { warm_account(self, get_account(self, address)); }

static void warm_key(void *self, const address_t *address, const u256 *key) {
    warm_slot(self, get_slot(self, get_account(self, address), key));
}

static void set_balance(void *self, evm_account *account, const u256 *balance) {
    changing(self, account)->account.balance = *balance;
}

static void set_nonce(void *self, evm_account *account, uint64_t nonce) {
    changing(self, account)->account.nonce = nonce;
}

static void set_code(void *self, evm_account *account, bytes_t bytes) {
    memory_state *state = self;
    memory_account *own = changing(self, account);
    keccak256(&own->account.code_hash, bytes.data, bytes.size);
    own->code = evm_code_make(state->context, &own->account.code_hash, bytes);
}

static void set_slot(void *self, evm_account *account, evm_slot *slot, const u256 *value) {
    (void)account;
    keep(self, &slot->value, sizeof slot->value);
    slot->value = *value;
}

static void set_transient(void *self, const evm_account *account, const u256 *key, const u256 *value) {
    memory_state *state = self;
    keep(state, &state->transients, sizeof state->transients);
    memory_transient *item = zk_alloc(state->context, sizeof *item);
    *item = (memory_transient){account, *key, *value, state->transients};
    state->transients = item;
}

static void touch(void *self, evm_account *account) {
    memory_account *own = (memory_account *)account;
    if (own->is_touched) return;
    keep(self, &own->is_touched, sizeof own->is_touched);
    own->is_touched = true;
}

static void create(void *self, evm_account *account) { changing(self, account)->account.is_created = true; }

static void doom(void *self, evm_account *account) { changing(self, account)->account.is_doomed = true; }

static void emit(void *self, const evm_log *log) {
    memory_state *state = self;
    keep(state, &state->logs, sizeof state->logs);
    memory_log *item = zk_alloc(state->context, sizeof *item + log->data.size);
    *item = (memory_log){*log, state->logs};
    if (log->data.size) memcpy(item + 1, log->data.data, log->data.size);
    item->log.data.data = (const uint8_t *)(item + 1);
    state->logs = item;
}

static uint32_t snapshot(void *self) { return ((memory_state *)self)->undo_count; }

static void revert(void *self, uint32_t to) {
    memory_state *state = self;
    for (; state->undo_count > to; state->undo_count--) {
        memcpy(state->undo->at, state->undo + 1, state->undo->size);
        state->undo = state->undo->next;
    }
}

static void finish(void *self) {
    memory_state *state = self;
    for (memory_account *own = state->accounts; own; own = own->next) {
        evm_account *account = &own->account;
        bool goes = account->is_doomed || (own->is_touched && evm_is_empty(account));
        for (memory_slot *slot = own->slots; slot; slot = slot->in_account) {
            if (goes) slot->slot.value = u256_of(0);
            slot->slot.original = slot->slot.value;
            slot->slot.is_warm = false;
        }
        if (goes) {
            *account = (evm_account){.address = account->address, .code_hash = NO_CODE};
            own->code = evm_code_make(state->context, &NO_CODE, (bytes_t){NULL, 0});
        }
        own->is_touched = account->is_warm = account->is_created = false;
    }
    state->transients = NULL;
    state->undo = NULL;
    state->undo_count = 0;
}

const evm_state_ops MEMORY_STATE = {
    .account = get_account,
    .slot = get_slot,
    .code = get_code,
    .transient = get_transient,
    .is_warm = is_warm,
    .warm_account = warm_account,
    .warm_slot = warm_slot,
    .warm_address = warm_address,
    .warm_key = warm_key,
    .set_balance = set_balance,
    .set_nonce = set_nonce,
    .set_code = set_code,
    .set_slot = set_slot,
    .set_transient = set_transient,
    .touch = touch,
    .create = create,
    .doom = doom,
    .log = emit,
    .snapshot = snapshot,
    .revert = revert,
    .finish = finish,
};
