/* What the tests of the EVM call through ctypes: a machine on a state in memory, set up and read field by field. */
#define _DEFAULT_SOURCE
#include <setjmp.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "evm/transaction.h"
#include "memory_state.h"

static const size_t STATE_BYTES = (size_t)1 << 33, FRAME_BYTES = (size_t)1 << 35, RETURNED_BYTES = (size_t)1 << 32;

typedef struct {
    zk_context context; /* first */
    jmp_buf *entry;
    zk_reason reason;
    memory_state state;
    evm vm;
    evm_block block;
    hash_t block_hashes[256];
} harness;

_Noreturn void zk_fail(zk_context *context, zk_reason reason) {
    harness *h = (harness *)context;
    if (!h->entry) abort();
    h->reason = reason;
    longjmp(*h->entry, 1);
}

/* Address space; pages come with their first use. */
static zk_arena reserve(size_t size) {
    uint8_t *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) abort();
    return (zk_arena){at, at + size};
}

static const hash_t *hash_of_block(void *self, uint64_t number) {
    const harness *h = self;
    return &h->block_hashes[h->block.number - 1 - number];
}

harness *harness_open(void) {
    harness *h = calloc(1, sizeof *h);
    if (!h) abort();
    h->context.arena = reserve(STATE_BYTES);
    h->state.context = &h->context;
    h->block.block_hash = hash_of_block;
    h->block.self = h;
    h->vm = (evm){.context = &h->context, .rules = &EVM_CANCUN, .ops = &MEMORY_STATE, .state = &h->state};
    h->vm.block = &h->block;
    h->vm.frames = reserve(FRAME_BYTES);
    h->vm.returned = reserve(RETURNED_BYTES);
    return h;
}

void harness_close(harness *h) {
    munmap(h->context.arena.end - STATE_BYTES, STATE_BYTES);
    munmap(h->vm.frames.end - FRAME_BYTES, FRAME_BYTES);
    munmap(h->vm.returned.end - RETURNED_BYTES, RETURNED_BYTES);
    free(h);
}

static u256 number_of(const uint8_t bytes[32]) {
    u256 number;
    u256_from_bytes(&number, bytes);
    return number;
}

static address_t address_of(const uint8_t *bytes) {
    address_t address;
    memcpy(&address, bytes, sizeof address);
    return address;
}

void harness_block(harness *h, const uint8_t *coinbase, uint64_t number, uint64_t timestamp, uint64_t gas_limit,
                   const uint8_t *base_fee, const uint8_t *blob_base_fee, uint64_t chain_id, const uint8_t *randao,
                   const uint8_t *hashes, bool fee_to_coinbase) {
    h->block.coinbase = address_of(coinbase);
    h->block.number = number;
    h->block.timestamp = timestamp;
    h->block.gas_limit = gas_limit;
    h->block.base_fee = number_of(base_fee);
    h->block.blob_base_fee = number_of(blob_base_fee);
    h->block.chain_id = u256_of(chain_id);
    memcpy(&h->block.prev_randao, randao, 32);
    memcpy(h->block_hashes, hashes, sizeof h->block_hashes);
    h->block.base_fee_to_coinbase = fee_to_coinbase;
}

void harness_account(harness *h, const uint8_t *address, const uint8_t *balance, uint64_t nonce, const uint8_t *code,
                     uint32_t size) {
    address_t name = address_of(address);
    evm_account *account = &memory_account_of(&h->state, &name)->account;
    u256 number = number_of(balance);
    MEMORY_STATE.set_balance(&h->state, account, &number);
    MEMORY_STATE.set_nonce(&h->state, account, nonce);
    if (size) MEMORY_STATE.set_code(&h->state, account, (bytes_t){code, size});
}

void harness_slot(harness *h, const uint8_t *address, const uint8_t *key, const uint8_t *value) {
    address_t name = address_of(address);
    u256 at = number_of(key), number = number_of(value);
    memory_account *account = memory_account_of(&h->state, &name);
    memory_slot *slot = memory_slot_of(&h->state, account, &at);
    slot->slot.value = slot->slot.original = number;
    if (!u256_is_zero(&number)) account->account.has_storage = true;
}

/* The state is set up: nothing of it counts as touched by a transaction, not even an account that is empty. */
void harness_begin(harness *h) {
    for (memory_account *account = h->state.accounts; account; account = account->next) account->is_touched = false;
    h->state.undo = NULL;
    h->state.undo_count = 0;
}

typedef struct {
    uint32_t kind, is_creation, from_holder;
    uint8_t sender[20], to[20], refund_recipient[20];
    uint64_t nonce, gas_limit;
    uint8_t max_fee[32], max_priority_fee[32], value[32], minted[32];
} plain_transaction;

typedef struct {
    uint32_t reason, refusal, status, was_called;
    uint64_t gas_used;
    uint32_t output_size;
    const uint8_t *output;
} plain_outcome;

/* accesses: for each entry the address and the number of its keys (u32), then the keys. */
static void read_accesses(harness *h, evm_transaction *tx, const uint8_t *accesses, uint32_t count) {
    evm_access *list = zk_alloc(&h->context, count * sizeof *list + 1);
    for (uint32_t i = 0; i < count; i++) {
        list[i].address = address_of(accesses);
        memcpy(&list[i].key_count, accesses + 20, 4);
        list[i].keys = (const hash_t *)(const void *)(accesses + 24);
        accesses += 24 + (size_t)list[i].key_count * 32;
    }
    tx->accesses = list;
    tx->access_count = count;
}

void harness_transact(harness *h, const plain_transaction *plain, const uint8_t *data, uint32_t data_size,
                      const uint8_t *accesses, uint32_t access_count, bool charge_all, plain_outcome *result) {
    jmp_buf entry;
    evm_transaction tx = {.kind = (evm_origin)plain->kind, .is_creation = plain->is_creation != 0};
    tx.from_holder = plain->from_holder != 0;
    tx.sender = address_of(plain->sender);
    tx.to = address_of(plain->to);
    tx.refund_recipient = address_of(plain->refund_recipient);
    tx.nonce = plain->nonce;
    tx.gas_limit = plain->gas_limit;
    tx.max_fee = number_of(plain->max_fee);
    tx.max_priority_fee = number_of(plain->max_priority_fee);
    tx.value = number_of(plain->value);
    tx.minted = number_of(plain->minted);
    tx.data = (bytes_t){data, data_size};
    *result = (plain_outcome){0};
    h->entry = &entry;
    if (setjmp(entry)) {
        result->reason = h->reason;
        h->entry = NULL;
        return;
    }
    read_accesses(h, &tx, accesses, access_count);
    if (tx.kind == EVM_USER) result->refusal = evm_check(&h->vm, &tx);
    if (result->refusal == EVM_ACCEPTED && charge_all) {
        evm_charge_all(&h->vm, &tx);
    } else if (result->refusal == EVM_ACCEPTED) {
        evm_outcome outcome = evm_transact(&h->vm, &tx);
        result->status = outcome.status;
        result->was_called = outcome.was_called;
        result->gas_used = outcome.gas_used;
        result->output = outcome.output.data;
        result->output_size = outcome.output.size;
    }
    h->entry = NULL;
}

/* --- Reading: every account and slot, by callback --- */

typedef void (*see_account)(const uint8_t *address, const uint8_t *balance, uint64_t nonce, const uint8_t *code,
                            uint32_t size);
typedef void (*see_slot)(const uint8_t *key, const uint8_t *value);
typedef void (*see_log)(const uint8_t *address, uint32_t topics, const uint8_t *topic, const uint8_t *data,
                        uint32_t size);

void harness_dump(harness *h, see_account account, see_slot slot) {
    for (memory_account *own = h->state.accounts; own; own = own->next) {
        if (!own->account.exists) continue;
        uint8_t balance[32], key[32], value[32];
        u256_to_bytes(balance, &own->account.balance);
        account(own->account.address.bytes, balance, own->account.nonce, own->code->bytes, own->code->size);
        for (memory_slot *item = own->slots; item; item = item->in_account) {
            if (u256_is_zero(&item->slot.value)) continue;
            u256_to_bytes(key, &item->key);
            u256_to_bytes(value, &item->slot.value);
            slot(key, value);
        }
    }
}

/* The latest first. */
void harness_logs(harness *h, see_log see) {
    for (memory_log *item = h->state.logs; item; item = item->next) {
        uint8_t topics[128];
        for (uint32_t i = 0; i < item->log.topic_count; i++) u256_to_bytes(topics + 32 * i, &item->log.topics[i]);
        see(item->log.address.bytes, item->log.topic_count, topics, item->log.data.data, item->log.data.size);
    }
}
