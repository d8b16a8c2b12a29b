#include "evm/precompiles.h"

#include "crypto/blake2f.h"
#include "crypto/bn254.h"
#include "crypto/kzg.h"
#include "crypto/modexp.h"
#include "crypto/ripemd160.h"
#include "crypto/secp256k1.h"
#include "crypto/sha256.h"

static int64_t by_words(bytes_t input, int64_t base, int64_t word) {
    return base + word * (((int64_t)input.size + 31) / 32);
}

int64_t evm_gas_recover(bytes_t input) {
    (void)input;
    return 3000;
}

int64_t evm_gas_sha256(bytes_t input) { return by_words(input, 60, 12); }
int64_t evm_gas_ripemd160(bytes_t input) { return by_words(input, 600, 120); }
int64_t evm_gas_identity(bytes_t input) { return by_words(input, 15, 3); }

int64_t evm_gas_bn254_add(bytes_t input) {
    (void)input;
    return 150; /* EIP-1108 */
}

int64_t evm_gas_bn254_mul(bytes_t input) {
    (void)input;
    return 6000;
}

int64_t evm_gas_bn254_pairing(bytes_t input) { return 45000 + 34000 * (int64_t)(input.size / 192); }

int64_t evm_gas_kzg(bytes_t input) {
    (void)input;
    return 50000; /* EIP-4844 */
}

/* One a round; the input's size is checked when it is run (EIP-152). */
int64_t evm_gas_blake2f(bytes_t input) {
    int64_t rounds = 0;
    if (input.size < 4) return 0;
    for (int i = 0; i < 4; i++) rounds = rounds << 8 | input.data[i];
    return rounds;
}

/* `size` bytes of the input from `at`, at most 32, with zeros beyond its end. */
static u256 number_at(bytes_t input, uint64_t at, uint32_t size) {
    uint8_t bytes[32] = {0};
    u256 number;
    for (uint32_t i = 0; i < size; i++)
        if (at + i < input.size) bytes[32 - size + i] = input.data[at + i];
    u256_from_bytes(&number, bytes);
    return number;
}

static int bit_length(const u256 *a) {
    int bits = 256;
    u256 rest = *a;
    while (bits > 0 && !u256_is_negative(&rest)) {
        u256_add_carry(&rest, &rest, &rest);
        bits--;
    }
    return bits;
}

/* EIP-2565. Sizes of 2^32 and more never fit a call's gas, unless base and modulus are empty. */
int64_t evm_gas_modexp(bytes_t input) {
    u256 sizes[3];
    for (uint32_t i = 0; i < 3; i++) sizes[i] = number_at(input, 32 * i, 32);
    if (u256_is_zero(&sizes[0]) && u256_is_zero(&sizes[2])) return 200;
    for (int i = 0; i < 3; i++)
        if (!u256_fits64(&sizes[i]) || u256_low(&sizes[i]) > UINT32_MAX) return INT64_MAX;
    uint64_t base = u256_low(&sizes[0]), exponent = u256_low(&sizes[1]), modulus = u256_low(&sizes[2]);
    u256 head = number_at(input, 96 + base, exponent < 32 ? (uint32_t)exponent : 32);
    uint64_t iterations = exponent > 32 ? 8 * (exponent - 32) : 0;
    int bits = bit_length(&head);
    if (bits > 1) iterations += (uint64_t)bits - 1;
    if (iterations == 0) iterations = 1;
    uint64_t words = ((base > modulus ? base : modulus) + 7) / 8;
    u256 gas = u256_of(words * words), factor = u256_of(iterations), three = u256_of(3), rest;
    u256_mul(&gas, &gas, &factor);
    u256_divide(&gas, &rest, &gas, &three);
    if (!u256_fits64(&gas) || u256_low(&gas) >= INT64_MAX) return INT64_MAX;
    int64_t price = (int64_t)u256_low(&gas);
    return price > 200 ? price : 200;
}

/* --- Running --- */

/* The input as `size` bytes: cut, or with zeros where it ends early. */
static void fit(uint8_t *to, uint32_t size, bytes_t input) {
    memset(to, 0, size);
    if (input.size) memcpy(to, input.data, input.size < size ? input.size : size);
}

/* Hash, v as a whole word, r, s; anything but a signature gives nothing, and that is no failure. */
bool evm_run_recover(evm *vm, bytes_t input) {
    uint8_t words[128];
    address_t signer;
    u256 v;
    fit(words, sizeof words, input);
    u256_from_bytes(&v, words + 32);
    evm_output(vm, 0);
    if (!u256_fits64(&v) || u256_low(&v) < 27 || u256_low(&v) > 28) return true;
    if (!zk_ecrecover(&signer, words, words + 64, words + 96, (uint32_t)u256_low(&v) - 27)) return true;
    uint8_t *output = evm_output(vm, 32);
    memset(output, 0, 12);
    memcpy(output + 12, &signer, 20);
    return true;
}

bool evm_run_sha256(evm *vm, bytes_t input) {
    zk_sha256(evm_output(vm, 32), input.data, input.size);
    return true;
}

bool evm_run_ripemd160(evm *vm, bytes_t input) {
    uint8_t *output = evm_output(vm, 32);
    memset(output, 0, 12);
    zk_ripemd160(output + 12, input.data, input.size);
    return true;
}

/* Sizes of base, exponent and modulus, then they themselves; what the input lacks is zeros. The price has been paid, so
   the sizes are what memory can hold. */
bool evm_run_modexp(evm *vm, bytes_t input) {
    u256 sizes[3];
    for (uint32_t i = 0; i < 3; i++) sizes[i] = number_at(input, 32 * i, 32);
    uint8_t *mark = vm->frames.at;
    evm_output(vm, 0);
    if (u256_is_zero(&sizes[2])) return true;
    uint32_t base = (uint32_t)u256_low(&sizes[0]), exponent = (uint32_t)u256_low(&sizes[1]);
    uint32_t modulus = (uint32_t)u256_low(&sizes[2]);
    size_t size = (size_t)base + exponent + modulus, given = input.size > 96 ? input.size - 96 : 0;
    uint8_t *operands = zk_take(vm->context, &vm->frames, size);
    memset(operands, 0, size);
    if (given) memcpy(operands, input.data + 96, given < size ? given : size);
    void *scratch = zk_take(vm->context, &vm->frames, (size_t)zk_modexp_scratch(base, modulus));
    zk_modexp(evm_output(vm, modulus), (bytes_t){operands, base}, (bytes_t){operands + base, exponent},
              (bytes_t){operands + base + exponent, modulus}, scratch);
    vm->frames.at = mark;
    return true;
}

bool evm_run_bn254_add(evm *vm, bytes_t input) {
    uint8_t points[128];
    fit(points, sizeof points, input);
    return zk_bn254_add(evm_output(vm, 64), points);
}

bool evm_run_bn254_mul(evm *vm, bytes_t input) {
    uint8_t point_and_scalar[96];
    fit(point_and_scalar, sizeof point_and_scalar, input);
    return zk_bn254_multiply(evm_output(vm, 64), point_and_scalar);
}

bool evm_run_bn254_pairing(evm *vm, bytes_t input) {
    bool is_one;
    if (!zk_bn254_pairing(&is_one, input)) return false;
    uint8_t *output = evm_output(vm, 32);
    memset(output, 0, 32);
    output[31] = is_one;
    return true;
}

bool evm_run_blake2f(evm *vm, bytes_t input) { return zk_blake2f(evm_output(vm, 64), input); }

/* What a right proof gives: the number of elements in a blob, and the modulus of the field that they are in. */
static const uint8_t KZG_OUTPUT[64] = {
    [30] = 0x10, [32] = 0x73, 0xed, 0xa7, 0x53, 0x29, 0x9d, 0x7d, 0x48, 0x33, 0x39, 0xd8, 0x08, 0x09, 0xa1, 0xd8, 0x05,
    0x53, 0xbd, 0xa4, 0x02, 0xff, 0xfe, 0x5b, 0xfe, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x01,
};

bool evm_run_kzg(evm *vm, bytes_t input) {
    if (input.size != ZK_KZG_INPUT || !zk_kzg_check(input.data)) return false;
    memcpy(evm_output(vm, sizeof KZG_OUTPUT), KZG_OUTPUT, sizeof KZG_OUTPUT);
    return true;
}

bool evm_run_identity(evm *vm, bytes_t input) {
    uint8_t *output = evm_output(vm, input.size);
    if (input.size) memcpy(output, input.data, input.size);
    return true;
}
