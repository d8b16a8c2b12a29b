/* Accounts and slots of the newest state, by their names: what blocks read, without the way through the tries.

   A memory is of one root; a block that begins at another one learns nothing from it. Two tables take turns: what was
   seen lately is in the young one, and what the old one alone has is forgotten when the young one is full. */
#define _DEFAULT_SOURCE
#include <stdlib.h>
#include <sys/random.h>

#include "host/host.h"

enum { FIRST_BITS = 12 };

typedef struct {
    address_t address;
    bool is_used;
    zk_account_record record;
} known_account;

typedef struct {
    address_t address;
    bool is_used;
    u256 key, value;
} known_slot;

/* --- Names: sums of words times odd numbers that nobody knows --- */

static uint64_t mixed(const host_known *known, const address_t *address, const u256 *key) {
    uint64_t words[3 + 4] = {0}, sum = 0;
    memcpy(words, address, sizeof *address);
    if (key) memcpy(words + 3, key, sizeof *key);
    for (int i = 0; i < (key ? 7 : 3); i++) sum += words[i] * known->factors[i];
    return sum;
}

static size_t first_place(const host_known_table *table, uint64_t hash) { return (size_t)(hash >> (64 - table->bits)); }

static size_t next_place(const host_known_table *table, size_t place) {
    return (place + 1) & (((size_t)1 << table->bits) - 1);
}

static known_account *account_place(const host_known *known, const host_known_table *table,
                                    const address_t *address) {
    known_account *entries = table->entries;
    size_t place = first_place(table, mixed(known, address, NULL));
    while (entries[place].is_used && !address_equal(&entries[place].address, address)) place = next_place(table, place);
    return &entries[place];
}

static known_slot *slot_place(const host_known *known, const host_known_table *table, const address_t *address,
                              const u256 *key) {
    known_slot *entries = table->entries;
    for (size_t place = first_place(table, mixed(known, address, key));; place = next_place(table, place)) {
        known_slot *entry = &entries[place];
        if (!entry->is_used || (address_equal(&entry->address, address) && u256_equal(&entry->key, key))) return entry;
    }
}

/* --- Tables --- */

static bool open_table(host_known_table *table, uint32_t bits, size_t size) {
    void *entries = calloc((size_t)1 << bits, size);
    if (!entries) return false;
    *table = (host_known_table){.entries = entries, .bits = bits};
    return true;
}

static void close_table(host_known_table *table) {
    free(table->entries);
    *table = (host_known_table){0};
}

static void close_all(host_known *known) {
    for (int i = 0; i < 2; i++) {
        close_table(&known->accounts[i]);
        close_table(&known->slots[i]);
    }
    known->is_of_a_root = false;
}

/* Takes an entry of another table of the same kind in. */
typedef void (*put_entry)(const host_known *known, host_known_table *table, const void *entry);

/* The same entries in a table twice as large. */
static bool widen(const host_known *known, host_known_table *table, size_t size, put_entry put) {
    host_known_table wide;
    if (!open_table(&wide, table->bits + 1, size)) return false;
    for (size_t place = 0; place < (size_t)1 << table->bits; place++)
        put(known, &wide, (const uint8_t *)table->entries + place * size);
    wide.count = table->count;
    close_table(table);
    *table = wide;
    return true;
}

/* Room for one more in the young table of a pair: a full one becomes twice as large, up to a bound; at the bound it grows
   old, and what only the one before it has is forgotten. */
static bool make_room(const host_known *known, host_known_table pair[2], size_t size, put_entry put) {
    host_known_table *young = &pair[0], table;
    if (young->entries && young->count < (size_t)1 << (young->bits - 1)) return true;
    if (young->entries && size << (young->bits + 1) <= known->max_bytes) return widen(known, young, size, put);
    if (!open_table(&table, young->entries ? young->bits : FIRST_BITS, size)) return false;
    close_table(&pair[1]);
    pair[1] = *young;
    *young = table;
    return true;
}

static void put_known_account(const host_known *known, host_known_table *table, const void *entry) {
    const known_account *account = entry;
    if (account->is_used) *account_place(known, table, &account->address) = *account;
}

static void put_known_slot(const host_known *known, host_known_table *table, const void *entry) {
    const known_slot *slot = entry;
    if (slot->is_used) *slot_place(known, table, &slot->address, &slot->key) = *slot;
}

static bool put_account(host_known *known, const address_t *address, const zk_account_record *record) {
    host_known_table *young = &known->accounts[0];
    if (!make_room(known, known->accounts, sizeof(known_account), put_known_account)) return false;
    known_account *entry = account_place(known, young, address);
    young->count += !entry->is_used;
    *entry = (known_account){*address, true, *record};
    return true;
}

static bool put_slot(host_known *known, const address_t *address, const u256 *key, const u256 *value) {
    host_known_table *young = &known->slots[0];
    if (!make_room(known, known->slots, sizeof(known_slot), put_known_slot)) return false;
    known_slot *entry = slot_place(known, young, address, key);
    young->count += !entry->is_used;
    *entry = (known_slot){*address, true, *key, *value};
    return true;
}

/* --- Opening --- */

bool host_known_open(host_known *known, size_t max_bytes) {
    *known = (host_known){.max_bytes = max_bytes / 4};
    if (getentropy(known->factors, sizeof known->factors)) return false;
    for (size_t i = 0; i < sizeof known->factors / sizeof *known->factors; i++) known->factors[i] |= 1;
    return pthread_mutex_init(&known->lock, NULL) == 0;
}

void host_known_close(host_known *known) {
    close_all(known);
    pthread_mutex_destroy(&known->lock);
}

void host_known_count(host_known *known, size_t *accounts, size_t *slots) {
    pthread_mutex_lock(&known->lock);
    *accounts = known->accounts[0].count + known->accounts[1].count;
    *slots = known->slots[0].count + known->slots[1].count;
    pthread_mutex_unlock(&known->lock);
}

/* --- Asking: the young table first, whose word is newer --- */

static bool is_of(const host_known *known, const hash_t *root) {
    return known->is_of_a_root && hash_equal(&known->root, root);
}

static bool recall_account(void *self, const address_t *address, zk_account_record *found) {
    const host_reader *reader = self;
    host_known *known = reader->known;
    const known_account *entry = NULL;
    pthread_mutex_lock(&known->lock);
    for (int i = 0; i < 2 && is_of(known, &reader->root) && !(entry && entry->is_used); i++)
        if (known->accounts[i].entries) entry = account_place(known, &known->accounts[i], address);
    const bool is_known = entry && entry->is_used;
    if (is_known) *found = entry->record;
    pthread_mutex_unlock(&known->lock);
    return is_known;
}

static bool recall_slot(void *self, const address_t *address, const u256 *key, u256 *found) {
    const host_reader *reader = self;
    host_known *known = reader->known;
    const known_slot *entry = NULL;
    pthread_mutex_lock(&known->lock);
    for (int i = 0; i < 2 && is_of(known, &reader->root) && !(entry && entry->is_used); i++)
        if (known->slots[i].entries) entry = slot_place(known, &known->slots[i], address, key);
    const bool is_known = entry && entry->is_used;
    if (is_known) *found = entry->value;
    pthread_mutex_unlock(&known->lock);
    return is_known;
}

void host_remember(host_reader *reader, host_known *known, const hash_t *root, zk_state *state) {
    *reader = (host_reader){{recall_account, recall_slot, reader}, known, *root};
    zk_state_remember(state, &reader->asked);
}

/* --- Learning: one that cannot take something in knows nothing any more --- */

typedef struct {
    host_known *known;
    bool is_complete;
} learning;

static void learn_account(void *self, const address_t *address, const zk_account_record *record) {
    learning *what = self;
    what->is_complete = what->is_complete && put_account(what->known, address, record);
}

static void learn_slot(void *self, const address_t *address, const u256 *key, const u256 *value) {
    learning *what = self;
    what->is_complete = what->is_complete && put_slot(what->known, address, key, value);
}

void host_learn(const host_reader *reader, const hash_t *root, const zk_state *state) {
    host_known *known = reader->known;
    learning what = {known, true};
    const zk_memory_sink sink = {learn_account, learn_slot, &what};
    pthread_mutex_lock(&known->lock);
    if (!is_of(known, &reader->root)) close_all(known);
    if (zk_state_tell(state, &sink) && what.is_complete) {
        known->root = *root;
        known->is_of_a_root = true;
    } else {
        close_all(known);
    }
    pthread_mutex_unlock(&known->lock);
}
