/* Arithmetic on FV_LANES elements at once, for the instruction set this file is compiled for (ZK_ISA, see isa.h).
 *
 * fv: FV_LANES elements of F_p. ev: as many elements of F, by coordinate. Values are canonical (< p) everywhere: loads
 * take canonical values, every operation returns them, stores write them. fv_load and fv_loadu accept any address
 * aligned to 8 bytes; fv_loadu says that the address is known not to be a vector's (the row after this one). */
#ifndef ZKHUB_VECTOR_H
#define ZKHUB_VECTOR_H

#include "field/goldilocks.h"
#include "isa.h"

#if defined(ZK_ISA_avx512)
#include "field/vector_avx512.h"
#elif defined(ZK_ISA_avx2)
#include "field/vector_avx2.h"
#else
#include "field/vector_portable.h"
#endif

typedef struct {
    fv c0, c1, c2;
} ev;

static inline ZK_DEVICE ev ev_make(fv c0, fv c1, fv c2) {
    ev r = {c0, c1, c2};
    return r;
}

static inline ZK_DEVICE ev ev_load3(const uint64_t *c0, const uint64_t *c1, const uint64_t *c2) {
    return ev_make(fv_load(c0), fv_load(c1), fv_load(c2));
}

static inline ZK_DEVICE void ev_store3(uint64_t *c0, uint64_t *c1, uint64_t *c2, ev a) {
    fv_store(c0, a.c0);
    fv_store(c1, a.c1);
    fv_store(c2, a.c2);
}

static inline ZK_DEVICE ev ev_set1(const uint64_t c[3]) { return ev_make(fv_set1(c[0]), fv_set1(c[1]), fv_set1(c[2])); }
static inline ZK_DEVICE ev ev_zero(void) { return ev_make(fv_zero(), fv_zero(), fv_zero()); }
static inline ZK_DEVICE ev ev_from_base(fv a) { return ev_make(a, fv_zero(), fv_zero()); }

static inline ZK_DEVICE ev ev_add(ev a, ev b) { return ev_make(fv_add(a.c0, b.c0), fv_add(a.c1, b.c1), fv_add(a.c2, b.c2)); }
static inline ZK_DEVICE ev ev_sub(ev a, ev b) { return ev_make(fv_sub(a.c0, b.c0), fv_sub(a.c1, b.c1), fv_sub(a.c2, b.c2)); }
static inline ZK_DEVICE ev ev_neg(ev a) { return ev_make(fv_neg(a.c0), fv_neg(a.c1), fv_neg(a.c2)); }
static inline ZK_DEVICE ev ev_add_base(ev a, fv b) { return ev_make(fv_add(a.c0, b), a.c1, a.c2); }
static inline ZK_DEVICE ev ev_sub_base(ev a, fv b) { return ev_make(fv_sub(a.c0, b), a.c1, a.c2); }
static inline ZK_DEVICE ev ev_mul_base(ev a, fv b) { return ev_make(fv_mul(a.c0, b), fv_mul(a.c1, b), fv_mul(a.c2, b)); }

/* Karatsuba: see gle_mul. */
static inline ZK_DEVICE ev ev_mul(ev a, ev b) {
    fv v0 = fv_mul(a.c0, b.c0), v1 = fv_mul(a.c1, b.c1), v2 = fv_mul(a.c2, b.c2);
    fv p01 = fv_mul(fv_add(a.c0, a.c1), fv_add(b.c0, b.c1));
    fv p02 = fv_mul(fv_add(a.c0, a.c2), fv_add(b.c0, b.c2));
    fv p12 = fv_mul(fv_add(a.c1, a.c2), fv_add(b.c1, b.c2));
    fv cross = fv_sub(p12, v1);
    fv less = fv_sub(v0, v1);
    return ev_make(fv_sub(fv_add(v0, cross), v2), fv_sub(fv_add(p01, cross), fv_add(v0, v1)), fv_sub(p02, less));
}

static inline ZK_DEVICE ev ev_square(ev a) {
    fv v0 = fv_square(a.c0), v1 = fv_square(a.c1), v2 = fv_square(a.c2);
    fv twice = fv_add(a.c0, a.c0);
    fv m01 = fv_mul(twice, a.c1), m02 = fv_mul(twice, a.c2);
    fv m12 = fv_mul(fv_add(a.c1, a.c1), a.c2);
    return ev_make(fv_add(v0, m12), fv_add(fv_add(m01, m12), v2), fv_add(fv_add(m02, v1), v2));
}

#endif
