/* The curve alt_bn128 as the precompiles have it (EIP-196): y^2 = x^3 + 3. Points are x, then y, 32 bytes each, the
   highest first; infinity is 64 zeros. */
#ifndef ZK_BN254_H
#define ZK_BN254_H

#include "base/base.h"

/* Two points to their sum. False when a coordinate is not below the field's prime, or a point is not on the curve. */
bool zk_bn254_add(uint8_t sum[64], const uint8_t points[128]);

/* A point and a scalar, any 32 bytes, to the product. False as above. */
bool zk_bn254_multiply(uint8_t product[64], const uint8_t point_and_scalar[96]);

/* Whether the product of the pairings of (P, Q), ... is one (EIP-197): for each pair 64 bytes of P and 128 of Q, each
   of whose coordinates has its imaginary part first. No pair at all gives one. False when the size is no multiple of 192,
   a coordinate is not below the prime, a point is not on its curve, or Q is not in the group of prime order. */
bool zk_bn254_pairing(bool *is_one, bytes_t input);

#endif
