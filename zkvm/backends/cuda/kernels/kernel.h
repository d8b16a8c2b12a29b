/* What all kernels share. Every argument of a kernel is eight bytes: a pointer or an uint64_t. Shared memory is the
 * launch's, as words; nothing is known of it at the start. */
#ifndef ZKHUB_KERNEL_H
#define ZKHUB_KERNEL_H

#include "device.h"

#define ZK_KERNEL extern "C" __global__ void

extern __shared__ uint64_t zk_shared[];

/* This thread's number in the grid's first dimension, and how many there are. */
static inline ZK_DEVICE uint64_t zk_thread(void) { return (uint64_t)blockIdx.x * blockDim.x + threadIdx.x; }
static inline ZK_DEVICE uint64_t zk_threads(void) { return (uint64_t)gridDim.x * blockDim.x; }

/* The lowest `bits` bits in the opposite order. */
static inline ZK_DEVICE uint64_t zk_reversed(uint64_t value, uint64_t bits) {
    return bits == 0 ? 0 : (uint64_t)__brevll(value) >> (64 - bits);
}

/* Keeps the smallest of what threads report. */
static inline ZK_DEVICE void zk_report_least(uint64_t *least, uint64_t value) {
    atomicMin((unsigned long long *)least, (unsigned long long)value);
}

#endif
