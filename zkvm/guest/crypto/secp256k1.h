/* Who signed: ECDSA public key recovery on secp256k1 (SEC 1, 4.1.6). */
#ifndef ZK_SECP256K1_H
#define ZK_SECP256K1_H

#include "base/base.h"

/* The public key (x, then y, the highest byte first) that made the signature (r, s) of the hash, where y of the
   signature's point has the given parity (0 or 1). False when there is none: r or s is 0 or not below the group's
   order, no point has x = r, or the key would be the point at infinity. High s is allowed. */
bool zk_secp256k1_recover(uint8_t key[64], const uint8_t hash[32], const uint8_t r[32], const uint8_t s[32],
                          uint32_t parity);

/* The address of that key. */
bool zk_ecrecover(address_t *signer, const uint8_t hash[32], const uint8_t r[32], const uint8_t s[32],
                  uint32_t parity);

#endif
