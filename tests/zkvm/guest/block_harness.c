/* What the tests of states and blocks call through ctypes: a chain whose trie nodes are given beforehand. */
#define _DEFAULT_SOURCE
#include "block_harness.h"

#include <sys/mman.h>

#include "base/keccak.h"
#include "blob_transaction.h"

_Noreturn void zk_fail(zk_context *context, zk_reason reason) {
    longjmp(((chain *)(void *)context)->entry, (int)reason);
}

/* Address space; pages come with their first use. */
static zk_arena reserve(size_t size) {
    void *start = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start == MAP_FAILED) abort();
    return (zk_arena){start, (uint8_t *)start + size};
}

static void release(const zk_arena *arena, size_t size) { munmap(arena->end - size, size); }

/* --- Setting up --- */

static node *find(chain *c, const hash_t *hash) {
    node *found = c->nodes[(hash->bytes[0] << 8 | hash->bytes[1]) % BUCKETS];
    while (found && !hash_equal(&found->hash, hash)) found = found->next;
    return found;
}

static const uint8_t *get_node(void *self, const hash_t *hash, uint32_t *size) {
    node *found = find(self, hash);
    if (!found) return NULL;
    found->is_read = true;
    *size = found->bytes.size;
    return found->bytes.data;
}

chain *blocks_open(uint64_t chain_id, bool base_fee_to_coinbase, bool has_holder, uint32_t max_pubdata, size_t memory) {
    chain *c = calloc(1, sizeof *c);
    if (!c) abort();
    c->rules = (zk_rules){chain_id, base_fee_to_coinbase, has_holder, max_pubdata};
    c->state_bytes = memory;
    c->frame_bytes = (size_t)1 << 35;
    c->returned_bytes = (size_t)1 << 32;
    c->context.arena = reserve(c->state_bytes);
    c->vm = (evm){.context = &c->context, .frames = reserve(c->frame_bytes), .returned = reserve(c->returned_bytes)};
    return c;
}

void blocks_close(chain *c) {
    release(&c->context.arena, c->state_bytes);
    release(&c->vm.frames, c->frame_bytes);
    release(&c->vm.returned, c->returned_bytes);
    for (int i = 0; i < BUCKETS; i++) {
        for (node *next, *item = c->nodes[i]; item; item = next) {
            next = item->next;
            free(item);
        }
    }
    free(c->out.bytes);
    free(c);
}

void blocks_node(chain *c, const uint8_t *hash, const uint8_t *data, uint32_t size) {
    node *made = calloc(1, sizeof *made + size);
    if (!made) abort();
    memcpy(&made->hash, hash, sizeof made->hash);
    made->bytes = (bytes_t){(uint8_t *)(made + 1), size};
    if (size) memcpy(made + 1, data, size);
    node **bucket = &c->nodes[(made->hash.bytes[0] << 8 | made->hash.bytes[1]) % BUCKETS];
    made->next = *bucket;
    *bucket = made;
}

const uint8_t *blocks_answer(const chain *c, uint64_t *size) {
    *size = c->out.size;
    return c->out.bytes;
}

int blocks_state(chain *c, const uint8_t *root) {
    hash_t hash;
    memcpy(&hash, root, sizeof hash);
    ENTER(c);
    c->state = zk_state_open(&c->context, (struct zk_nodes){get_node, c}, &hash);
    return 0;
}

/* --- Blocks --- */

typedef struct {
    uint64_t timestamp, gas_limit, max_pubdata;
    uint8_t fee_recipient[20], base_fee[32], mix_hash[32], blob_base_fee[32];
    uint32_t hash_count;
    const uint8_t *hashes, *extra_data;
    uint32_t extra_size;
    uint32_t parent_size;
    const uint8_t *parent; /* its RLP */
} plain_block;

static const hash_t *hash_of_block(void *self, uint64_t number) {
    const chain *c = self;
    uint64_t back = c->number - 1 - number;
    return back < c->hash_count ? &c->hashes[back] : NULL;
}

int blocks_begin(chain *c, const plain_block *plain) {
    ENTER(c);
    zk_block_context block = {.timestamp = plain->timestamp, .gas_limit = plain->gas_limit};
    uint8_t *parent = zk_alloc(&c->context, plain->parent_size), *extra = zk_alloc(&c->context, plain->extra_size);
    memcpy(parent, plain->parent, plain->parent_size);
    if (plain->extra_size) memcpy(extra, plain->extra_data, plain->extra_size);
    if (!zk_header_decode((bytes_t){parent, plain->parent_size}, &block.parent)) return ZK_HEADER;
    keccak256(&block.parent_hash, parent, plain->parent_size);
    memcpy(&block.fee_recipient, plain->fee_recipient, sizeof block.fee_recipient);
    u256_from_bytes(&block.base_fee, plain->base_fee);
    memcpy(&block.mix_hash, plain->mix_hash, sizeof block.mix_hash);
    block.extra_data = (bytes_t){extra, plain->extra_size};
    block.max_pubdata_bytes = plain->max_pubdata;
    block.block_hash = hash_of_block;
    block.self = c;
    memcpy(c->hashes, plain->hashes, plain->hash_count * sizeof *c->hashes);
    c->hash_count = plain->hash_count;
    c->number = block.parent.number + 1;
    c->block = zk_block_begin(&c->context, &c->vm, &c->rules, &block, c->state);
    c->env = *c->vm.block;
    u256_from_bytes(&c->env.blob_base_fee, plain->blob_base_fee);
    c->vm.block = &c->env;
    return 0;
}

static void put_log(answer *out, const evm_log *log) {
    put(out, &log->address, sizeof log->address);
    put_u32(out, log->topic_count);
    for (uint32_t i = 0; i < log->topic_count; i++) put_u256(out, &log->topics[i]);
    put_sized(out, log->data);
}

static void put_included(answer *out, const zk_included *item) {
    put_u64(out, item->outcome.gas_used);
    put_sized(out, item->outcome.output);
    put_sized(out, item->receipt_bytes);
    put_u256(out, &item->effective_gas_price);
    put(out, &item->created, sizeof item->created);
    put_u32(out, item->receipt.log_count);
    for (uint32_t i = 0; i < item->receipt.log_count; i++) put_log(out, &item->receipt.logs[i]);
    put_u32(out, item->l2_log_count);
    for (uint32_t i = 0; i < item->l2_log_count; i++) {
        const zk_l2_log *log = &item->l2_logs[i];
        put_u32(out, log->is_message);
        put_u32(out, log->tx_index);
        put(out, &log->key, sizeof log->key);
        put(out, &log->value, sizeof log->value);
        put_sized(out, log->message);
    }
}

/* The verdict, what of it applies, and what was included. */
int blocks_apply(chain *c, const uint8_t *raw, uint32_t size, const uint8_t *sender) {
    address_t from;
    u256 chain_id = u256_of(c->rules.chain_id);
    zk_transaction tx;
    ENTER(c);
    uint8_t *copy = zk_alloc(&c->context, size);
    memcpy(copy, raw, size);
    if (sender) memcpy(&from, sender, sizeof from);
    if (!zk_decode_transaction(&c->context, &chain_id, (bytes_t){copy, size}, sender ? &from : NULL, &tx))
        return ZK_TRANSACTION;
    zk_verdict verdict = zk_block_apply(c->block, &tx);
    put_u32(&c->out, verdict.kind);
    put_u32(&c->out, verdict.refusal);
    put_u64(&c->out, verdict.nonce);
    put_u256(&c->out, &verdict.balance);
    put_u32(&c->out, verdict.outcome.status);
    put_u64(&c->out, zk_block_gas_used(c->block));
    if (verdict.included) put_included(&c->out, verdict.included);
    return 0;
}

static void put_node(void *self, const hash_t *hash, bytes_t bytes) {
    put(self, hash, sizeof *hash);
    put_sized(self, bytes);
}

/* What was touched, new nodes ended by a hash of zeros, and the header. */
int blocks_seal(chain *c) {
    const hash_t none = {{0}};
    uint32_t count;
    zk_header header;
    hash_t hash;
    ENTER(c);
    const zk_touched *touched = zk_block_touched(c->block, &count);
    put_u32(&c->out, count);
    for (uint32_t i = 0; i < count; i++) {
        put(&c->out, &touched[i].account->address, sizeof(address_t));
        put_u32(&c->out, touched[i].key != NULL);
        if (touched[i].key) put_u256(&c->out, touched[i].key);
    }
    const trie_sink sink = {put_node, &c->out};
    zk_block_seal(c->block, &header, &hash, &sink);
    put(&c->out, &none, sizeof none);
    put(&c->out, &hash, sizeof hash);
    put_sized(&c->out, zk_header_encode(&c->context, &header));
    return 0;
}

/* --- Since the state was opened --- */

int blocks_changes(chain *c) {
    uint32_t count, slots;
    ENTER(c);
    const zk_account_change *changes = zk_state_account_changes(c->state, &count);
    put_u32(&c->out, count);
    for (uint32_t i = 0; i < count; i++) {
        const zk_account_change *change = &changes[i];
        put(&c->out, &change->account->address, sizeof(address_t));
        put_u32(&c->out, change->existed);
        put_u64(&c->out, change->old_nonce);
        put_u256(&c->out, &change->old_balance);
        put(&c->out, &change->old_code_hash, sizeof change->old_code_hash);
        put_u32(&c->out, change->storage_differs);
        put_u32(&c->out, change->account->exists);
        put_u64(&c->out, change->account->nonce);
        put_u256(&c->out, &change->account->balance);
        bool is_same = hash_equal(&change->account->code_hash, &change->old_code_hash);
        put_sized(&c->out, is_same ? (bytes_t){NULL, 0} : zk_state_code(c->state, change->account));
        const zk_slot_change *slot = zk_state_slot_changes(c->state, change->account, &slots);
        put_u32(&c->out, slots);
        for (uint32_t k = 0; k < slots; k++, slot++) {
            put_u256(&c->out, &slot->key);
            put_u256(&c->out, &slot->old_value);
            put_u256(&c->out, &slot->value);
        }
    }
    return 0;
}

/* The hashes that were read. */
int blocks_read(chain *c) {
    ENTER(c);
    for (int i = 0; i < BUCKETS; i++)
        for (const node *item = c->nodes[i]; item; item = item->next)
            if (item->is_read) put(&c->out, &item->hash, sizeof item->hash);
    return 0;
}

/* --- Blob transactions: no chain takes them, Ethereum's tests have them --- */

typedef struct {
    uint8_t sender[20], to[20];
    uint64_t nonce, gas_limit;
    uint8_t max_fee[32], max_priority_fee[32], value[32], blob_fee_bound[32], blob_fee[32];
    uint32_t data_size, access_count, blob_count;
    const uint8_t *data;
    const uint8_t *accesses; /* for each entry the address, the number of its keys (u32) and the keys */
    const uint8_t *blob_hashes;
} plain_blob_transaction;

static u256 number_of(const uint8_t *bytes) {
    u256 number;
    u256_from_bytes(&number, bytes);
    return number;
}

static const evm_access *read_accesses(chain *c, const uint8_t *from, uint32_t count) {
    evm_access *list = zk_alloc(&c->context, count * sizeof *list);
    for (uint32_t i = 0; i < count; i++) {
        memcpy(&list[i].address, from, 20);
        memcpy(&list[i].key_count, from + 20, 4);
        list[i].keys = (const hash_t *)(const void *)(from + 24);
        from += 24 + (size_t)list[i].key_count * 32;
    }
    return list;
}

/* Runs one alone, without a block: whether it was run, the logs, and the state root. */
int blocks_blob(chain *c, const plain_blob_transaction *plain) {
    ENTER(c);
    evm_transaction tx = {.kind = EVM_USER, .nonce = plain->nonce, .gas_limit = plain->gas_limit};
    memcpy(&tx.sender, plain->sender, sizeof tx.sender);
    memcpy(&tx.to, plain->to, sizeof tx.to);
    tx.max_fee = number_of(plain->max_fee);
    tx.max_priority_fee = number_of(plain->max_priority_fee);
    tx.value = number_of(plain->value);
    tx.data = (bytes_t){plain->data, plain->data_size};
    tx.accesses = read_accesses(c, plain->accesses, plain->access_count);
    tx.access_count = plain->access_count;
    tx.blob_hashes = (const hash_t *)(const void *)plain->blob_hashes;
    tx.blob_count = plain->blob_count;
    const u256 bound = number_of(plain->blob_fee_bound), fee = number_of(plain->blob_fee);
    bool is_good = run_blob_transaction(&c->vm, c->state, &tx, &bound, &fee);
    put_u32(&c->out, is_good);
    uint32_t count;
    const evm_log *logs = zk_state_logs(c->state, &count);
    put_u32(&c->out, count);
    for (uint32_t i = 0; i < count; i++) put_log(&c->out, &logs[i]);
    hash_t root;
    zk_state_root(c->state, &root, NULL);
    put(&c->out, &root, sizeof root);
    return 0;
}
