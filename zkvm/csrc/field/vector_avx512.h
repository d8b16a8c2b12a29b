/* fv is eight elements: AVX-512 F, DQ, VL, BW. */
#ifndef ZKHUB_VECTOR_AVX512_H
#define ZKHUB_VECTOR_AVX512_H

#include <immintrin.h>

#define FV_LANES 8
typedef __m512i fv;

static inline ZK_DEVICE fv fv_load(const uint64_t *at) { return _mm512_loadu_si512(at); }
static inline ZK_DEVICE fv fv_loadu(const uint64_t *at) { return _mm512_loadu_si512(at); }
static inline ZK_DEVICE void fv_store(uint64_t *at, fv a) { _mm512_storeu_si512(at, a); }
static inline ZK_DEVICE fv fv_set1(uint64_t a) { return _mm512_set1_epi64((long long)a); }
static inline ZK_DEVICE fv fv_zero(void) { return _mm512_setzero_si512(); }

static inline ZK_DEVICE fv fv_add(fv a, fv b) {
    const fv p = fv_set1(GL_P);
    fv missing = _mm512_sub_epi64(p, b);
    fv d = _mm512_sub_epi64(a, missing);
    return _mm512_mask_add_epi64(d, _mm512_cmplt_epu64_mask(a, missing), d, p);
}

static inline ZK_DEVICE fv fv_sub(fv a, fv b) {
    fv d = _mm512_sub_epi64(a, b);
    return _mm512_mask_add_epi64(d, _mm512_cmplt_epu64_mask(a, b), d, fv_set1(GL_P));
}

static inline ZK_DEVICE fv fv_neg(fv a) {
    return _mm512_maskz_sub_epi64(_mm512_test_epi64_mask(a, a), fv_set1(GL_P), a);
}

/* hi * 2^64 + lo mod p: see gl_reduce. */
static inline ZK_DEVICE fv fv_reduce(fv hi, fv lo) {
    const fv p = fv_set1(GL_P), epsilon = fv_set1(GL_EPSILON);
    fv top = _mm512_srli_epi64(hi, 32);
    fv t = _mm512_sub_epi64(lo, top);
    t = _mm512_mask_sub_epi64(t, _mm512_cmplt_epu64_mask(lo, top), t, epsilon);
    fv u = _mm512_mul_epu32(hi, epsilon);
    fv r = _mm512_add_epi64(t, u);
    r = _mm512_mask_add_epi64(r, _mm512_cmplt_epu64_mask(r, u), r, epsilon);
    return _mm512_min_epu64(r, _mm512_sub_epi64(r, p));
}

static inline ZK_DEVICE fv fv_mul(fv a, fv b) {
    const fv low32 = fv_set1(GL_EPSILON);
    fv a_hi = _mm512_srli_epi64(a, 32), b_hi = _mm512_srli_epi64(b, 32);
    fv ll = _mm512_mul_epu32(a, b), hl = _mm512_mul_epu32(a_hi, b);
    fv lh = _mm512_mul_epu32(a, b_hi), hh = _mm512_mul_epu32(a_hi, b_hi);
    fv m = _mm512_add_epi64(hl, _mm512_srli_epi64(ll, 32));
    fv n = _mm512_add_epi64(lh, _mm512_and_si512(m, low32));
    fv hi = _mm512_add_epi64(_mm512_add_epi64(hh, _mm512_srli_epi64(m, 32)), _mm512_srli_epi64(n, 32));
    fv lo = _mm512_mask_blend_epi32(0xAAAA, ll, _mm512_slli_epi64(n, 32));
    return fv_reduce(hi, lo);
}

static inline ZK_DEVICE fv fv_square(fv a) { return fv_mul(a, a); }

#endif
