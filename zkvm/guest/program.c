#include "program.h"

#include "base/keccak.h"
#include "batch/input.h"
#include "chain/block.h"
#include "batch/interop.h"
#include "batch/log_tree.h"
#include "batch/pubdata.h"

/* A DA scheme that is not known is refused: validium, then calldata. */
enum { DA_VALIDIUM = 1, DA_CALLDATA = 2 };

enum {
    MAX_TRANSACTIONS = 1 << 16,      /* a log's transaction has a number of 16 bits */
    MAX_TRANSACTION_PUBDATA = 80000, /* as ChainRules in Python */
};

static const uint64_t NUMBER_BOUND = (uint64_t)1 << 63; /* of gas limits and block numbers */

typedef struct {
    zk_context *context;
    zk_batch_input input;
    zk_rules rules;
    u256 chain_id;
    evm vm;
    zk_state *state;
    const zk_block **blocks; /* those executed */
    bool has_operation;
    uint64_t last_operation;
} batch;

/* --- Blocks --- */

/* Beyond 192 bits a base fee could not be followed by another. */
static bool is_fee_too_high(const u256 *fee) { return u256_byte_length(fee) > 24; }

static void check_block(const batch *batch, const zk_header *parent, const zk_block_input *block) {
    bool is_good = block->timestamp >= parent->timestamp && block->gas_limit < NUMBER_BOUND &&
                   parent->number < NUMBER_BOUND - 1;
    if (!is_good) zk_fail(batch->context, ZK_INVALID_BLOCK);
    if (is_fee_too_high(&parent->base_fee) || is_fee_too_high(&block->base_fee)) zk_fail(batch->context, ZK_BASE_FEE);
    u256 expected;
    zk_next_base_fee(&expected, parent, &batch->input.min_base_fee);
    if (!u256_equal(&block->base_fee, &expected)) zk_fail(batch->context, ZK_BASE_FEE);
}

/* L1 compares the operations with its tree; an order that cannot fit is refused here already. */
static void check_order(batch *batch, uint64_t operation) {
    bool is_next = batch->last_operation != UINT64_MAX && operation == batch->last_operation + 1;
    if (batch->has_operation && !is_next) zk_fail(batch->context, ZK_PRIORITY_ORDER);
    batch->has_operation = true;
    batch->last_operation = operation;
}

static void decode(batch *batch, uint64_t number, bytes_t raw, zk_transaction *tx) {
    zk_context *context = batch->context;
    if (!zk_decode_transaction(context, &batch->chain_id, raw, NULL, tx)) zk_fail(context, ZK_TRANSACTION);
    if (tx->type == ZK_TX_SYSTEM && tx->call.nonce != number) zk_fail(context, ZK_SYSTEM_TRANSACTION);
    if (tx->type == ZK_TX_PRIORITY) check_order(batch, tx->call.nonce);
}

static zk_block_context context_of(batch *batch, const zk_header *parent, const hash_t *parent_hash,
                                   const zk_block_input *block) {
    return (zk_block_context){
        .parent = *parent,
        .parent_hash = *parent_hash,
        .timestamp = block->timestamp,
        .fee_recipient = block->fee_recipient,
        .gas_limit = block->gas_limit,
        .base_fee = block->base_fee,
        .extra_data = block->extra_data,
        .max_pubdata_bytes = UINT64_MAX,
        .block_hash = zk_ancestor_hash,
        .self = batch->input.ancestors,
    };
}

/* All are tried before one that does not belong there ends the run: what else is wrong with the block comes first. */
static void apply_all(batch *batch, zk_block *block, const zk_transaction *txs, uint32_t count) {
    bool is_rejected = false;
    for (uint32_t i = 0; i < count; i++) {
        zk_verdict_kind kind = zk_block_apply(block, &txs[i]).kind;
        if (kind == ZK_WRONG_PHASE) zk_fail(batch->context, ZK_INVALID_BLOCK);
        if (kind == ZK_SYSTEM_FAILED) zk_fail(batch->context, ZK_SYSTEM_TRANSACTION);
        if (kind != ZK_INCLUDED) is_rejected = true;
    }
    if (is_rejected) zk_fail(batch->context, ZK_REJECTED);
}

/* Executes block `index` above the header and puts its own there. */
static void execute(batch *batch, uint32_t index, zk_header *header, hash_t *hash) {
    const zk_block_input *input = &batch->input.blocks[index];
    check_block(batch, header, input);
    zk_transaction *txs = zk_alloc_array(batch->context, input->transaction_count, sizeof *txs);
    for (uint32_t i = 0; i < input->transaction_count; i++)
        decode(batch, header->number + 1, input->transactions[i], &txs[i]);
    zk_block_context *context = zk_alloc(batch->context, sizeof *context);
    *context = context_of(batch, header, hash, input);
    zk_block *block = zk_block_begin(batch->context, &batch->vm, &batch->rules, context, batch->state);
    apply_all(batch, block, txs, input->transaction_count);
    zk_block_seal(block, header, hash, NULL);
    zk_ancestors_newer(batch->input.ancestors, hash);
    batch->blocks[index] = block;
}

/* --- What was executed --- */

typedef struct {
    uint32_t transactions, logs, interop_events;
} totals;

static totals count_all(const batch *batch) {
    totals all = {0, 0, 0};
    for (uint32_t i = 0; i < batch->input.block_count; i++) {
        uint32_t count = zk_block_count(batch->blocks[i]);
        all.transactions += count;
        for (uint32_t at = 0; at < count; at++) {
            const zk_included *included = zk_block_at(batch->blocks[i], at);
            all.logs += included->l2_log_count;
            for (uint32_t log = 0; log < included->receipt.log_count; log++)
                all.interop_events += zk_is_interop_event(&included->receipt.logs[log]);
        }
    }
    return all;
}

typedef struct {
    zk_claim *claim;
    zk_batch_log *logs;
    hash_t *leaves;
    uint32_t log_count;
    uint32_t transactions;
    zk_interop interop;
} summary;

static void add_operation(zk_claim *claim, const hash_t *hash) {
    hash_t both[2] = {claim->priority_operations, *hash};
    keccak256(&claim->priority_operations, both, sizeof both);
    claim->layer1_txs++;
}

/* Takes in the next transaction. */
static void add_included(summary *sum, const zk_included *included) {
    for (uint32_t i = 0; i < included->l2_log_count; i++) {
        const zk_batch_log entry = {&included->l2_logs[i], sum->transactions};
        zk_log_leaf(&sum->leaves[sum->log_count], entry.log, entry.tx_number);
        sum->logs[sum->log_count++] = entry;
    }
    for (uint32_t i = 0; i < included->receipt.log_count; i++) {
        const evm_log *log = &included->receipt.logs[i];
        if (zk_is_interop_event(log)) zk_interop_add(&sum->interop, log);
    }
    if (included->tx.type == ZK_TX_PRIORITY) add_operation(sum->claim, &included->tx.canonical_hash);
    if (included->tx.call.kind == EVM_USER) sum->claim->layer2_txs++;
    sum->transactions++;
}

static void summarise(const batch *batch, summary *sum, zk_claim *claim) {
    totals all = count_all(batch);
    if (all.transactions > MAX_TRANSACTIONS || all.logs > ZK_MAX_LOGS) zk_fail(batch->context, ZK_LIMIT);
    *sum = (summary){.claim = claim};
    sum->logs = zk_alloc_array(batch->context, all.logs, sizeof *sum->logs);
    sum->leaves = zk_alloc_array(batch->context, all.logs + 1, sizeof *sum->leaves);
    zk_interop_start(&sum->interop, batch->context, all.interop_events);
    keccak256(&claim->priority_operations, "", 0);
    for (uint32_t i = 0; i < batch->input.block_count; i++) {
        uint32_t count = zk_block_count(batch->blocks[i]);
        for (uint32_t at = 0; at < count; at++) add_included(sum, zk_block_at(batch->blocks[i], at));
    }
}

/* After the last block, whose header this is. */
static void finish(batch *batch, const zk_header *header, const hash_t *hash, zk_batch_run *run) {
    const zk_batch_input *input = &batch->input;
    zk_claim *claim = &run->claim;
    summary sum;
    zk_state_diff diff;
    zk_state_diff_make(batch->context, batch->state, &diff);
    *claim = (zk_claim){
        .prev_state_commitment = input->parent_hash,
        .state_commitment = *hash,
        .chain_id = input->chain_id,
        .settlement_chain_id = input->settlement_chain_id,
        .first_block_timestamp = input->blocks[0].timestamp,
        .last_block_timestamp = header->timestamp,
        .da_scheme = input->da_scheme,
    };
    summarise(batch, &sum, claim);
    run->pubdata =
        zk_pubdata_encode(batch->context, zk_header_encode(batch->context, header), sum.logs, sum.log_count, &diff);
    keccak256(&claim->da_commitment, run->pubdata.data, run->pubdata.size);
    zk_log_tree_root(&claim->logs_root, sum.leaves, sum.log_count);
    claim->dependency_roots = sum.interop.roots;
    zk_interop_flows_hash(&sum.interop, &claim->flows);
    zk_public_input(claim, &run->public_input);
}

/* --- All --- */

static void open_state(batch *batch, const zk_batch_memory *memory) {
    zk_batch_input *input = &batch->input;
    batch->chain_id = u256_of(input->chain_id);
    batch->rules = (zk_rules){
        .chain_id = input->chain_id,
        .base_fee_to_coinbase = true,
        .has_base_token_holder = true,
        .max_transaction_pubdata = MAX_TRANSACTION_PUBDATA,
    };
    batch->vm.context = batch->context;
    batch->vm.frames = memory->frames;
    batch->vm.returned = memory->returned;
    batch->state = zk_state_open(batch->context, zk_witness_source(&input->witness), &input->parent.state_root);
    batch->blocks = zk_alloc_array(batch->context, input->block_count, sizeof *batch->blocks);
}

void zk_run_batch(zk_context *context, const zk_batch_memory *memory, bytes_t input, zk_batch_run *run) {
    memset(run, 0, sizeof *run);
    batch *batch = zk_alloc(context, sizeof *batch);
    memset(batch, 0, sizeof *batch);
    batch->context = context;
    zk_read_batch_input(context, input, &batch->input);
    run->is_read = true;
    uint8_t scheme = batch->input.da_scheme;
    if (scheme != DA_VALIDIUM && scheme != DA_CALLDATA) zk_fail(context, ZK_DA_SCHEME);
    open_state(batch, memory);
    zk_header header = batch->input.parent;
    hash_t hash = batch->input.parent_hash;
    for (uint32_t i = 0; i < batch->input.block_count; i++) execute(batch, i, &header, &hash);
    finish(batch, &header, &hash, run);
}

zk_reason zk_batch_reason(const zk_batch_run *run, zk_reason told) {
    return run->is_read && told == ZK_MALFORMED ? ZK_MISSING_NODE : told;
}
