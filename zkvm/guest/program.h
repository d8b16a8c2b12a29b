/* The batch program: re-executes a batch from its input alone and computes what it may claim. What
   chain_template/batcher/batch_program.py is in Python, with the same public input and the same reason of every
   refusal. */
#ifndef ZK_PROGRAM_H
#define ZK_PROGRAM_H

#include "base/base.h"
#include "batch/output.h"

/* Whoever runs it gives the memory: `context->arena` for the state and all that the batch holds, these for the EVM. */
typedef struct {
    zk_arena frames;   /* stacks and memories of calls */
    zk_arena returned; /* what the last call returned */
} zk_batch_memory;

typedef struct {
    bool is_read; /* the input is decoded; see zk_batch_reason */
    zk_claim claim;
    bytes_t pubdata; /* what claim.da_commitment is the hash of; in the arena */
    hash_t public_input;
} zk_batch_run;

/* Fills `run`, or ends by zk_fail. */
void zk_run_batch(zk_context *context, const zk_batch_memory *memory, bytes_t input, zk_batch_run *run);

/* Why a run was refused, from what zk_fail was told: once the input is read, something malformed is a node of the
   witness, which is as good as missing. */
zk_reason zk_batch_reason(const zk_batch_run *run, zk_reason told);

#endif
