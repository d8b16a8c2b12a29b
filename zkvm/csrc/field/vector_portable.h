/* fv is one element: plain C for any machine. */
#ifndef ZKHUB_VECTOR_PORTABLE_H
#define ZKHUB_VECTOR_PORTABLE_H

#define FV_LANES 1
typedef uint64_t fv;

static inline ZK_DEVICE fv fv_load(const uint64_t *at) { return *at; }
static inline ZK_DEVICE fv fv_loadu(const uint64_t *at) { return *at; }
static inline ZK_DEVICE void fv_store(uint64_t *at, fv a) { *at = a; }
static inline ZK_DEVICE fv fv_set1(uint64_t a) { return a; }
static inline ZK_DEVICE fv fv_zero(void) { return 0; }
static inline ZK_DEVICE fv fv_add(fv a, fv b) { return gl_add(a, b); }
static inline ZK_DEVICE fv fv_sub(fv a, fv b) { return gl_sub(a, b); }
static inline ZK_DEVICE fv fv_neg(fv a) { return gl_neg(a); }
static inline ZK_DEVICE fv fv_mul(fv a, fv b) { return gl_mul(a, b); }
static inline ZK_DEVICE fv fv_square(fv a) { return gl_square(a); }

#endif
