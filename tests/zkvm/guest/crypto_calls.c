/* The primitives behind one call, as the precompiles take and give them, and the operations of u256.h. */
#include "crypto_calls.h"

#include "base/keccak.h"
#include "crypto/blake2f.h"
#include "crypto/bn254.h"
#include "crypto/kzg.h"
#include "crypto/modexp.h"
#include "crypto/ripemd160.h"
#include "crypto/secp256k1.h"
#include "crypto/sha256.h"

enum { MOST_SCRATCH = 1 << 20 };

/* What the precompile makes of the input: the size of its output, or FAILED. */
typedef int32_t precompile(uint8_t *output, const uint8_t *input, uint32_t size);

static int32_t run_keccak(uint8_t *output, const uint8_t *input, uint32_t size) {
    hash_t digest;
    keccak256(&digest, input, size);
    memcpy(output, &digest, sizeof digest);
    return 32;
}

static int32_t run_sha256(uint8_t *output, const uint8_t *input, uint32_t size) {
    zk_sha256(output, input, size);
    return 32;
}

static int32_t run_ripemd160(uint8_t *output, const uint8_t *input, uint32_t size) {
    zk_ripemd160(output, input, size);
    return 20;
}

static int32_t run_blake2f(uint8_t *output, const uint8_t *input, uint32_t size) {
    return zk_blake2f(output, (bytes_t){input, size}) ? 64 : FAILED;
}

/* The public key and its address; hash, v (27 or 28), r, s in 32 bytes each. */
static int32_t run_recover(uint8_t *output, const uint8_t *input, uint32_t size) {
    address_t signer;
    if (size != 128 || input[63] < 27) return FAILED;
    uint32_t parity = input[63] - 27u;
    if (!zk_secp256k1_recover(output, input, input + 64, input + 96, parity)) return FAILED;
    if (!zk_ecrecover(&signer, input, input + 64, input + 96, parity)) return FAILED;
    memcpy(output + 64, &signer, 20);
    return 84;
}

/* As the precompile's, all of it there: the caller pads. */
static int32_t run_modexp(uint8_t *output, const uint8_t *input, uint32_t size) {
    uint32_t sizes[3];
    if (size < 96) return FAILED;
    for (int i = 0; i < 3; i++) {
        memcpy(&sizes[i], input + 32 * i + 28, 4);
        sizes[i] = __builtin_bswap32(sizes[i]);
    }
    bytes_t base = {input + 96, sizes[0]}, exponent = {base.data + sizes[0], sizes[1]};
    bytes_t modulus = {exponent.data + sizes[1], sizes[2]};
    uint64_t wanted = zk_modexp_scratch(base.size, modulus.size);
    if (size != 96 + (uint64_t)base.size + exponent.size + modulus.size || wanted > MOST_SCRATCH) return FAILED;
    /* No larger than asked for, so that the address sanitizer sees each step beside it. */
    uint8_t scratch[wanted] __attribute__((aligned(8)));
    zk_modexp(output, base, exponent, modulus, scratch);
    return (int32_t)modulus.size;
}

static int32_t run_bn254_add(uint8_t *output, const uint8_t *input, uint32_t size) {
    return size == 128 && zk_bn254_add(output, input) ? 64 : FAILED;
}

static int32_t run_bn254_multiply(uint8_t *output, const uint8_t *input, uint32_t size) {
    return size == 96 && zk_bn254_multiply(output, input) ? 64 : FAILED;
}

static int32_t run_bn254_pairing(uint8_t *output, const uint8_t *input, uint32_t size) {
    bool is_one;
    if (!zk_bn254_pairing(&is_one, (bytes_t){input, size})) return FAILED;
    memset(output, 0, 32);
    output[31] = is_one;
    return 32;
}

/* Nothing when the proof is right: the precompile's own output is constant. */
static int32_t run_kzg(uint8_t *output, const uint8_t *input, uint32_t size) {
    (void)output;
    return size == ZK_KZG_INPUT && zk_kzg_check(input) ? 0 : FAILED;
}

/* The number of the operation in a byte, then three operands. */
static int32_t run_u256(uint8_t *output, const uint8_t *input, uint32_t size) {
    if (size != 97) return FAILED;
    return u256_run(input[0], input + 1, input + 33, input + 65, output) ? 32 : FAILED;
}

static precompile *const PRECOMPILES[] = {run_sha256, run_ripemd160, run_blake2f, run_recover, run_modexp,
                                         run_bn254_add, run_bn254_multiply, run_bn254_pairing, run_kzg, run_keccak, run_u256};

int32_t run(uint32_t which, uint8_t *output, const uint8_t *input, uint32_t size) {
    return PRECOMPILES[which](output, input, size);
}
