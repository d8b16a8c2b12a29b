/* How pubdata has a changed number; chain_template/batcher/compression.py has the forms. */
#ifndef ZK_COMPRESSION_H
#define ZK_COMPRESSION_H

#include "base/base.h"
#include "base/u256.h"

enum { ZK_COMPRESSED_BYTES = 33 }; /* at most */

/* Writes the one form of the change; returns where the next byte goes. */
uint8_t *zk_put_change(uint8_t *at, const u256 *old, const u256 *value);

#endif
