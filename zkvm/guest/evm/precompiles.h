/* What each precompile costs and how it is run. */
#ifndef ZK_EVM_PRECOMPILES_H
#define ZK_EVM_PRECOMPILES_H

#include "evm/evm.h"

int64_t evm_gas_recover(bytes_t input);
int64_t evm_gas_sha256(bytes_t input);
int64_t evm_gas_ripemd160(bytes_t input);
int64_t evm_gas_identity(bytes_t input);
int64_t evm_gas_modexp(bytes_t input);
int64_t evm_gas_bn254_add(bytes_t input);
int64_t evm_gas_bn254_mul(bytes_t input);
int64_t evm_gas_bn254_pairing(bytes_t input);
int64_t evm_gas_blake2f(bytes_t input);
int64_t evm_gas_kzg(bytes_t input);

bool evm_run_recover(evm *vm, bytes_t input);
bool evm_run_sha256(evm *vm, bytes_t input);
bool evm_run_ripemd160(evm *vm, bytes_t input);
bool evm_run_identity(evm *vm, bytes_t input);
bool evm_run_modexp(evm *vm, bytes_t input);
bool evm_run_bn254_add(evm *vm, bytes_t input);
bool evm_run_bn254_mul(evm *vm, bytes_t input);
bool evm_run_bn254_pairing(evm *vm, bytes_t input);
bool evm_run_blake2f(evm *vm, bytes_t input);
bool evm_run_kzg(evm *vm, bytes_t input);

#endif
