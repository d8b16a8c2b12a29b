/* One call on a state in memory, from bytes to a hash: the same on every target. */
#ifndef ZK_TEST_EVM_PROGRAM_H
#define ZK_TEST_EVM_PROGRAM_H

#include "base/base.h"

/* Words of 4 bytes, the lowest first; accounts: their number, and for each the address (20), balance (32), nonce (4), number
   of slots (4), slots (32 + 32 each), size of the code (4) and the code, padded to words. Then gas (4), size of the call's
   data (4) and the data. The first account calls the second. `memory` is all that is used. The digest is of how the call
   ends, its gas, its output, the state and the logs. */
void evm_program(hash_t *digest, const uint8_t *input, zk_context *context, uint8_t *memory, size_t size);

#endif
