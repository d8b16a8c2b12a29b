/* The table of one instruction set's kernels. */
#include "kernels.h"

#include "hash/hash.h"
#include "ntt/ntt.h"
#include "pointwise/pointwise.h"
#include "poly/poly.h"

#define ZK_TEXT_(name) #name
#define ZK_TEXT(name) ZK_TEXT_(name)

extern const zk_kernels ZK_NAME(zk_kernels);

const zk_kernels ZK_NAME(zk_kernels) = {
    .name = ZK_TEXT(ZK_ISA),
    .digest_rows = ZK_NAME(digest_rows),
    .hash_nodes = ZK_NAME(hash_nodes),
    .hash_messages = ZK_NAME(hash_messages),
    .grind = ZK_NAME(grind),
    .ntt_scratch = ZK_NAME(ntt_scratch),
    .interpolate = ZK_NAME(interpolate),
    .evaluate = ZK_NAME(evaluate),
    .combine = ZK_NAME(combine),
    .eval_scratch = ZK_NAME(eval_scratch),
    .eval_at = ZK_NAME(eval_at),
    .eval_rows = ZK_NAME(eval_rows),
    .invert = ZK_NAME(invert),
    .divide = ZK_NAME(divide),
    .fold = ZK_NAME(fold),
    .add = ZK_NAME(pointwise_add),
    .multiply = ZK_NAME(pointwise_mul),
    .multiply_ext = ZK_NAME(pointwise_mul_ext),
};
