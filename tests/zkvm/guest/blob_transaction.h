/* Blob transactions: no chain takes them, Ethereum's tests have them. */
#ifndef ZK_TEST_BLOB_TRANSACTION_H
#define ZK_TEST_BLOB_TRANSACTION_H

#include "evm/transaction.h"
#include "state/accounts.h"

/* Runs one alone in the block that vm has. Its sender must have `bound` wei beside what it costs otherwise, and pays
   `fee`, which is burnt. False where it may not run. */
bool run_blob_transaction(evm *vm, zk_state *state, const evm_transaction *tx, const u256 *bound, const u256 *fee);

#endif
