/* What a batch publishes: its last header, its logs, and the differences of its state; chain_template/batcher/pubdata.py
   has the bytes. */
#ifndef ZK_PUBDATA_H
#define ZK_PUBDATA_H

#include "base/base.h"
#include "chain/block.h"
#include "state/accounts.h"

/* What a batch changed of one account. */
typedef struct {
    const zk_account_change *account;
    const zk_slot_change *slots;
    uint32_t slot_count;
    bytes_t code; /* where it is new */
    uint8_t fields;
} zk_account_diff;

typedef struct {
    const zk_account_diff *accounts; /* those that differ, ascending by address */
    uint32_t count;
} zk_state_diff;

/* The difference since the state was opened; after its root was asked for. */
void zk_state_diff_make(zk_context *context, zk_state *state, zk_state_diff *diff);

/* A log and the number of its transaction in the batch. */
typedef struct {
    const zk_l2_log *log;
    uint32_t tx_number;
} zk_batch_log;

/* The bytes, in the arena. At most ZK_MAX_LOGS logs. */
bytes_t zk_pubdata_encode(zk_context *context, bytes_t header, const zk_batch_log *logs, uint32_t log_count,
                          const zk_state_diff *diff);

#endif
