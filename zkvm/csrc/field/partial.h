/* Vectors at the end of an array that is no multiple of FV_LANES long. */
#ifndef ZKHUB_PARTIAL_H
#define ZKHUB_PARTIAL_H

#include <stddef.h>
#include <string.h>

#include "field/vector.h"

/* The first `count` elements, the others zero. Any count; FV_LANES or more is a whole vector. */
static inline fv fv_load_part(const uint64_t *at, size_t count) {
    if (count >= FV_LANES) return fv_load(at);
    uint64_t padded[FV_LANES] = {0};
    memcpy(padded, at, count * sizeof(uint64_t));
    return fv_load(padded);
}

static inline void fv_store_part(uint64_t *at, fv a, size_t count) {
    if (count >= FV_LANES) {
        fv_store(at, a);
    } else {
        uint64_t padded[FV_LANES];
        fv_store(padded, a);
        memcpy(at, padded, count * sizeof(uint64_t));
    }
}

/* first, first ratio, ..., lane by lane. */
static inline fv fv_powers(uint64_t first, uint64_t ratio) {
    uint64_t lanes[FV_LANES];
    for (int i = 0; i < FV_LANES; i++, first = gl_mul(first, ratio)) lanes[i] = first;
    return fv_load(lanes);
}

/* The sum of all lanes. */
static inline uint64_t fv_total(fv a) {
    uint64_t lanes[FV_LANES], sum = 0;
    fv_store(lanes, a);
    for (int i = 0; i < FV_LANES; i++) sum = gl_add(sum, lanes[i]);
    return sum;
}

#endif
