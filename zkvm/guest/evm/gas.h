/* What things cost beyond the constants of the opcode table, in gas. */
#ifndef ZK_EVM_GAS_H
#define ZK_EVM_GAS_H

enum {
    GAS_WARM = 100,
    GAS_COLD_ACCOUNT = 2600, /* EIP-2929 */
    GAS_COLD_SLOT = 2100,
    GAS_SLOT_SET = 20000, /* EIP-2200 */
    GAS_SLOT_RESET = 2900,
    GAS_SLOT_STIPEND = 2300,
    REFUND_SLOT_CLEAR = 4800, /* EIP-3529 */
    GAS_WORD_COPY = 3,
    GAS_WORD_HASH = 6,
    GAS_WORD_INIT_CODE = 2, /* EIP-3860 */
    GAS_EXPONENT_BYTE = 50,
    GAS_LOG_BYTE = 8,
    GAS_CALL_VALUE = 9000,
    GAS_CALL_STIPEND = 2300,
    GAS_NEW_ACCOUNT = 25000,
    GAS_CODE_BYTE = 200,
    MAX_CODE_BYTES = 24576, /* EIP-170 */
    MAX_INIT_CODE_BYTES = 49152,
    MAX_DEPTH = 1024,
    STACK_LIMIT = 1024,
};

#endif
