/* RIPEMD-160 (Dobbertin, Bosselaers, Preneel 1996). */
#ifndef ZK_RIPEMD160_H
#define ZK_RIPEMD160_H

#include "base/base.h"

void zk_ripemd160(uint8_t digest[20], const uint8_t *data, size_t size);

#endif
