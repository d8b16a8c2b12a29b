/* Long division, digit by digit; numbers of any size, the lowest limb first. */
#ifndef ZK_DIVISION_H
#define ZK_DIVISION_H

#include "base/u256.h"

enum { HALF_BITS = ZK_LIMB_BITS / 2 };

static inline unsigned leading_zeros(limb_t v) {
#if ZK_LIMB_BITS == 64
    return (unsigned)__builtin_clzll(v);
#else
    return (unsigned)__builtin_clz(v);
#endif
}

/* Quotient of high:low by a divisor above `high` whose highest bit is set; the remainder goes to *rest. */
static inline limb_t divide_two(limb_t high, limb_t low, limb_t divisor, limb_t *rest) {
#if ZK_LIMB_BITS == 64 && defined(__x86_64__)
    limb_t quotient, remainder;
    __asm__("divq %4" : "=a"(quotient), "=d"(remainder) : "0"(low), "1"(high), "r"(divisor) : "cc");
    *rest = remainder;
    return quotient;
#else
    /* Two digits of half a limb, each guessed from the divisor's upper half: at most two too high. */
    const limb_t half = (limb_t)1 << HALF_BITS;
    limb_t upper = divisor >> HALF_BITS, lower = divisor & (half - 1), quotient = 0;
    for (int digit = 1; digit >= 0; digit--) {
        limb_t next = digit ? low >> HALF_BITS : low & (half - 1);
        limb_t guess = high / upper, over = high % upper;
        while (guess >= half || guess * lower > (over << HALF_BITS | next)) {
            guess--;
            over += upper;
            if (over >= half) break;
        }
        high = (limb_t)((high << HALF_BITS | next) - guess * divisor);
        quotient = quotient << HALF_BITS | guess;
    }
    *rest = high;
    return quotient;
#endif
}

static inline int significant(const limb_t *a, int count) {
    while (count > 0 && a[count - 1] == 0) count--;
    return count;
}

/* to <- from << shift, below a limb; `count` limbs, and what falls out at the top is returned. */
static inline limb_t shift_up(limb_t *to, const limb_t *from, int count, unsigned shift) {
    limb_t out = 0;
    for (int i = 0; i < count; i++) {
        limb_t limb = from[i];
        to[i] = limb << shift | out;
        out = shift ? limb >> (ZK_LIMB_BITS - shift) : 0;
    }
    return out;
}

/* window <- window - digit * divisor, over size + 1 limbs; true when it went below zero. */
static inline bool subtract_multiple(limb_t *window, const limb_t *divisor, int size, limb_t digit) {
    limb_t carry = 0, borrow = 0;
    for (int i = 0; i < size; i++) {
        limb2_t product = (limb2_t)digit * divisor[i] + carry;
        limb2_t difference = (limb2_t)window[i] - (limb_t)product - borrow;
        carry = (limb_t)(product >> ZK_LIMB_BITS);
        window[i] = (limb_t)difference;
        borrow = (limb_t)(difference >> ZK_LIMB_BITS) & 1;
    }
    limb2_t difference = (limb2_t)window[size] - carry - borrow;
    window[size] = (limb_t)difference;
    return (difference >> ZK_LIMB_BITS) != 0;
}

static inline void add_back(limb_t *window, const limb_t *divisor, int size) {
    limb_t carry = 0;
    for (int i = 0; i < size; i++) {
        limb2_t sum = (limb2_t)window[i] + divisor[i] + carry;
        window[i] = (limb_t)sum;
        carry = (limb_t)(sum >> ZK_LIMB_BITS);
    }
    window[size] += carry;
}

/* One digit of the quotient. Knuth, The Art of Computer Programming 4.3.1, algorithm D, steps D3 to D6. */
static inline limb_t quotient_digit(limb_t *window, const limb_t *divisor, int size) {
    limb_t top = divisor[size - 1], next = divisor[size - 2], guess, rest;
    bool rest_fits = true;
    if (window[size] >= top) {
        guess = (limb_t)-1;
        rest = window[size - 1] + top;
        rest_fits = rest >= top;
    } else {
        guess = divide_two(window[size], window[size - 1], top, &rest);
    }
    while (rest_fits && (limb2_t)guess * next > ((limb2_t)rest << ZK_LIMB_BITS | window[size - 2])) {
        guess--;
        rest += top;
        rest_fits = rest >= top;
    }
    if (ZK_UNLIKELY(subtract_multiple(window, divisor, size, guess))) {
        guess--;
        add_back(window, divisor, size);
    }
    return guess;
}

#endif
