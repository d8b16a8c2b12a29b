/* The compression function of BLAKE2b (RFC 7693, 3.2) as a precompile (EIP-152). */
#ifndef ZK_BLAKE2F_H
#define ZK_BLAKE2F_H

#include "base/base.h"

enum { ZK_BLAKE2F_INPUT = 213 };

/* Input: number of rounds (4 bytes, the highest first), state (64), message (128), offset counters (16), whether this
   is the last block (1). False where the size is another or the last byte is neither 0 nor 1. */
bool zk_blake2f(uint8_t state[64], bytes_t input);

#endif
