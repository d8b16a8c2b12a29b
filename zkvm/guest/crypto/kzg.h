/* KZG point evaluation (EIP-4844). */
#ifndef ZK_KZG_H
#define ZK_KZG_H

#include "base/base.h"

enum { ZK_KZG_INPUT = 192 };

/* Versioned hash of a commitment (32 bytes), z and y (32 each), the commitment and a proof (48 each): whether the hash
   is the commitment's, and the polynomial behind it has the value y at z. */
bool zk_kzg_check(const uint8_t input[ZK_KZG_INPUT]);

#endif
