/* Cancun. */
#include "evm/evm.h"
#include "evm/precompiles.h"

const evm_rules EVM_CANCUN = {
    .gas =
        {
            [0x00] = 0,                                                                             /* STOP */
            [0x01] = 3, [0x02] = 5, [0x03] = 3, [0x04 ... 0x07] = 5, [0x08] = 8, [0x09] = 8,         /* arithmetic */
            [0x0a] = 10, [0x0b] = 5, [0x0c ... 0x0f] = EVM_NOT_THERE,                                /* EXP */
            [0x10 ... 0x1d] = 3, [0x1e ... 0x1f] = EVM_NOT_THERE,                                    /* bits */
            [0x20] = 30, [0x21 ... 0x2f] = EVM_NOT_THERE,                                            /* KECCAK256 */
            [0x30] = 2, [0x31] = 100, [0x32 ... 0x34] = 2, [0x35] = 3, [0x36] = 2, [0x37] = 3,       /* call */
            [0x38] = 2, [0x39] = 3, [0x3a] = 2, [0x3b ... 0x3c] = 100, [0x3d] = 2, [0x3e] = 3,
            [0x3f] = 100,
            [0x40] = 20, [0x41 ... 0x46] = 2, [0x47] = 5, [0x48] = 2, [0x49] = 3, [0x4a] = 2,        /* block */
            [0x4b ... 0x4f] = EVM_NOT_THERE,
            [0x50] = 2, [0x51 ... 0x53] = 3, [0x54] = 100, [0x55] = 0, [0x56] = 8, [0x57] = 10,      /* memory, slots */
            [0x58 ... 0x5a] = 2, [0x5b] = 1, [0x5c ... 0x5d] = 100, [0x5e] = 3, [0x5f] = 2,
            [0x60 ... 0x9f] = 3,                                                                    /* PUSH DUP SWAP */
            [0xa0] = 375, [0xa1] = 750, [0xa2] = 1125, [0xa3] = 1500, [0xa4] = 1875,                 /* LOG */
            [0xa5 ... 0xef] = EVM_NOT_THERE,
            [0xf0] = 32000, [0xf1 ... 0xf2] = 100, [0xf3] = 0, [0xf4] = 100, [0xf5] = 32000,         /* calls */
            [0xf6 ... 0xf9] = EVM_NOT_THERE, [0xfa] = 100, [0xfb ... 0xfc] = EVM_NOT_THERE,
            [0xfd] = 0, [0xfe] = EVM_NOT_THERE, [0xff] = 5000,
        },
    .precompiles =
        {
            {evm_gas_recover, evm_run_recover},
            {evm_gas_sha256, evm_run_sha256},
            {evm_gas_ripemd160, evm_run_ripemd160},
            {evm_gas_identity, evm_run_identity},
            {evm_gas_modexp, evm_run_modexp},
            {evm_gas_bn254_add, evm_run_bn254_add},
            {evm_gas_bn254_mul, evm_run_bn254_mul},
            {evm_gas_bn254_pairing, evm_run_bn254_pairing},
            {evm_gas_blake2f, evm_run_blake2f},
            {evm_gas_kzg, evm_run_kzg},
        },
};
