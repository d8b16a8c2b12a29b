/* The hash kernels of the instruction set this is compiled for; kernels.h says what they do. */
#ifndef ZKHUB_HASH_H
#define ZKHUB_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "isa.h"

void ZK_NAME(digest_rows)(const uint64_t *const *columns, size_t width, size_t begin, size_t end, unsigned node_bytes,
                          uint8_t *out);
void ZK_NAME(hash_nodes)(const uint8_t *children, const uint8_t *injected, size_t begin, size_t end,
                         unsigned node_bytes, uint8_t *out);
void ZK_NAME(hash_messages)(const uint8_t *messages, size_t length, size_t begin, size_t end, uint8_t *out);
uint64_t ZK_NAME(grind)(const uint8_t state[32], unsigned bits, uint64_t begin, uint64_t end);

#endif
