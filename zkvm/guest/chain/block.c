#include "chain/block.h"

#include "base/keccak.h"
#include "chain/ordered_root.h"
#include "chain/pubdata_bound.h"

/* System transactions come first in a block, then L1 operations, then users'. */
typedef enum { SYSTEM_PHASE, PRIORITY_PHASE, USER_PHASE } block_phase;

struct zk_block {
    zk_context *context;
    evm *vm;
    zk_rules rules;
    zk_block_context given;
    evm_block env;
    zk_state *state;
    block_phase phase;
    uint64_t gas_used;
    uint64_t pubdata_bytes; /* an upper bound */
    const zk_included **included;
    uint32_t count, room;
    zk_touched *touched;
    uint32_t touched_count, touched_room;
    zk_bloom_items *bloom_items; /* opened for the first log */
};

zk_block *zk_block_begin(zk_context *context, evm *vm, const zk_rules *rules, const zk_block_context *given,
                         zk_state *state) {
    zk_block *block = zk_alloc(context, sizeof *block);
    *block = (zk_block){.context = context, .vm = vm, .rules = *rules, .given = *given, .state = state};
    block->env = (evm_block){
        .coinbase = given->fee_recipient,
        .number = given->parent.number + 1,
        .timestamp = given->timestamp,
        .gas_limit = given->gas_limit,
        .base_fee = given->base_fee,
        .blob_base_fee = u256_of(1), /* no blob was ever in a block */
        .chain_id = u256_of(rules->chain_id),
        .prev_randao = given->mix_hash,
        .base_fee_to_coinbase = rules->base_fee_to_coinbase,
        .block_hash = given->block_hash,
        .self = given->self,
    };
    vm->rules = &EVM_CANCUN;
    vm->ops = &ZK_STATE;
    vm->state = state;
    vm->block = &block->env;
    return block;
}

/* Room for one more of `size` bytes in an array of the arena; the array that it is in then. */
static void *more(zk_context *context, void *items, uint32_t count, uint32_t *room, size_t size) {
    if (count < *room) return items;
    *room = count < 16 ? 16 : 2 * count;
    void *larger = zk_alloc(context, *room * size);
    if (count) memcpy(larger, items, count * size);
    return larger;
}

/* --- What a transaction left behind --- */

typedef struct {
    evm_outcome outcome;
    const evm_log *logs;
    uint32_t log_count;
    const zk_l2_log *l2_logs;
    uint32_t l2_log_count;
    uint64_t pubdata_bytes; /* an upper bound, over all that was touched */
} effects;

/* Users' messages in the order of their events; the result of an L1 operation comes first. */
static void find_l2_logs(const zk_block *block, const zk_transaction *tx, effects *found) {
    const bool is_operation = tx->call.kind == EVM_PRIORITY;
    zk_l2_log log, *logs;
    uint32_t count = is_operation;
    for (uint32_t i = 0; i < found->log_count; i++) count += zk_message_of(&found->logs[i], block->count, &log);
    found->l2_log_count = count;
    found->l2_logs = logs = zk_alloc(block->context, count * sizeof *logs);
    if (is_operation) *logs++ = zk_operation_result(&tx->canonical_hash, found->outcome.status == EVM_SUCCESS, block->count);
    for (uint32_t i = 0; i < found->log_count; i++)
        if (zk_message_of(&found->logs[i], block->count, &log)) *logs++ = log;
}

/* Bytes for what was touched, or only for what of it differs, and for created code and L2 to L1 logs. */
static uint64_t pubdata_bytes(const zk_block *block, const effects *found, bool is_exact) {
    uint32_t count;
    const zk_touched *touched = zk_state_touched(block->state, &count);
    uint64_t bytes = zk_state_created_code(block->state);
    for (uint32_t i = 0; i < count; i++)
        if (!is_exact || zk_state_differs(block->state, &touched[i]))
            bytes += touched[i].key ? ZK_BOUND_SLOT : ZK_BOUND_ACCOUNT;
    for (uint32_t i = 0; i < found->l2_log_count; i++) bytes += ZK_BOUND_LOG + found->l2_logs[i].message.size;
    return bytes;
}

static effects measured(const zk_block *block, const zk_transaction *tx, evm_outcome outcome) {
    effects found = {.outcome = outcome};
    found.logs = zk_state_logs(block->state, &found.log_count);
    find_l2_logs(block, tx, &found);
    found.pubdata_bytes = pubdata_bytes(block, &found, false);
    return found;
}

/* --- Including --- */

static zk_receipt receipt_of(zk_block *block, const zk_transaction *tx, const effects *left) {
    zk_receipt receipt = {.type = tx->type, .cumulative_gas = block->gas_used};
    receipt.success = left->outcome.status == EVM_SUCCESS;
    receipt.logs = left->logs;
    receipt.log_count = left->log_count;
    if (left->log_count && !block->bloom_items) block->bloom_items = zk_bloom_items_open(block->context);
    for (uint32_t i = 0; i < left->log_count; i++) zk_bloom_add(block->bloom_items, &receipt.bloom, &left->logs[i]);
    return receipt;
}

/* The output outlives the call that returned it. */
static bytes_t kept(const zk_block *block, bytes_t output) {
    uint8_t *copy = zk_alloc(block->context, output.size);
    if (output.size) memcpy(copy, output.data, output.size);
    return (bytes_t){copy, output.size};
}

static void keep_touched(zk_block *block) {
    uint32_t count;
    const zk_touched *touched = zk_state_touched(block->state, &count);
    for (uint32_t i = 0; i < count; i++) {
        block->touched =
            more(block->context, block->touched, block->touched_count, &block->touched_room, sizeof *touched);
        block->touched[block->touched_count++] = touched[i];
    }
}

static const zk_included *include(zk_block *block, const zk_transaction *tx, const effects *left) {
    block->gas_used += left->outcome.gas_used;
    block->pubdata_bytes += left->pubdata_bytes;
    keep_touched(block);
    zk_included *included = zk_alloc(block->context, sizeof *included);
    *included = (zk_included){.tx = *tx, .outcome = left->outcome, .receipt = receipt_of(block, tx, left)};
    included->outcome.output = kept(block, left->outcome.output);
    included->receipt_bytes = zk_encode_receipt(block->context, &included->receipt);
    included->effective_gas_price = evm_gas_price(block->vm, &tx->call);
    if (tx->call.is_creation) evm_created_address(&included->created, &tx->call.sender, tx->call.nonce);
    included->l2_logs = left->l2_logs;
    included->l2_log_count = left->l2_log_count;
    block->included =
        more(block->context, (void *)block->included, block->count, &block->room, sizeof *block->included);
    return block->included[block->count++] = included;
}

/* --- Trying --- */

static block_phase phase_of(const zk_transaction *tx) {
    if (tx->call.kind == EVM_USER) return USER_PHASE;
    return tx->call.kind == EVM_SYSTEM ? SYSTEM_PHASE : PRIORITY_PHASE;
}

static bool fits_gas(const zk_block *block, const zk_transaction *tx, zk_verdict *verdict) {
    uint64_t gas = tx->call.gas_limit, limit = block->given.gas_limit;
    if (gas <= limit - block->gas_used) return true;
    verdict->kind = gas <= limit ? ZK_BLOCK_GAS_USED_UP : ZK_ABOVE_BLOCK_GAS;
    return false;
}

static bool is_accepted(zk_block *block, const zk_transaction *tx, zk_verdict *verdict) {
    if (tx->call.kind != EVM_USER) return true;
    verdict->refusal = evm_check(block->vm, &tx->call);
    if (verdict->refusal == EVM_ACCEPTED) return true;
    verdict->kind = ZK_REFUSED;
    if (verdict->refusal < EVM_NONCE_TOO_LOW) return false;
    const evm_account *sender = ZK_STATE.account(block->state, &tx->call.sender);
    verdict->nonce = sender->nonce;
    verdict->balance = sender->balance;
    return false;
}

static evm_outcome execute(zk_block *block, const evm_transaction *call) {
    if (call->kind == EVM_SYSTEM && call->gas_limit < evm_intrinsic_gas(call))
        return (evm_outcome){.status = EVM_OUT_OF_GAS};
    return evm_transact(block->vm, call);
}

/* Holds a transaction whose pubdata may be too much to its exact state diff; fails it if that is too much. */
static effects within_limit(zk_block *block, const zk_transaction *tx, const evm_transaction *call, effects found) {
    const uint32_t limit = block->rules.max_transaction_pubdata;
    if (limit == UINT32_MAX || found.pubdata_bytes <= limit) return found;
    if (pubdata_bytes(block, &found, true) <= limit) return found;
    zk_state_take_back(block->state);
    zk_state_begin(block->state);
    evm_charge_all(block->vm, call);
    return measured(block, tx, (evm_outcome){.status = EVM_OUT_OF_GAS, .gas_used = call->gas_limit});
}

static void try_accepted(zk_block *block, const zk_transaction *tx, zk_verdict *verdict) {
    evm_transaction call = tx->call;
    call.from_holder = call.kind == EVM_PRIORITY && block->rules.has_base_token_holder;
    evm_outcome outcome = execute(block, &call);
    if (call.kind == EVM_SYSTEM && outcome.status != EVM_SUCCESS) {
        verdict->kind = ZK_SYSTEM_FAILED;
        verdict->outcome = outcome;
        zk_state_take_back(block->state);
        return;
    }
    effects found = within_limit(block, tx, &call, measured(block, tx, outcome));
    uint64_t room = block->given.max_pubdata_bytes;
    if (room != UINT64_MAX && block->count && block->pubdata_bytes + found.pubdata_bytes > room) {
        verdict->kind = ZK_BLOCK_PUBDATA_USED_UP;
        zk_state_take_back(block->state);
        return;
    }
    verdict->included = include(block, tx, &found);
    verdict->outcome = verdict->included->outcome;
}

zk_verdict zk_block_apply(zk_block *block, const zk_transaction *tx) {
    zk_verdict verdict = {.kind = ZK_INCLUDED};
    zk_state_begin(block->state);
    if (!fits_gas(block, tx, &verdict) || !is_accepted(block, tx, &verdict)) return verdict;
    block_phase phase = phase_of(tx);
    if (phase < block->phase) {
        verdict.kind = ZK_WRONG_PHASE;
        return verdict;
    }
    block->phase = phase;
    try_accepted(block, tx, &verdict);
    return verdict;
}

/* --- Reading and sealing --- */

uint64_t zk_block_gas_used(const zk_block *block) { return block->gas_used; }

const zk_included *zk_block_at(const zk_block *block, uint32_t index) { return block->included[index]; }

uint32_t zk_block_count(const zk_block *block) { return block->count; }

const zk_touched *zk_block_touched(const zk_block *block, uint32_t *count) {
    *count = block->touched_count;
    return block->touched;
}

/* The roots of transactions and receipts, and the bloom over all. */
static void sum_up(const zk_block *block, zk_header *header) {
    bytes_t *items = zk_alloc(block->context, block->count * sizeof *items);
    for (uint32_t i = 0; i < block->count; i++) items[i] = block->included[i]->tx.raw;
    zk_ordered_root(block->context, items, block->count, &header->transactions_root);
    for (uint32_t i = 0; i < block->count; i++) {
        const zk_receipt *receipt = &block->included[i]->receipt;
        items[i] = block->included[i]->receipt_bytes;
        if (receipt->log_count) zk_bloom_join(&header->bloom, &receipt->bloom);
    }
    zk_ordered_root(block->context, items, block->count, &header->receipts_root);
}

void zk_block_seal(zk_block *block, zk_header *header, hash_t *hash, const trie_sink *sink) {
    const zk_block_context *given = &block->given;
    zk_header_start(header);
    header->parent_hash = given->parent_hash;
    header->coinbase = given->fee_recipient;
    zk_state_root(block->state, &header->state_root, sink);
    sum_up(block, header);
    header->number = block->env.number;
    header->gas_limit = given->gas_limit;
    header->gas_used = block->gas_used;
    header->timestamp = given->timestamp;
    header->base_fee = given->base_fee;
    header->extra_data = given->extra_data;
    header->mix_hash = given->mix_hash;
    bytes_t bytes = zk_header_encode(block->context, header);
    keccak256(hash, bytes.data, bytes.size);
}
