/* Every operation of u256.h by its number, in the order of test_u256.py. */
#include "base/u256.h"

bool u256_run(int operation, const uint8_t *first, const uint8_t *second, const uint8_t *third, uint8_t *result) {
    u256 a, b, m, r = u256_of(0), unused;
    u256_from_bytes(&a, first);
    u256_from_bytes(&b, second);
    u256_from_bytes(&m, third);
    switch (operation) {
    case 0: u256_add_carry(&r, &a, &b); break;
    case 1: u256_sub_borrow(&r, &a, &b); break;
    case 2: u256_mul(&r, &a, &b); break;
    case 3: u256_divide(&r, &unused, &a, &b); break;
    case 4: u256_divide(&unused, &r, &a, &b); break;
    case 5: u256_divide_signed(&r, &unused, &a, &b); break;
    case 6: u256_divide_signed(&unused, &r, &a, &b); break;
    case 7: u256_addmod(&r, &a, &b, &m); break;
    case 8: u256_mulmod(&r, &a, &b, &m); break;
    case 9: u256_power(&r, &a, &b); break;
    case 10: r = u256_of(u256_less(&a, &b)); break;
    case 11: r = u256_of(u256_less_signed(&a, &b)); break;
    case 12: r = u256_of(u256_equal(&a, &b)); break;
    case 13: r = u256_of(u256_add_carry(&unused, &a, &b)); break;
    case 14: u256_sign_extend(&r, &a, &b); break;
    case 15: u256_byte(&r, &a, &b); break;
    case 16: u256_shift_left(&r, &a, &b); break;
    case 17: u256_shift_right(&r, &a, &b); break;
    case 18: u256_shift_right_signed(&r, &a, &b); break;
    case 19: r = u256_of(u256_byte_length(&a)); break;
    case 20: u256_remainder(&r, &a, &b); break;
    default: return false;
    }
    u256_to_bytes(result, &r);
    return true;
}

#if defined(U256_MAIN)

#include <stdio.h>

enum { OPERATIONS = 21, NUMBERS = 53 };

/* Powers of two and their neighbours, zero, and all ones. */
static void number(uint8_t bytes[32], int index) {
    u256 value = u256_of(1), shift = u256_of((uint64_t)(index / 3) * 15), one = u256_of(1);
    u256_shift_left(&value, &value, &shift);
    if (index % 3 == 0) u256_sub_borrow(&value, &value, &one);
    if (index % 3 == 2) u256_add_carry(&value, &value, &one);
    if (index == NUMBERS - 1) u256_negate(&value, &one);
    u256_to_bytes(bytes, &value);
}

int main(void) {
    uint8_t values[NUMBERS][32], result[32];
    for (int i = 0; i < NUMBERS; i++) number(values[i], i);
    for (int operation = 0; operation < OPERATIONS; operation++)
        for (int i = 0; i < NUMBERS; i++)
            for (int j = 0; j < NUMBERS; j++)
                if (!u256_run(operation, values[i], values[j], values[(i + j) % NUMBERS], result)) return 1;
    printf("%d numbers, %d operations\n", NUMBERS, OPERATIONS);
    return 0;
}

#endif
