/* fv is four elements: AVX2. Unsigned comparisons are signed ones of values with the top bit flipped ("shifted"). */
#ifndef ZKHUB_VECTOR_AVX2_H
#define ZKHUB_VECTOR_AVX2_H

#include <immintrin.h>

#define FV_LANES 4
typedef __m256i fv;

#define FV_SIGN 0x8000000000000000ULL

static inline ZK_DEVICE fv fv_load(const uint64_t *at) { return _mm256_loadu_si256((const __m256i *)at); }
static inline ZK_DEVICE fv fv_loadu(const uint64_t *at) { return _mm256_loadu_si256((const __m256i *)at); }
static inline ZK_DEVICE void fv_store(uint64_t *at, fv a) { _mm256_storeu_si256((__m256i *)at, a); }
static inline ZK_DEVICE fv fv_set1(uint64_t a) { return _mm256_set1_epi64x((long long)a); }
static inline ZK_DEVICE fv fv_zero(void) { return _mm256_setzero_si256(); }

static inline ZK_DEVICE fv fv_shifted(fv a) { return _mm256_xor_si256(a, fv_set1(FV_SIGN)); }

static inline ZK_DEVICE fv fv_add(fv a, fv b) {
    fv missing = _mm256_sub_epi64(fv_set1(GL_P ^ FV_SIGN), b); /* p - b, shifted */
    fv shifted = fv_shifted(a);
    fv borrow = _mm256_cmpgt_epi64(missing, shifted);
    return _mm256_add_epi64(_mm256_sub_epi64(shifted, missing), _mm256_and_si256(borrow, fv_set1(GL_P)));
}

static inline ZK_DEVICE fv fv_sub(fv a, fv b) {
    fv borrow = _mm256_cmpgt_epi64(fv_shifted(b), fv_shifted(a));
    return _mm256_add_epi64(_mm256_sub_epi64(a, b), _mm256_and_si256(borrow, fv_set1(GL_P)));
}

static inline ZK_DEVICE fv fv_neg(fv a) {
    return _mm256_andnot_si256(_mm256_cmpeq_epi64(a, fv_zero()), _mm256_sub_epi64(fv_set1(GL_P), a));
}

/* hi * 2^64 + lo mod p: see gl_reduce. A comparison's all-ones >> 32 is 2^32 - 1, the correction itself. */
static inline ZK_DEVICE fv fv_reduce(fv hi, fv lo) {
    fv top = _mm256_srli_epi64(hi, 32);
    fv shifted = fv_shifted(lo);
    fv borrow = _mm256_cmpgt_epi64(fv_shifted(top), shifted);
    fv t = _mm256_sub_epi64(_mm256_sub_epi64(shifted, top), _mm256_srli_epi64(borrow, 32));
    fv r = _mm256_add_epi64(t, _mm256_mul_epu32(hi, fv_set1(GL_EPSILON)));
    r = _mm256_add_epi64(r, _mm256_srli_epi64(_mm256_cmpgt_epi64(t, r), 32));
    fv above = _mm256_cmpgt_epi64(r, fv_set1((GL_P - 1) ^ FV_SIGN));
    return _mm256_add_epi64(fv_shifted(r), _mm256_srli_epi64(above, 32));
}

static inline ZK_DEVICE fv fv_mul(fv a, fv b) {
    const fv low32 = fv_set1(GL_EPSILON);
    fv a_hi = _mm256_srli_epi64(a, 32), b_hi = _mm256_srli_epi64(b, 32);
    fv ll = _mm256_mul_epu32(a, b), hl = _mm256_mul_epu32(a_hi, b);
    fv lh = _mm256_mul_epu32(a, b_hi), hh = _mm256_mul_epu32(a_hi, b_hi);
    fv m = _mm256_add_epi64(hl, _mm256_srli_epi64(ll, 32));
    fv n = _mm256_add_epi64(lh, _mm256_and_si256(m, low32));
    fv hi = _mm256_add_epi64(_mm256_add_epi64(hh, _mm256_srli_epi64(m, 32)), _mm256_srli_epi64(n, 32));
    fv lo = _mm256_blend_epi32(ll, _mm256_slli_epi64(n, 32), 0xAA);
    return fv_reduce(hi, lo);
}

static inline ZK_DEVICE fv fv_square(fv a) { return fv_mul(a, a); }

#endif
