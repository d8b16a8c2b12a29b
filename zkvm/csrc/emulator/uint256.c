/* Long multiplication and division of 256-bit numbers. */
#include "emulator/uint256.h"

#include <string.h>

enum { WORDS = 8 };

/* product = a * b + c, 16 words. */
static void multiply_add(const uint32_t a[8], const uint32_t b[8], const uint32_t c[8], uint32_t product[16]) {
    memcpy(product, c, WORDS * sizeof(uint32_t));
    memset(product + WORDS, 0, WORDS * sizeof(uint32_t));
    for (int i = 0; i < WORDS; i++) {
        uint64_t carry = 0;
        for (int j = 0; j < WORDS; j++) {
            carry += (uint64_t)a[i] * b[j] + product[i + j];
            product[i + j] = (uint32_t)carry;
            carry >>= 32;
        }
        for (int k = i + WORDS; carry && k < 2 * WORDS; k++) {
            carry += product[k];
            product[k] = (uint32_t)carry;
            carry >>= 32;
        }
    }
}

/* value[0..length] -= factor * divisor[0..length-1]; gives true if the result is below 0 (and then wraps). */
static bool subtract_multiple(uint32_t *value, const uint32_t *divisor, int length, uint32_t factor) {
    uint64_t carry = 0, borrow = 0;
    for (int i = 0; i <= length; i++) {
        carry += i < length ? (uint64_t)factor * divisor[i] : 0;
        uint64_t difference = (uint64_t)value[i] - (uint32_t)carry - borrow;
        value[i] = (uint32_t)difference;
        borrow = difference >> 63;
        carry >>= 32;
    }
    return borrow;
}

static void add_back(uint32_t *value, const uint32_t *divisor, int length) {
    uint64_t carry = 0;
    for (int i = 0; i <= length; i++) {
        carry += (uint64_t)value[i] + (i < length ? divisor[i] : 0);
        value[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

/* Knuth's algorithm D. number: 16 words and a zero word on top, already shifted; becomes the remainder.
   divisor: `length` >= 1 words with the top bit set. quotient: 17 - length words. */
static void divide(uint32_t number[17], const uint32_t *divisor, int length, uint32_t *quotient) {
    for (int j = 16 - length; j >= 0; j--) {
        uint64_t top = (uint64_t)number[j + length] << 32 | number[j + length - 1];
        uint64_t guess = top / divisor[length - 1], rest = top % divisor[length - 1];
        while (guess >> 32 ||
               (length > 1 && guess * divisor[length - 2] > (rest << 32 | number[j + length - 2]))) {
            guess--;
            rest += divisor[length - 1];
            if (rest >> 32) break;
        }
        if (subtract_multiple(number + j, divisor, length, (uint32_t)guess)) {
            guess--;
            add_back(number + j, divisor, length);
        }
        quotient[j] = (uint32_t)guess;
    }
}

/* to[0..length-1] = from << shift, shift < 32; gives the bits that fell off. */
static uint32_t shift_left(uint32_t *to, const uint32_t *from, int length, int shift) {
    uint64_t carry = 0;
    for (int i = 0; i < length; i++) {
        carry |= (uint64_t)from[i] << shift;
        to[i] = (uint32_t)carry;
        carry >>= 32;
    }
    return (uint32_t)carry;
}

bool u256_muldivmod(const uint32_t a[8], const uint32_t b[8], const uint32_t c[8], const uint32_t m[8],
                    uint32_t quotient[8], uint32_t remainder[8]) {
    uint32_t product[16], number[17], divisor[WORDS], wide[17] = {0};
    multiply_add(a, b, c, product);
    int length = WORDS, shift = 0;
    while (m[length - 1] == 0) length--;
    while (!(m[length - 1] << shift >> 31)) shift++;
    shift_left(divisor, m, length, shift);
    number[16] = shift_left(number, product, 16, shift);
    divide(number, divisor, length, wide);
    memset(remainder, 0, WORDS * sizeof(uint32_t));
    for (int i = 0; i < length; i++) {
        uint64_t pair = (uint64_t)number[i + 1] << 32 | number[i];
        remainder[i] = (uint32_t)(pair >> shift);
    }
    memcpy(quotient, wide, WORDS * sizeof(uint32_t));
    for (int i = WORDS; i < 17; i++)
        if (wide[i]) return false;
    return true;
}
