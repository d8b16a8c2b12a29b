/* The end of a message of the MD4 family: a bit, zeros, its length in bits. */
#ifndef ZK_PAD_H
#define ZK_PAD_H

#include "base/base.h"

enum { PAD_BLOCK = 64 };

/* Fills `tail` with the last bytes of the message (size mod 64) and its padding, the length apart; gives back how many
   blocks that makes: 1 or 2. The length belongs into the last 8 bytes. */
static inline size_t pad_tail(uint8_t tail[2 * PAD_BLOCK], const uint8_t *data, size_t size) {
    size_t rest = size % PAD_BLOCK, blocks = rest < PAD_BLOCK - 8 ? 1 : 2;
    memset(tail, 0, 2 * PAD_BLOCK);
    if (rest) memcpy(tail, data + size - rest, rest);
    tail[rest] = 0x80;
    return blocks;
}

#endif
