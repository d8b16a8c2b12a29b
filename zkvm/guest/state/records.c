#include "state/records.h"

#include "base/keccak.h"
#include "chain/rlp.h"

enum { FIRST_BITS = 6 };

const hash_t STATE_NO_CODE = {{0xc5, 0xd2, 0x46, 0x01, 0x86, 0xf7, 0x23, 0x3c, 0x92, 0x7e, 0x7d,
                               0xb2, 0xdc, 0xc7, 0x03, 0xc0, 0xe5, 0x00, 0xb6, 0x53, 0xca, 0x82,
                               0x27, 0x3b, 0x7b, 0xfa, 0xd8, 0x04, 0x5d, 0x85, 0xa4, 0x70}};

/* --- Tables: a sum of limbs times odd factors, of which the highest bits count --- */

static limb_t hash_of_address(const zk_state *state, const address_t *address) {
    limb_t limbs[ADDRESS_LIMBS] = {0}, hash = 0;
    memcpy(limbs, address, sizeof *address);
#pragma GCC unroll 8
    for (int i = 0; i < ADDRESS_LIMBS; i++) hash += limbs[i] * state->address_factors[i];
    return hash;
}

static limb_t hash_of_key(const zk_state *state, limb_t owner, const u256 *key) {
    limb_t hash = owner;
#pragma GCC unroll 8
    for (int i = 0; i < U256_LIMBS; i++) hash += key->limb[i] * state->key_factors[i];
    return hash;
}

static uint32_t first_place(const state_table *table, limb_t hash) {
    return (uint32_t)(hash >> (ZK_LIMB_BITS - table->bits));
}

static uint32_t next_place(const state_table *table, uint32_t place) { return (place + 1) & ((1u << table->bits) - 1); }

static void clear_table(zk_state *state, state_table *table, uint32_t bits) {
    size_t size = sizeof *table->entries << bits;
    table->entries = zk_alloc(state->context, size);
    table->bits = bits;
    memset(table->entries, 0, size);
}

static void put_entry(state_table *table, limb_t hash, void *record) {
    uint32_t place = first_place(table, hash);
    while (table->entries[place].record) place = next_place(table, place);
    table->entries[place] = (table_entry){hash, record};
}

static void add(zk_state *state, state_table *table, limb_t hash, void *record) {
    if (++table->count > 1u << (table->bits - 1)) {
        const table_entry *old = table->entries, *end = old + ((size_t)1 << table->bits);
        clear_table(state, table, table->bits + 1);
        for (; old != end; old++)
            if (old->record) put_entry(table, old->hash, old->record);
    }
    put_entry(table, hash, record);
}

void *state_more(zk_state *state, void *items, uint32_t count, uint32_t *room, size_t size) {
    if (ZK_LIKELY(count < *room)) return items;
    *room = count < 16 ? 16 : 2 * count;
    void *more = zk_alloc(state->context, *room * size);
    if (count) memcpy(more, items, count * size);
    return more;
}

/* --- Accounts --- */

state_account *state_find_account(zk_state *state, const address_t *address) {
    const limb_t hash = hash_of_address(state, address);
    const state_table *table = &state->accounts;
    for (uint32_t place = first_place(table, hash);; place = next_place(table, place)) {
        const table_entry *entry = &table->entries[place];
        if (!entry->record) break;
        state_account *own = entry->record;
        if (entry->hash == hash && address_equal(&own->account.address, address)) return own;
    }
    state_account *made = zk_alloc(state->context, sizeof *made);
    memset(made, 0, sizeof *made);
    made->account.address = *address;
    made->hash = hash;
    add(state, &state->accounts, hash, made);
    return made;
}

/* [nonce, balance, storage root, code hash] */
static bool decode_account(bytes_t bytes, zk_account_record *record) {
    bytes_t rest;
    return rlp_next_list(&bytes, &rest) && bytes.size == 0 && rlp_next_u64(&rest, &record->nonce) &&
           rlp_next_u256(&rest, &record->balance) && rlp_next_exact(&rest, &record->storage_root, sizeof(hash_t)) &&
           rlp_next_exact(&rest, &record->code_hash, sizeof(hash_t)) && rest.size == 0;
}

static void read_account(zk_state *state, state_account *own, zk_account_record *record) {
    keccak256(&own->path, &own->account.address, sizeof own->account.address);
    bytes_t bytes = trie_get(&state->tries, (bytes_t){own->path.bytes, sizeof own->path});
    *record = (zk_account_record){
        .exists = bytes.size != 0,
        .storage_root = TRIE_EMPTY_ROOT,
        .code_hash = STATE_NO_CODE,
    };
    if (record->exists && !decode_account(bytes, record)) zk_fail(state->context, ZK_MALFORMED);
}

static bool recall_account(zk_state *state, state_account *own, zk_account_record *record) {
    if (!state->memory || !state->memory->account(state->memory->self, &own->account.address, record)) return false;
    own->next_recalled = state->recalled_accounts;
    state->recalled_accounts = own;
    return true;
}

void state_load_account(zk_state *state, state_account *own) {
    evm_account *account = &own->account;
    zk_account_record record;
    if (!recall_account(state, own, &record)) read_account(state, own, &record);
    account->exists = record.exists;
    account->nonce = record.nonce;
    account->balance = record.balance;
    account->code_hash = record.code_hash;
    own->storage_root = record.storage_root;
    account->has_storage = !hash_equal(&own->storage_root, &TRIE_EMPTY_ROOT);
    own->opened_exists = account->exists;
    own->opened_nonce = account->nonce;
    own->opened_balance = account->balance;
    own->opened_code_hash = own->written_code_hash = account->code_hash;
    own->opened_storage_root = own->storage_root;
    own->is_loaded = true;
}

/* --- Slots --- */

state_slot *state_find_slot(zk_state *state, state_account *account, const u256 *key) {
    const limb_t hash = hash_of_key(state, account->hash, key);
    const state_table *table = &state->slots;
    for (uint32_t place = first_place(table, hash);; place = next_place(table, place)) {
        const table_entry *entry = &table->entries[place];
        if (!entry->record) break;
        state_slot *own = entry->record;
        if (entry->hash == hash && own->account == account && u256_equal(&own->key, key)) return own;
    }
    state_slot *made = zk_alloc(state->context, sizeof *made);
    memset(made, 0, sizeof *made);
    made->key = *key;
    made->account = account;
    made->next = account->slots;
    account->slots = made;
    add(state, &state->slots, hash, made);
    return made;
}

trie_t *state_storage(zk_state *state, state_account *own) {
    if (own->is_wiped && !own->is_storage_fresh) {
        own->storage_root = TRIE_EMPTY_ROOT;
        own->is_storage_open = false;
        own->is_storage_fresh = true;
    }
    if (!own->is_storage_open) trie_open(&own->storage, state->context, state->source, &own->storage_root);
    own->is_storage_open = true;
    return &own->storage;
}

void state_slot_path(hash_t *path, const u256 *key) {
    uint8_t bytes[32];
    u256_to_bytes(bytes, key);
    keccak256(path, bytes, sizeof bytes);
}

u256 state_read_slot(zk_state *state, trie_t *trie, const u256 *key) {
    hash_t path;
    u256 value = u256_of(0);
    if (!trie->root.node && !trie->root.name) return value;
    state_slot_path(&path, key);
    bytes_t bytes = trie_get(trie, (bytes_t){path.bytes, sizeof path});
    if (bytes.size && (!rlp_next_u256(&bytes, &value) || bytes.size)) zk_fail(state->context, ZK_MALFORMED);
    return value;
}

/* Its value when the state was opened. */
static u256 read_slot(zk_state *state, const state_slot *own) {
    state_account *account = own->account;
    if (!account->is_wiped) return state_read_slot(state, state_storage(state, account), &own->key);
    trie_t old;
    trie_open(&old, state->context, state->source, &account->opened_storage_root);
    return state_read_slot(state, &old, &own->key);
}

static bool recall_slot(zk_state *state, state_slot *own) {
    const address_t *address = &own->account->account.address;
    if (!state->memory || !state->memory->slot(state->memory->self, address, &own->key, &own->opened)) return false;
    own->next_recalled = state->recalled_slots;
    state->recalled_slots = own;
    return true;
}

void state_load_slot(zk_state *state, state_slot *own) {
    if (!own->account->is_loaded) state_load_account(state, own->account);
    if (!recall_slot(state, own)) own->opened = read_slot(state, own);
    /* Where all is wiped, what was there is gone, and what came since has a record. */
    if (!own->account->is_wiped) own->slot.value = own->opened;
    own->slot.original = own->slot.value;
    own->is_loaded = true;
}

static bool is_as_opened(const state_account *own, const zk_account_record *record) {
    return own->opened_exists == record->exists && own->opened_nonce == record->nonce &&
           u256_equal(&own->opened_balance, &record->balance) &&
           hash_equal(&own->opened_storage_root, &record->storage_root) &&
           hash_equal(&own->opened_code_hash, &record->code_hash);
}

void state_read_recalled(zk_state *state) {
    for (state_account *own = state->recalled_accounts; own; own = own->next_recalled) {
        zk_account_record record;
        read_account(state, own, &record);
        if (!is_as_opened(own, &record)) zk_fail(state->context, ZK_MALFORMED);
    }
    for (const state_slot *own = state->recalled_slots; own; own = own->next_recalled) {
        u256 value = read_slot(state, own);
        if (!u256_equal(&value, &own->opened)) zk_fail(state->context, ZK_MALFORMED);
    }
    state->recalled_accounts = NULL;
    state->recalled_slots = NULL;
}

void zk_state_remember(zk_state *state, const zk_memory *memory) { state->memory = memory; }

static void tell_slots(const state_account *own, const zk_memory_sink *sink) {
    for (const state_slot *slot = own->slots; slot; slot = slot->next)
        if (slot->is_loaded) sink->slot(sink->self, &own->account.address, &slot->key, &slot->slot.value);
}

static const state_account *account_at(const zk_state *state, uint32_t place) {
    const state_account *own = state->accounts.entries[place].record;
    return own && own->is_loaded ? own : NULL;
}

bool zk_state_tell(const zk_state *state, const zk_memory_sink *sink) {
    const uint32_t places = 1u << state->accounts.bits;
    for (uint32_t i = 0; i < places; i++) {
        const state_account *own = account_at(state, i);
        if (own && own->is_wiped && !hash_equal(&own->opened_storage_root, &TRIE_EMPTY_ROOT)) return false;
    }
    for (uint32_t i = 0; i < places; i++) {
        const state_account *own = account_at(state, i);
        if (!own) continue;
        const evm_account *account = &own->account;
        zk_account_record record = {.storage_root = TRIE_EMPTY_ROOT, .code_hash = STATE_NO_CODE};
        if (account->exists)
            record = (zk_account_record){true, account->nonce, account->balance, own->storage_root, account->code_hash};
        sink->account(sink->self, &account->address, &record);
        tell_slots(own, sink);
    }
    return true;
}

/* --- Codes --- */

static limb_t hash_of_hash(const hash_t *hash) {
    limb_t limb;
    memcpy(&limb, hash, sizeof limb);
    return limb;
}

static evm_code *known_code(const zk_state *state, const hash_t *code_hash) {
    const state_table *table = &state->codes;
    const limb_t hash = hash_of_hash(code_hash);
    for (uint32_t place = first_place(table, hash); table->entries[place].record; place = next_place(table, place)) {
        evm_code *code = table->entries[place].record;
        if (hash_equal(&code->hash, code_hash)) return code;
    }
    return NULL;
}

static evm_code *add_code(zk_state *state, const hash_t *hash, bytes_t bytes) {
    evm_code *code = evm_code_make(state->context, hash, bytes);
    add(state, &state->codes, hash_of_hash(hash), code);
    return code;
}

evm_code *state_load_code(zk_state *state, state_account *own) {
    const hash_t *hash = &own->account.code_hash;
    if (!own->code) own->code = hash_equal(hash, &STATE_NO_CODE) ? state->no_code : known_code(state, hash);
    if (!own->code) {
        bytes_t bytes;
        bytes.data = state->source.get(state->source.self, hash, &bytes.size);
        if (!bytes.data) zk_fail(state->context, ZK_MISSING_NODE);
        own->code = add_code(state, hash, bytes);
    }
    return own->code;
}

evm_code *state_new_code(zk_state *state, bytes_t bytes) {
    hash_t hash;
    keccak256(&hash, bytes.data, bytes.size);
    evm_code *known = known_code(state, &hash);
    return known ? known : add_code(state, &hash, bytes);
}

/* --- Transient storage --- */

state_transient *state_find_transient(zk_state *state, const evm_account *account, const u256 *key, bool make) {
    const limb_t hash = hash_of_key(state, ((const state_account *)account)->hash, key);
    const state_table *table = &state->transients;
    for (uint32_t place = first_place(table, hash); table->entries[place].record; place = next_place(table, place)) {
        state_transient *item = table->entries[place].record;
        if (item->hash == hash && item->account == account && u256_equal(&item->key, key)) return item;
    }
    if (!make) return NULL;
    state_transient *made = state->spare_transients;
    if (made) state->spare_transients = made->next;
    else made = zk_alloc(state->context, sizeof *made);
    *made = (state_transient){.account = account, .key = *key, .hash = hash, .next = state->all_transients};
    state->all_transients = made;
    add(state, &state->transients, hash, made);
    return made;
}

void state_forget_transients(zk_state *state) {
    state_table *table = &state->transients;
    if (!table->count) return;
    memset(table->entries, 0, sizeof *table->entries << table->bits);
    table->count = 0;
    state_transient *last = state->all_transients;
    while (last->next) last = last->next;
    last->next = state->spare_transients;
    state->spare_transients = state->all_transients;
    state->all_transients = NULL;
}

/* --- Opening --- */

zk_state *zk_state_open(zk_context *context, struct zk_nodes source, const hash_t *root) {
    zk_state *state = zk_alloc(context, sizeof *state);
    memset(state, 0, sizeof *state);
    state->context = context;
    state->source = source;
    trie_open(&state->tries, context, source, root);
    state->no_code = evm_code_make(context, &STATE_NO_CODE, (bytes_t){NULL, 0});
    clear_table(state, &state->accounts, FIRST_BITS);
    clear_table(state, &state->slots, FIRST_BITS);
    clear_table(state, &state->codes, FIRST_BITS);
    clear_table(state, &state->transients, FIRST_BITS);
    hash_t other;
    keccak256(&other, root, sizeof *root);
    memcpy(state->address_factors, root, sizeof state->address_factors);
    memcpy(state->key_factors, &other, sizeof state->key_factors);
    for (int i = 0; i < ADDRESS_LIMBS; i++) state->address_factors[i] |= 1;
    for (int i = 0; i < U256_LIMBS; i++) state->key_factors[i] |= 1;
    return state;
}
