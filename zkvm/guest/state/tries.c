/* From what transactions changed to the tries, and what changed since the state was opened. */
#include "base/keccak.h"
#include "chain/rlp.h"
#include "state/records.h"

/* --- What is there to stay --- */

static void keep_account(zk_state *state, state_account *own, bool is_changed) {
    if (!own->is_kept) {
        own->is_kept = true;
        state->kept = state_more(state, state->kept, state->kept_count, &state->kept_room, sizeof *state->kept);
        state->kept[state->kept_count++] = own;
    }
    if (!is_changed || own->is_dirty) return;
    own->is_dirty = true;
    own->next_dirty = state->dirty;
    state->dirty = own;
}

static void keep_slot(state_slot *own, bool is_changed) {
    own->is_kept = true;
    if (!is_changed || own->is_dirty) return;
    own->is_dirty = true;
    own->next_dirty = own->account->dirty_slots;
    own->account->dirty_slots = own;
}

void state_keep(zk_state *state) {
    for (uint32_t i = 0; i < state->touched_count; i++) {
        const zk_touched *touched = &state->touched[i];
        state_account *own = (state_account *)touched->account;
        bool is_changed = zk_state_differs(state, touched);
        if (touched->key) keep_slot(state_slot_of(touched->key), is_changed);
        else is_changed |= own->account.exists != own->begun_exists;
        keep_account(state, own, is_changed);
    }
    state->touched_count = state->undo_count = 0;
}

/* --- Writing. What is put goes before what is deleted: a branch that stays needs no look at its last child, so this
   order needs the fewest nodes. --- */

static void put_slot(zk_state *state, trie_t *trie, const state_slot *own) {
    hash_t path;
    uint8_t *value = zk_alloc(state->context, 1 + sizeof(u256));
    state_slot_path(&path, &own->key);
    uint32_t size = (uint32_t)(rlp_put_u256(value, &own->slot.value) - value);
    trie_put(trie, (bytes_t){path.bytes, sizeof path}, (bytes_t){value, size});
}

static void write_storage(zk_state *state, state_account *own, const trie_sink *sink) {
    if (!own->dirty_slots && !own->is_wiped) return;
    trie_t *trie = state_storage(state, own);
    for (const state_slot *slot = own->dirty_slots; slot; slot = slot->next_dirty)
        if (!u256_is_zero(&slot->slot.value)) put_slot(state, trie, slot);
    for (state_slot *slot = own->dirty_slots; slot; slot = slot->next_dirty) {
        hash_t path;
        slot->is_dirty = false;
        if (!u256_is_zero(&slot->slot.value)) continue;
        state_slot_path(&path, &slot->key);
        trie_delete(trie, (bytes_t){path.bytes, sizeof path});
    }
    own->dirty_slots = NULL;
    trie_root(trie, &own->storage_root, sink);
}

static void put_account(zk_state *state, const state_account *own) {
    const evm_account *account = &own->account;
    uint32_t payload = rlp_u64_size(account->nonce) + rlp_u256_size(&account->balance) + 2 * (1 + sizeof(hash_t));
    uint8_t *bytes = zk_alloc(state->context, rlp_head_size(payload) + payload);
    uint8_t *at = rlp_put_list_head(bytes, payload);
    at = rlp_put_u64(at, account->nonce);
    at = rlp_put_u256(at, &account->balance);
    at = rlp_put_string(at, (bytes_t){own->storage_root.bytes, sizeof own->storage_root});
    at = rlp_put_string(at, (bytes_t){account->code_hash.bytes, sizeof account->code_hash});
    trie_put(&state->tries, (bytes_t){own->path.bytes, sizeof own->path}, (bytes_t){bytes, (uint32_t)(at - bytes)});
}

static void write_code(zk_state *state, state_account *own, const trie_sink *sink) {
    const hash_t *hash = &own->account.code_hash;
    if (hash_equal(hash, &own->written_code_hash)) return;
    own->written_code_hash = *hash;
    if (sink && !hash_equal(hash, &STATE_NO_CODE)) sink->put(sink->self, hash, zk_state_code(state, &own->account));
}

void zk_state_root(zk_state *state, hash_t *root, const trie_sink *sink) {
    state_keep(state);
    state_read_recalled(state);
    for (state_account *own = state->dirty; own; own = own->next_dirty) {
        write_storage(state, own, sink);
        write_code(state, own, sink);
        if (own->account.exists) put_account(state, own);
    }
    for (state_account *own = state->dirty; own; own = own->next_dirty) {
        own->is_dirty = false;
        if (!own->account.exists) trie_delete(&state->tries, (bytes_t){own->path.bytes, sizeof own->path});
    }
    state->dirty = NULL;
    trie_root(&state->tries, root, sink);
}

/* --- Since the state was opened --- */

typedef bool less_than(const void *a, const void *b);

/* Below items[i] of a heap of `count`: the greatest comes up. */
static void sift(const void **items, uint32_t i, uint32_t count, less_than *less) {
    for (uint32_t child; (child = 2 * i + 1) < count; i = child) {
        if (child + 1 < count && less(items[child], items[child + 1])) child++;
        if (!less(items[i], items[child])) return;
        const void *item = items[i];
        items[i] = items[child];
        items[child] = item;
    }
}

static void sort(const void **items, uint32_t count, less_than *less) {
    for (uint32_t i = count / 2; i > 0; i--) sift(items, i - 1, count, less);
    for (uint32_t last = count; last-- > 1;) {
        const void *item = items[0];
        items[0] = items[last];
        items[last] = item;
        sift(items, 0, last, less);
    }
}

static bool account_less(const void *a, const void *b) {
    const state_account *left = a, *right = b;
    return memcmp(&left->account.address, &right->account.address, sizeof left->account.address) < 0;
}

static bool slot_less(const void *a, const void *b) {
    return u256_less(&((const state_slot *)a)->key, &((const state_slot *)b)->key);
}

const zk_account_change *zk_state_account_changes(zk_state *state, uint32_t *count) {
    const void **order = zk_alloc(state->context, state->kept_count * sizeof *order);
    for (uint32_t i = 0; i < state->kept_count; i++) order[i] = state->kept[i];
    sort(order, state->kept_count, account_less);
    zk_account_change *changes = zk_alloc(state->context, state->kept_count * sizeof *changes);
    for (uint32_t i = 0; i < state->kept_count; i++) {
        state_account *own = (state_account *)(uintptr_t)order[i];
        changes[i] = (zk_account_change){
            .account = &own->account,
            .existed = own->opened_exists,
            .old_nonce = own->opened_nonce,
            .old_balance = own->opened_balance,
            .old_code_hash = own->opened_code_hash,
            .storage_differs = !hash_equal(&own->storage_root, &own->opened_storage_root),
        };
    }
    *count = state->kept_count;
    return changes;
}

static bool slot_differs(const state_slot *own) { return own->is_kept && !u256_equal(&own->slot.value, &own->opened); }

const zk_slot_change *zk_state_slot_changes(zk_state *state, const evm_account *account, uint32_t *count) {
    const state_account *own = (const state_account *)account;
    uint32_t found = 0, i = 0;
    for (const state_slot *slot = own->slots; slot; slot = slot->next) found += slot_differs(slot);
    const void **order = zk_alloc(state->context, found * sizeof *order);
    for (const state_slot *slot = own->slots; slot; slot = slot->next)
        if (slot_differs(slot)) order[i++] = slot;
    sort(order, found, slot_less);
    zk_slot_change *changes = zk_alloc(state->context, found * sizeof *changes);
    for (i = 0; i < found; i++) {
        const state_slot *slot = order[i];
        changes[i] = (zk_slot_change){slot->key, slot->opened, slot->slot.value};
    }
    *count = found;
    return changes;
}
