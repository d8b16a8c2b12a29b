/* Numbers of 256 bits as eight 32-bit words, the lowest first, and the arithmetic of the precompiles. */
#ifndef ZKHUB_EMULATOR_UINT256_H
#define ZKHUB_EMULATOR_UINT256_H

#include <stdbool.h>
#include <stdint.h>

/* a * b + c = quotient * m + remainder with remainder < m; m is not 0. False if the quotient has more than 256 bits. */
bool u256_muldivmod(const uint32_t a[8], const uint32_t b[8], const uint32_t c[8], const uint32_t m[8],
                    uint32_t quotient[8], uint32_t remainder[8]);

/* An element of secp256k1's base field, below P, as four 64-bit limbs, the lowest first. */
typedef struct {
    uint64_t limb[4];
} Field;

Field field_load(const uint32_t words[8]);
void field_store(Field a, uint32_t words[8]);
bool field_is_zero(Field a);
Field field_add(Field a, Field b);
Field field_sub(Field a, Field b);
Field field_mul(Field a, Field b);
/* 0 for 0. */
Field field_inverse(Field a);

#endif
