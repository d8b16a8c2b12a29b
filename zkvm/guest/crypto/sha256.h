/* SHA-256 (FIPS 180-4). */
#ifndef ZK_SHA256_H
#define ZK_SHA256_H

#include "base/base.h"

void zk_sha256(uint8_t digest[32], const uint8_t *data, size_t size);

#endif
