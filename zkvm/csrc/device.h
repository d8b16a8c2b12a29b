/* What a header needs to be read as C, by CUDA's compilers and by NVRTC, which has no headers of its own. */
#ifndef ZKHUB_DEVICE_H
#define ZKHUB_DEVICE_H

#ifdef __CUDACC_RTC__
typedef long long int64_t;
typedef unsigned long long uint64_t;
typedef unsigned int uint32_t;
typedef unsigned char uint8_t;
#ifndef UINT64_C
#define UINT64_C(n) n##ULL
#endif
#else
#include <stddef.h>
#include <stdint.h>
#endif

/* Before a function that kernels call, too. */
#ifndef ZK_DEVICE
#ifdef __CUDACC__
#define ZK_DEVICE __device__ __attribute__((always_inline))
#else
#define ZK_DEVICE
#endif
#endif

/* Before a table of constants. */
#ifdef __CUDACC__
#define ZK_CONSTANT static __constant__ const
#else
#define ZK_CONSTANT static const
#endif

#endif
