/* What a transaction does to the state: every change is noted and can be taken back. */
#include "state/accounts.h"

#include "state/records.h"

/* --- Notes --- */

enum { EXISTS = 1, CREATED = 2, DOOMED = 4, HAS_STORAGE = 8, TOUCHED = 16, WIPED = 32 };

static uint32_t flags_of(const state_account *own) {
    const evm_account *account = &own->account;
    return (account->exists ? EXISTS : 0) | (account->is_created ? CREATED : 0) | (account->is_doomed ? DOOMED : 0) |
           (account->has_storage ? HAS_STORAGE : 0) | (own->is_touched ? TOUCHED : 0) | (own->is_wiped ? WIPED : 0);
}

static void set_flags(state_account *own, uint32_t flags) {
    own->account.exists = flags & EXISTS;
    own->account.is_created = flags & CREATED;
    own->account.is_doomed = flags & DOOMED;
    own->account.has_storage = flags & HAS_STORAGE;
    own->is_touched = flags & TOUCHED;
    own->is_wiped = flags & WIPED;
}

static undo_entry *note(zk_state *state, undo_kind kind, void *record) {
    state->undo = state_more(state, state->undo, state->undo_count, &state->undo_room, sizeof *state->undo);
    undo_entry *entry = &state->undo[state->undo_count++];
    entry->kind = kind;
    entry->record = record;
    return entry;
}

static void add_touched(zk_state *state, evm_account *account, const u256 *key) {
    state->touched =
        state_more(state, state->touched, state->touched_count, &state->touched_room, sizeof *state->touched);
    state->touched[state->touched_count++] = (zk_touched){account, key};
}

/* The account is among what the transaction wrote. */
static void write_account(zk_state *state, state_account *own) {
    if (own->touched_in == state->transaction) return;
    own->touched_in = state->transaction;
    own->begun_exists = own->account.exists;
    own->begun_nonce = own->account.nonce;
    own->begun_balance = own->account.balance;
    own->begun_code_hash = own->account.code_hash;
    add_touched(state, &own->account, NULL);
}

static undo_entry *change(zk_state *state, undo_kind kind, state_account *own) {
    write_account(state, own);
    undo_entry *entry = note(state, kind, own);
    entry->flags = flags_of(own);
    return entry;
}

/* The same by a transaction's own doing: there is an account now, and it counts as touched (EIP-161). */
static undo_entry *change_living(zk_state *state, undo_kind kind, state_account *own) {
    undo_entry *entry = change(state, kind, own);
    own->account.exists = true;
    own->is_touched = true;
    return entry;
}

/* --- Reading --- */

/* Marks that an earlier transaction left are gone. */
static void refresh_account(const zk_state *state, state_account *own) {
    evm_account *account = &own->account;
    own->transaction = state->transaction;
    account->is_warm = account->is_created = account->is_doomed = own->is_touched = false;
}

static void refresh_slot(const zk_state *state, state_slot *own) {
    own->transaction = state->transaction;
    own->slot.original = own->slot.value;
    own->slot.is_warm = false;
}

static state_account *named_account(zk_state *state, const address_t *address) {
    state_account *own = state_find_account(state, address);
    if (own->transaction != state->transaction) refresh_account(state, own);
    return own;
}

static state_slot *named_slot(zk_state *state, state_account *account, const u256 *key) {
    state_slot *own = state_find_slot(state, account, key);
    if (own->transaction != state->transaction) refresh_slot(state, own);
    return own;
}

static evm_account *get_account(void *self, const address_t *address) {
    state_account *own = named_account(self, address);
    if (!own->is_loaded) state_load_account(self, own);
    return &own->account;
}

static evm_slot *get_slot(void *self, evm_account *account, const u256 *key) {
    state_slot *own = named_slot(self, (state_account *)account, key);
    if (!own->is_loaded) state_load_slot(self, own);
    return &own->slot;
}

static bool is_warm(void *self, const address_t *address, const u256 *key) {
    state_account *own = named_account(self, address);
    return key ? named_slot(self, own, key)->slot.is_warm : own->account.is_warm;
}

static evm_code *get_code(void *self, evm_account *account) { return state_load_code(self, (state_account *)account); }

static void get_transient(void *self, const evm_account *account, const u256 *key, u256 *value) {
    const state_transient *item = state_find_transient(self, account, key, false);
    *value = item ? item->value : u256_of(0);
}

/* --- Changing --- */

static void warm_account(void *self, evm_account *account) {
    if (account->is_warm) return;
    note(self, UNDO_WARM_ACCOUNT, account);
    account->is_warm = true;
}

static void warm_slot(void *self, evm_slot *slot) {
    if (slot->is_warm) return;
    note(self, UNDO_WARM_SLOT, slot);
    slot->is_warm = true;
}

static void warm_address(void *self, const address_t *address) {
    warm_account(self, &named_account(self, address)->account);
}

static void warm_key(void *self, const address_t *address, const u256 *key) {
    warm_slot(self, &named_slot(self, state_find_account(self, address), key)->slot);
}

static void set_balance(void *self, evm_account *account, const u256 *balance) {
    change_living(self, UNDO_BALANCE, (state_account *)account)->was.number = account->balance;
    account->balance = *balance;
}

static void set_nonce(void *self, evm_account *account, uint64_t nonce) {
    change_living(self, UNDO_NONCE, (state_account *)account)->was.nonce = account->nonce;
    account->nonce = nonce;
}

static void replace_code(state_account *own, undo_entry *entry, evm_code *code) {
    entry->was.hash = own->account.code_hash;
    entry->code = own->code;
    own->code = code;
    own->account.code_hash = code->hash;
}

static void set_code(void *self, evm_account *account, bytes_t bytes) {
    state_account *own = (state_account *)account;
    evm_code *code = state_new_code(self, bytes);
    replace_code(own, change_living(self, UNDO_CODE, own), code);
}

static void write_slot(zk_state *state, state_slot *own, const u256 *value) {
    note(state, UNDO_SLOT, own)->was.number = own->slot.value;
    own->slot.value = *value;
}

static void set_slot(void *self, evm_account *account, evm_slot *slot, const u256 *value) {
    zk_state *state = self;
    state_slot *own = (state_slot *)slot;
    if (own->touched_in != state->transaction) {
        own->touched_in = state->transaction;
        add_touched(state, account, &own->key);
    }
    if (u256_equal(&slot->value, value)) return;
    if (!account->exists) change_living(state, UNDO_FLAGS, (state_account *)account);
    write_slot(state, own, value);
}

static void set_transient(void *self, const evm_account *account, const u256 *key, const u256 *value) {
    state_transient *item = state_find_transient(self, account, key, true);
    note(self, UNDO_TRANSIENT, item)->was.number = item->value;
    item->value = *value;
}

/* Ethereum once deleted the empty account of precompile 3 in a call that was taken back, and has kept to it since. */
static bool stays_touched(const address_t *address) {
    static const address_t RIPEMD160 = {{[19] = 3}};
    return address_equal(address, &RIPEMD160);
}

static void touch(void *self, evm_account *account) {
    state_account *own = (state_account *)account;
    if (own->is_touched) return;
    if (stays_touched(&account->address)) write_account(self, own);
    else change(self, UNDO_FLAGS, own);
    own->is_touched = true;
}

/* Nothing is created over storage (EIP-7610), so none has to be hidden. */
static void create(void *self, evm_account *account) {
    change_living(self, UNDO_FLAGS, (state_account *)account);
    account->is_created = true;
}

static void doom(void *self, evm_account *account) {
    change_living(self, UNDO_FLAGS, (state_account *)account);
    account->is_doomed = true;
}

static void emit(void *self, const evm_log *log) {
    zk_state *state = self;
    note(state, UNDO_LOG, NULL);
    state->logs = state_more(state, state->logs, state->log_count, &state->log_room, sizeof *state->logs);
    uint8_t *data = zk_alloc(state->context, log->data.size);
    if (log->data.size) memcpy(data, log->data.data, log->data.size);
    evm_log *own = &state->logs[state->log_count++];
    *own = *log;
    own->data.data = data;
}

/* --- Taking back --- */

static void take_back_account(const undo_entry *entry) {
    state_account *own = entry->record;
    evm_account *account = &own->account;
    bool stays = own->is_touched && stays_touched(&account->address);
    set_flags(own, entry->flags);
    own->is_touched |= stays;
    if (entry->kind == UNDO_BALANCE) account->balance = entry->was.number;
    if (entry->kind == UNDO_NONCE) account->nonce = entry->was.nonce;
    if (entry->kind != UNDO_CODE) return;
    account->code_hash = entry->was.hash;
    own->code = entry->code;
}

static void take_back_entry(zk_state *state, const undo_entry *entry) {
    switch (entry->kind) {
    case UNDO_WARM_ACCOUNT: ((evm_account *)entry->record)->is_warm = false; break;
    case UNDO_WARM_SLOT: ((evm_slot *)entry->record)->is_warm = false; break;
    case UNDO_SLOT: ((evm_slot *)entry->record)->value = entry->was.number; break;
    case UNDO_TRANSIENT: ((state_transient *)entry->record)->value = entry->was.number; break;
    case UNDO_LOG: state->log_count--; break;
    default: take_back_account(entry);
    }
}

static uint32_t snapshot(void *self) { return ((const zk_state *)self)->undo_count; }

static void revert(void *self, uint32_t to) {
    zk_state *state = self;
    while (state->undo_count > to) take_back_entry(state, &state->undo[--state->undo_count]);
}

/* --- The end of a transaction --- */

static void delete_account(zk_state *state, state_account *own) {
    evm_account *account = &own->account;
    const u256 nothing = u256_of(0);
    change(state, UNDO_BALANCE, own)->was.number = account->balance;
    account->balance = nothing;
    change(state, UNDO_NONCE, own)->was.nonce = account->nonce;
    account->nonce = 0;
    replace_code(own, change(state, UNDO_CODE, own), state->no_code);
    account->exists = false;
    own->is_wiped |= account->has_storage;
    account->has_storage = false;
    for (state_slot *slot = own->slots; slot; slot = slot->next)
        if (!u256_is_zero(&slot->slot.value)) write_slot(state, slot, &nothing);
}

static void finish(void *self) {
    zk_state *state = self;
    /* Who is doomed or touched was written to: new ones do not come. */
    for (uint32_t i = 0; i < state->touched_count; i++) {
        const zk_touched *touched = &state->touched[i];
        state_account *own = (state_account *)touched->account;
        const evm_account *account = touched->account;
        if (touched->key || !account->exists) continue;
        if (account->is_doomed || (own->is_touched && evm_is_empty(account))) delete_account(state, own);
    }
}

const evm_state_ops ZK_STATE = {
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

/* --- Transactions --- */

static void forget(zk_state *state) {
    state->undo_count = state->touched_count = state->log_count = state->log_room = 0;
    state_forget_transients(state);
}

void zk_state_begin(zk_state *state) {
    state_keep(state);
    forget(state);
    state->transaction++;
}

void zk_state_take_back(zk_state *state) {
    revert(state, 0);
    forget(state);
}

const evm_log *zk_state_logs(const zk_state *state, uint32_t *count) {
    *count = state->log_count;
    return state->logs;
}

const zk_touched *zk_state_touched(const zk_state *state, uint32_t *count) {
    *count = state->touched_count;
    return state->touched;
}

bool zk_state_differs(zk_state *state, const zk_touched *touched) {
    (void)state;
    if (touched->key) {
        const evm_slot *slot = &state_slot_of(touched->key)->slot;
        return !u256_equal(&slot->value, &slot->original);
    }
    const state_account *own = (const state_account *)touched->account;
    const evm_account *account = &own->account;
    return account->nonce != own->begun_nonce || !u256_equal(&account->balance, &own->begun_balance) ||
           !hash_equal(&account->code_hash, &own->begun_code_hash);
}

uint32_t zk_state_created_code(const zk_state *state) {
    uint32_t bytes = 0;
    for (uint32_t i = 0; i < state->touched_count; i++) {
        const state_account *own = (const state_account *)state->touched[i].account;
        if (!state->touched[i].key && own->account.is_created && own->code) bytes += own->code->size;
    }
    return bytes;
}

bytes_t zk_state_code(zk_state *state, evm_account *account) {
    const evm_code *code = state_load_code(state, (state_account *)account);
    return (bytes_t){code->bytes, code->size};
}
