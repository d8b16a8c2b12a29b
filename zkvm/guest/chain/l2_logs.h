/* L2 to L1 logs: what a transaction has to tell L1. */
#ifndef ZK_L2_LOGS_H
#define ZK_L2_LOGS_H

#include "base/base.h"
#include "evm/evm.h"

/* A user's message (an event of L1Messenger) or the result of an L1 operation. */
typedef struct {
    bool is_message;
    uint32_t tx_index; /* in its block */
    hash_t key;        /* the sender, padded; or the operation's hash */
    hash_t value;      /* keccak of the message; or 1 for success */
    bytes_t message;
} zk_l2_log;

/* The message behind an event; false for every other event. */
bool zk_message_of(const evm_log *log, uint32_t tx_index, zk_l2_log *message);

/* How an L1 operation ended. */
zk_l2_log zk_operation_result(const hash_t *hash, bool success, uint32_t tx_index);

#endif
