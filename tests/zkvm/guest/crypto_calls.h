#ifndef ZK_TEST_CRYPTO_CALLS_H
#define ZK_TEST_CRYPTO_CALLS_H

#include "base/base.h"

enum { FAILED = -1 };

/* What precompile `which` makes of the input: the size of its output, at most that of the input and 96, or FAILED. */
int32_t run(uint32_t which, uint8_t *output, const uint8_t *input, uint32_t size);

/* u256_driver.c */
bool u256_run(int operation, const uint8_t *first, const uint8_t *second, const uint8_t *third, uint8_t *result);

#endif
