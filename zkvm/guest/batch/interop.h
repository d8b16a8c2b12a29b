/* What a batch has to do with other chains, from events of two system contracts; chain_template/batcher/interop.py. */
#ifndef ZK_INTEROP_H
#define ZK_INTEROP_H

#include "base/base.h"
#include "base/u256.h"
#include "evm/evm.h"

/* What is sent of one asset to one chain. */
typedef struct {
    uint8_t pair[64]; /* the destination's chain id, then the asset */
    u256 amount;
} zk_flow;

typedef struct {
    zk_context *context;
    zk_flow *flows; /* ascending by pair; in the arena, with room for `most` */
    uint32_t count, most;
    bool is_too_much; /* a sum is beyond 256 bits */
    hash_t roots; /* the imported roots' rolling hash */
} zk_interop;

/* Room for the flows of as many events. */
void zk_interop_start(zk_interop *interop, zk_context *context, uint32_t events);

/* Whether the log is one of the two events. */
bool zk_is_interop_event(const evm_log *log);

/* Takes in such an event. Ends the run with ZK_MISSING_NODE where it does not have the form that the system contract
   gives it: the state before is none of a chain of the hub. */
void zk_interop_add(zk_interop *interop, const evm_log *event);

/* keccak(abi.encode(flows)), sums of 0 left out. Ends the run with ZK_LIMIT where a sum is too much. */
void zk_interop_flows_hash(const zk_interop *interop, hash_t *hash);

#endif
