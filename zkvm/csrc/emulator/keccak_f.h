#ifndef ZKHUB_EMULATOR_KECCAK_F_H
#define ZKHUB_EMULATOR_KECCAK_F_H

#include <stdint.h>

/* keccak-f[1600] on 25 lanes, lane x + 5y. */
void keccak_f(uint64_t lanes[25]);

#endif
