/* Powers modulo a number, of any sizes (EIP-198). */
#ifndef ZK_MODEXP_H
#define ZK_MODEXP_H

#include "base/base.h"

/* Bytes of scratch memory that zk_modexp needs for a base and a modulus of these sizes. */
uint64_t zk_modexp_scratch(uint32_t base_size, uint32_t modulus_size);

/* result <- base^exponent mod modulus, all with the highest byte first; the result has the modulus's size. Modulo 0 all
   is 0; otherwise 0^0 = 1. `scratch` is aligned to 8. Odd moduli go by Montgomery's products, even ones by division. */
void zk_modexp(uint8_t *result, bytes_t base, bytes_t exponent, bytes_t modulus, void *scratch);

#endif
