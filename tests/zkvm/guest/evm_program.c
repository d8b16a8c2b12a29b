#include "evm_program.h"

#include "base/keccak.h"
#include "evm/evm.h"
#include "memory_state.h"

static uint32_t read_word(const uint8_t **at) {
    uint32_t word;
    memcpy(&word, *at, sizeof word);
    *at += sizeof word;
    return word;
}

static u256 read_number(const uint8_t **at) {
    u256 number;
    u256_from_bytes(&number, *at);
    *at += 32;
    return number;
}

static bytes_t read_bytes(const uint8_t **at) {
    uint32_t size = read_word(at);
    bytes_t bytes = {*at, size};
    *at += (size + 3) & ~3u;
    return bytes;
}

static address_t read_account(memory_state *state, const uint8_t **at) {
    address_t address;
    memcpy(&address, *at, sizeof address);
    *at += sizeof address;
    memory_account *own = memory_account_of(state, &address);
    u256 balance = read_number(at);
    MEMORY_STATE.set_balance(state, &own->account, &balance);
    MEMORY_STATE.set_nonce(state, &own->account, read_word(at));
    for (uint32_t count = read_word(at); count > 0; count--) {
        u256 key = read_number(at);
        memory_slot *slot = memory_slot_of(state, own, &key);
        slot->slot.value = slot->slot.original = read_number(at);
        own->account.has_storage = true;
    }
    bytes_t code = read_bytes(at);
    if (code.size) MEMORY_STATE.set_code(state, &own->account, code);
    return address;
}

static void hash_number(keccak_state *hash, const u256 *number) {
    uint8_t bytes[32];
    u256_to_bytes(bytes, number);
    keccak_update(hash, bytes, sizeof bytes);
}

static void hash_state(keccak_state *hash, const memory_state *state) {
    for (const memory_account *own = state->accounts; own; own = own->next) {
        const evm_account *account = &own->account;
        uint64_t marks[2] = {account->nonce, account->exists | account->is_warm << 1 | account->is_doomed << 2};
        keccak_update(hash, &account->address, sizeof account->address);
        keccak_update(hash, marks, sizeof marks);
        keccak_update(hash, &account->code_hash, sizeof account->code_hash);
        hash_number(hash, &account->balance);
        for (const memory_slot *slot = own->slots; slot; slot = slot->in_account) {
            hash_number(hash, &slot->key);
            hash_number(hash, &slot->slot.value);
        }
    }
    for (const memory_log *item = state->logs; item; item = item->next) {
        keccak_update(hash, &item->log.address, sizeof item->log.address);
        for (uint32_t i = 0; i < item->log.topic_count; i++) hash_number(hash, &item->log.topics[i]);
        keccak_update(hash, item->log.data.data, item->log.data.size);
    }
}

static const hash_t *no_hash(void *self, uint64_t number) {
    (void)self;
    (void)number;
    return NULL;
}

static zk_arena part_of(uint8_t **at, size_t size) {
    zk_arena arena = {*at, *at + size};
    *at += size;
    return arena;
}

void evm_program(hash_t *digest, const uint8_t *input, zk_context *context, uint8_t *memory, size_t size) {
    const evm_block block = {.number = 9, .timestamp = 7, .gas_limit = 30000000, .block_hash = no_hash};
    context->arena = part_of(&memory, size / 4);
    memory_state *state = zk_alloc(context, sizeof *state);
    memset(state, 0, sizeof *state);
    state->context = context;
    evm vm = {.context = context, .rules = &EVM_CANCUN, .ops = &MEMORY_STATE, .state = state, .block = &block};
    vm.frames = part_of(&memory, size / 2);
    vm.returned = part_of(&memory, size / 4);
    evm_message message = {.kind = EVM_CALL};
    uint32_t count = read_word(&input);
    for (uint32_t i = 0; i < count; i++) {
        address_t address = read_account(state, &input);
        if (i == 0) message.caller = vm.origin = address;
        if (i == 1) message.target = message.code = address;
    }
    message.gas = read_word(&input);
    message.input = read_bytes(&input);
    evm_result result = evm_call(&vm, &message);
    keccak_state hash;
    keccak_start(&hash);
    uint64_t ending[3] = {result.status, result.gas_left, (uint64_t)vm.refund};
    keccak_update(&hash, ending, sizeof ending);
    keccak_update(&hash, result.output.data, result.output.size);
    hash_state(&hash, state);
    keccak_finish(&hash, digest);
}
