/* kv: one 64-bit keccak lane of KV_LANES states at once, for the instruction set this file is compiled for.
 *
 * KV_ROL is a macro because the instruction takes its distance as an immediate. */
#ifndef ZKHUB_LANES_H
#define ZKHUB_LANES_H

#include "device.h"
#include "isa.h"

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "keccak lanes are read from memory as they are: the machine must be little-endian"
#endif

#if defined(ZK_ISA_avx512)

#include <immintrin.h>

#define KV_LANES 8
typedef __m512i kv;

#define KV_ROL(a, n) _mm512_rol_epi64((a), (n))

static inline kv kv_load(const uint64_t *at) { return _mm512_loadu_si512(at); }
static inline void kv_store(uint64_t *at, kv a) { _mm512_storeu_si512(at, a); }
static inline kv kv_set1(uint64_t a) { return _mm512_set1_epi64((long long)a); }
static inline kv kv_xor(kv a, kv b) { return _mm512_xor_si512(a, b); }
static inline kv kv_xor3(kv a, kv b, kv c) { return _mm512_ternarylogic_epi64(a, b, c, 0x96); }
static inline kv kv_chi(kv a, kv b, kv c) { return _mm512_ternarylogic_epi64(a, b, c, 0xD2); } /* a ^ (~b & c) */

static inline kv kv_swap_bytes(kv a) {
    const kv order = _mm512_set_epi64(0x08090A0B0C0D0E0F, 0x0001020304050607, 0x08090A0B0C0D0E0F, 0x0001020304050607,
                                      0x08090A0B0C0D0E0F, 0x0001020304050607, 0x08090A0B0C0D0E0F, 0x0001020304050607);
    return _mm512_shuffle_epi8(a, order);
}

#elif defined(ZK_ISA_avx2)

#include <immintrin.h>

#define KV_LANES 4
typedef __m256i kv;

#define KV_ROL(a, n) _mm256_or_si256(_mm256_slli_epi64((a), (n)), _mm256_srli_epi64((a), 64 - (n)))

static inline kv kv_load(const uint64_t *at) { return _mm256_loadu_si256((const __m256i *)at); }
static inline void kv_store(uint64_t *at, kv a) { _mm256_storeu_si256((__m256i *)at, a); }
static inline kv kv_set1(uint64_t a) { return _mm256_set1_epi64x((long long)a); }
static inline kv kv_xor(kv a, kv b) { return _mm256_xor_si256(a, b); }
static inline kv kv_xor3(kv a, kv b, kv c) { return _mm256_xor_si256(_mm256_xor_si256(a, b), c); }
static inline kv kv_chi(kv a, kv b, kv c) { return _mm256_xor_si256(a, _mm256_andnot_si256(b, c)); }

static inline kv kv_swap_bytes(kv a) {
    const kv order =
        _mm256_set_epi64x(0x08090A0B0C0D0E0F, 0x0001020304050607, 0x08090A0B0C0D0E0F, 0x0001020304050607);
    return _mm256_shuffle_epi8(a, order);
}

#else

#define KV_LANES 1
typedef uint64_t kv;

#define KV_ROL(a, n) (((a) << (n)) | ((a) >> (64 - (n))))

static inline ZK_DEVICE kv kv_load(const uint64_t *at) { return *at; }
static inline ZK_DEVICE void kv_store(uint64_t *at, kv a) { *at = a; }
static inline ZK_DEVICE kv kv_set1(uint64_t a) { return a; }
static inline ZK_DEVICE kv kv_xor(kv a, kv b) { return a ^ b; }
static inline ZK_DEVICE kv kv_xor3(kv a, kv b, kv c) { return a ^ b ^ c; }
static inline ZK_DEVICE kv kv_chi(kv a, kv b, kv c) { return a ^ (~b & c); }
#ifdef __CUDACC__
static inline ZK_DEVICE kv kv_swap_bytes(kv a) {
    return (kv)__byte_perm((uint32_t)a, 0, 0x0123) << 32 | __byte_perm((uint32_t)(a >> 32), 0, 0x0123);
}
#else
static inline kv kv_swap_bytes(kv a) { return __builtin_bswap64(a); }
#endif

#endif

#endif
