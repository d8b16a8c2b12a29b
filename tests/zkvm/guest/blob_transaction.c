#include "blob_transaction.h"

bool run_blob_transaction(evm *vm, zk_state *state, const evm_transaction *tx, const u256 *bound, const u256 *fee) {
    zk_state_begin(state);
    evm_account *sender = ZK_STATE.account(state, &tx->sender);
    u256 left = sender->balance;
    bool is_good = !u256_sub_borrow(&left, &left, bound);
    if (is_good) {
        /* The bound is held back while the rest is checked. */
        ZK_STATE.set_balance(state, sender, &left);
        is_good = evm_check(vm, tx) == EVM_ACCEPTED;
    }
    zk_state_take_back(state);
    zk_state_begin(state);
    if (!is_good) return false;
    sender = ZK_STATE.account(state, &tx->sender);
    u256_sub_borrow(&left, &sender->balance, fee);
    ZK_STATE.set_balance(state, sender, &left);
    evm_transact(vm, tx);
    return true;
}
