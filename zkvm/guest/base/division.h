/* Long division, digit by digit; numbers of any size, the lowest limb first. Digits come from products with a reciprocal:
   Moeller, Granlund, Improved division by invariant integers (2011). */
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
#pragma GCC unroll 4
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

/* (B^2 - 1) / divisor - B, B being 2^ZK_LIMB_BITS; the divisor's highest bit is set. */
static inline limb_t reciprocal_of_one(limb_t divisor) {
    limb_t unused;
    return divide_two(~divisor, (limb_t)-1, divisor, &unused);
}

/* The same of high:low, (B^3 - 1) / (high:low) - B. */
static inline limb_t reciprocal_of_two(limb_t high, limb_t low) {
    limb_t reciprocal = reciprocal_of_one(high), product = high * reciprocal + low;
    if (product < low) {
        reciprocal--;
        if (product >= high) {
            reciprocal--;
            product -= high;
        }
        product -= high;
    }
    limb2_t part = (limb2_t)reciprocal * low;
    limb_t carried = (limb_t)(part >> ZK_LIMB_BITS);
    product += carried;
    if (product < carried) {
        reciprocal--;
        if (((limb2_t)product << ZK_LIMB_BITS | (limb_t)part) >= ((limb2_t)high << ZK_LIMB_BITS | low)) reciprocal--;
    }
    return reciprocal;
}

/* What quotient_digit wants of a divisor of several limbs, or divide_by_one of a single one. */
static inline limb_t reciprocal_of(const limb_t *divisor, int size) {
    return size == 1 ? reciprocal_of_one(divisor[0]) : reciprocal_of_two(divisor[size - 1], divisor[size - 2]);
}

/* divide_two by a product: *rest:low by the divisor; the remainder goes to *rest. */
static inline limb_t divide_by_one(limb_t *rest, limb_t low, limb_t divisor, limb_t reciprocal) {
    limb2_t product = (limb2_t)reciprocal * *rest + ((limb2_t)*rest << ZK_LIMB_BITS | low);
    limb_t quotient = (limb_t)(product >> ZK_LIMB_BITS) + 1, left = low - quotient * divisor;
    if (left > (limb_t)product) {
        quotient--;
        left += divisor;
    }
    if (ZK_UNLIKELY(left >= divisor)) {
        quotient++;
        left -= divisor;
    }
    *rest = left;
    return quotient;
}

/* The quotient of three limbs by the divisor's upper two, which are above the first two of the three. */
static inline limb_t divide_three(limb_t top, limb_t middle, limb_t low, limb2_t divisor, limb_t reciprocal) {
    limb_t high = (limb_t)(divisor >> ZK_LIMB_BITS);
    limb2_t product = (limb2_t)reciprocal * top + ((limb2_t)top << ZK_LIMB_BITS | middle);
    limb_t quotient = (limb_t)(product >> ZK_LIMB_BITS);
    limb2_t rest = (limb2_t)(middle - quotient * high) << ZK_LIMB_BITS | low;
    rest -= (limb2_t)(limb_t)divisor * quotient + divisor;
    quotient++;
    if ((limb_t)(rest >> ZK_LIMB_BITS) >= (limb_t)product) {
        quotient--;
        rest += divisor;
    }
    return ZK_UNLIKELY(rest >= divisor) ? quotient + 1 : quotient;
}

/* One digit of the quotient; size > 1. Knuth, The Art of Computer Programming 4.3.1, algorithm D, steps D3 to D6: the
   guess is at most one too high. */
static inline limb_t quotient_digit(limb_t *window, const limb_t *divisor, int size, limb_t reciprocal) {
    limb2_t upper = (limb2_t)divisor[size - 1] << ZK_LIMB_BITS | divisor[size - 2];
    limb2_t head = (limb2_t)window[size] << ZK_LIMB_BITS | window[size - 1];
    limb_t guess = (limb_t)-1;
    if (ZK_LIKELY(head < upper))
        guess = divide_three(window[size], window[size - 1], window[size - 2], upper, reciprocal);
    if (ZK_UNLIKELY(subtract_multiple(window, divisor, size, guess))) {
        guess--;
        add_back(window, divisor, size);
    }
    return guess;
}

#endif
