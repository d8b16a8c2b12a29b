#include "evm/transaction.h"

#include "evm/gas.h"

enum {
    GAS_TRANSACTION = 21000,
    GAS_CREATION = 32000,
    GAS_ZERO_BYTE = 4,
    GAS_OTHER_BYTE = 16,
    GAS_ACCESS_ADDRESS = 2400,
    GAS_ACCESS_KEY = 1900,
    REFUND_QUOTIENT = 5, /* EIP-3529 */
};

/* The base token's holder. */
static const address_t HOLDER = {{[17] = 0x01, [19] = 0x11}};

/* r <- a * b; false when it does not fit. */
static bool times(u256 *r, const u256 *a, uint64_t b) {
    u256 factor = u256_of(b), quotient, unused;
    u256_mul(r, a, &factor);
    if (b == 0) return true;
    u256_divide(&quotient, &unused, r, &factor);
    return u256_equal(&quotient, a);
}

uint64_t evm_intrinsic_gas(const evm_transaction *tx) {
    uint64_t gas = GAS_TRANSACTION, zeros = 0;
    for (uint32_t i = 0; i < tx->data.size; i++) zeros += tx->data.data[i] == 0;
    gas += zeros * GAS_ZERO_BYTE + (tx->data.size - zeros) * GAS_OTHER_BYTE;
    if (tx->is_creation) gas += GAS_CREATION + GAS_WORD_INIT_CODE * (((uint64_t)tx->data.size + 31) / 32);
    for (uint32_t i = 0; i < tx->access_count; i++)
        gas += GAS_ACCESS_ADDRESS + (uint64_t)tx->accesses[i].key_count * GAS_ACCESS_KEY;
    return gas;
}

/* --- Whether a user's transaction may run --- */

static evm_refusal check_form(const evm *vm, const evm_transaction *tx) {
    if (u256_less(&tx->max_fee, &tx->max_priority_fee)) return EVM_TIP_ABOVE_FEE;
    if (u256_less(&tx->max_fee, &vm->block->base_fee)) return EVM_FEE_BELOW_BASE_FEE;
    if (tx->is_creation && tx->data.size > MAX_INIT_CODE_BYTES) return EVM_INIT_CODE_TOO_LONG;
    if (tx->gas_limit < evm_intrinsic_gas(tx)) return EVM_GAS_BELOW_INTRINSIC;
    return EVM_ACCEPTED;
}

evm_refusal evm_check(evm *vm, const evm_transaction *tx) {
    evm_refusal refusal = check_form(vm, tx);
    if (refusal != EVM_ACCEPTED) return refusal;
    evm_account *sender = vm->ops->account(vm->state, &tx->sender);
    if (tx->nonce < sender->nonce) return EVM_NONCE_TOO_LOW;
    if (tx->nonce > sender->nonce) return EVM_NONCE_TOO_HIGH;
    if (sender->nonce >= UINT64_MAX - 1) return EVM_NONCE_AT_END;
    if (evm_has_code(sender)) return EVM_SENDER_HAS_CODE;
    u256 cost;
    if (!times(&cost, &tx->max_fee, tx->gas_limit) || u256_add_carry(&cost, &cost, &tx->value) ||
        u256_less(&sender->balance, &cost))
        return EVM_FUNDS_TOO_LOW;
    return EVM_ACCEPTED;
}

/* --- Money --- */

static void credit(evm *vm, const address_t *address, const u256 *amount) {
    evm_account *account = vm->ops->account(vm->state, address);
    u256 sum;
    if (u256_is_zero(amount)) {
        vm->ops->touch(vm->state, account);
        return;
    }
    u256_add_carry(&sum, &account->balance, amount);
    vm->ops->set_balance(vm->state, account, &sum);
}

/* The same outside a user's transaction: nothing at all for zero, not even a look at the account. */
static void give(evm *vm, const address_t *address, const u256 *amount) {
    if (!u256_is_zero(amount)) credit(vm, address, amount);
}

/* Whoever calls this has made sure that there is enough, but for the holder, on whom a block may not overdraw. */
static void debit(evm *vm, const address_t *address, const u256 *amount) {
    evm_account *account = vm->ops->account(vm->state, address);
    u256 left;
    if (u256_sub_borrow(&left, &account->balance, amount)) zk_fail(vm->context, ZK_INVALID_BLOCK);
    vm->ops->set_balance(vm->state, account, &left);
}

u256 evm_gas_price(const evm *vm, const evm_transaction *tx) {
    if (tx->kind != EVM_USER) return tx->max_fee;
    u256 room, price;
    u256_sub_borrow(&room, &tx->max_fee, &vm->block->base_fee);
    if (!u256_less(&tx->max_priority_fee, &room)) return tx->max_fee;
    u256_add_carry(&price, &vm->block->base_fee, &tx->max_priority_fee);
    return price;
}

/* What the fee recipient gets. */
static u256 fee_of(const evm *vm, const evm_transaction *tx, uint64_t gas_used) {
    u256 fee, price = evm_gas_price(vm, tx);
    if (tx->kind == EVM_USER && !vm->block->base_fee_to_coinbase)
        u256_sub_borrow(&price, &price, &vm->block->base_fee);
    times(&fee, &price, gas_used);
    return fee;
}

/* --- The call --- */

static evm_outcome call(evm *vm, const evm_transaction *tx, uint64_t gas) {
    evm_message message = {.kind = tx->is_creation ? EVM_CREATE : EVM_CALL, .gas = gas, .caller = tx->sender};
    message.value = tx->value;
    message.input = tx->data;
    if (tx->is_creation) evm_created_address(&message.target, &tx->sender, tx->nonce);
    else message.target = message.code = tx->to;
    vm->origin = tx->sender;
    vm->gas_price = evm_gas_price(vm, tx);
    vm->blob_hashes = tx->blob_hashes;
    vm->blob_count = tx->blob_count;
    vm->refund = 0;
    vm->ops->warm_address(vm->state, &vm->block->coinbase); /* EIP-3651 */
    vm->ops->warm_address(vm->state, &tx->sender);
    vm->ops->warm_address(vm->state, &message.target);
    evm_result result = evm_call(vm, &message);
    /* py-evm looks at the fee recipient after each call, whether it gets a fee or not: what is enough of a state for the
       one has to be enough for the other. */
    vm->ops->account(vm->state, &vm->block->coinbase);
    evm_outcome outcome = {.status = result.status, .opcode = result.opcode, .at = result.at};
    outcome.was_called = true;
    uint64_t used = tx->gas_limit - result.gas_left, most = used / REFUND_QUOTIENT;
    outcome.gas_used = used - ((uint64_t)vm->refund < most ? (uint64_t)vm->refund : most);
    outcome.output = result.output;
    return outcome;
}

static evm_outcome transact_user(evm *vm, const evm_transaction *tx) {
    const evm_state_ops *ops = vm->ops;
    u256 bought, price = evm_gas_price(vm, tx);
    times(&bought, &price, tx->gas_limit);
    debit(vm, &tx->sender, &bought);
    ops->set_nonce(vm->state, ops->account(vm->state, &tx->sender), tx->nonce + 1);
    for (uint32_t i = 0; i < tx->access_count; i++) {
        const evm_access *access = &tx->accesses[i];
        ops->warm_address(vm->state, &access->address);
        for (uint32_t k = 0; k < access->key_count; k++) {
            u256 key;
            u256_from_bytes(&key, access->keys[k].bytes);
            ops->warm_key(vm->state, &access->address, &key);
        }
    }
    evm_outcome outcome = call(vm, tx, tx->gas_limit - evm_intrinsic_gas(tx));
    u256 unused, fee = fee_of(vm, tx, outcome.gas_used);
    times(&unused, &price, tx->gas_limit - outcome.gas_used);
    credit(vm, &tx->sender, &unused);
    credit(vm, &vm->block->coinbase, &fee);
    return outcome;
}

/* How much of the value is new on the chain: what the mint has beyond the gas. False when the operation cannot start,
   for its gas, its mint or its sender's balance. */
static bool brought_by(evm *vm, const evm_transaction *tx, u256 *brought) {
    u256 bound, lacking;
    if (!times(&bound, &tx->max_fee, tx->gas_limit) || u256_less(&tx->minted, &bound)) return false;
    u256_sub_borrow(brought, &tx->minted, &bound);
    if (u256_less(&tx->value, brought)) *brought = tx->value;
    u256_sub_borrow(&lacking, &tx->value, brought);
    if (!u256_is_zero(&lacking) && u256_less(&vm->ops->account(vm->state, &tx->sender)->balance, &lacking)) return false;
    return tx->gas_limit >= evm_intrinsic_gas(tx);
}

static evm_outcome transact_priority(evm *vm, const evm_transaction *tx) {
    u256 brought, fee, rest;
    if (tx->from_holder) debit(vm, &HOLDER, &tx->minted);
    if (!brought_by(vm, tx, &brought)) {
        give(vm, &tx->refund_recipient, &tx->minted);
        return (evm_outcome){.status = EVM_OUT_OF_GAS};
    }
    uint32_t before = vm->ops->snapshot(vm->state);
    give(vm, &tx->sender, &brought);
    evm_outcome outcome = call(vm, tx, tx->gas_limit - evm_intrinsic_gas(tx));
    fee = fee_of(vm, tx, outcome.gas_used);
    u256_sub_borrow(&rest, &tx->minted, &fee);
    if (outcome.status == EVM_SUCCESS) u256_sub_borrow(&rest, &rest, &brought);
    else vm->ops->revert(vm->state, before);
    give(vm, &vm->block->coinbase, &fee);
    give(vm, &tx->refund_recipient, &rest);
    evm_account *sender = vm->ops->account(vm->state, &tx->sender);
    if (sender->exists && evm_is_empty(sender)) vm->ops->touch(vm->state, sender);
    return outcome;
}

evm_outcome evm_transact(evm *vm, const evm_transaction *tx) {
    evm_outcome outcome;
    if (tx->kind == EVM_USER) outcome = transact_user(vm, tx);
    else if (tx->kind == EVM_PRIORITY) outcome = transact_priority(vm, tx);
    else outcome = call(vm, tx, tx->gas_limit - evm_intrinsic_gas(tx));
    vm->ops->finish(vm->state);
    return outcome;
}

void evm_charge_all(evm *vm, const evm_transaction *tx) {
    u256 fee, price = evm_gas_price(vm, tx);
    times(&fee, &price, tx->gas_limit);
    if (tx->kind == EVM_PRIORITY) {
        u256 rest;
        if (tx->from_holder) debit(vm, &HOLDER, &tx->minted);
        u256_sub_borrow(&rest, &tx->minted, &fee);
        give(vm, &tx->refund_recipient, &rest);
    } else {
        debit(vm, &tx->sender, &fee);
        evm_account *sender = vm->ops->account(vm->state, &tx->sender);
        vm->ops->set_nonce(vm->state, sender, sender->nonce + 1);
    }
    fee = fee_of(vm, tx, tx->gas_limit);
    give(vm, &vm->block->coinbase, &fee);
    vm->ops->finish(vm->state);
}
