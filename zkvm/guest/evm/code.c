#include "evm/frame.h"

enum { JUMPDEST = 0x5b, PUSH1 = 0x60, PUSH32 = 0x7f };

evm_code *evm_code_make(zk_context *context, const hash_t *hash, bytes_t bytes) {
    evm_code *code = zk_alloc(context, sizeof *code);
    uint8_t *copy = zk_alloc(context, (size_t)bytes.size + EVM_CODE_PADDING);
    if (bytes.size) memcpy(copy, bytes.data, bytes.size);
    memset(copy + bytes.size, 0, EVM_CODE_PADDING);
    *code = (evm_code){.bytes = copy, .size = bytes.size, .hash = *hash};
    code->jump_targets = zk_alloc(context, (size_t)bytes.size / 8 + 1);
    return code;
}

bool evm_code_analyse(evm_code *code, uint32_t target) {
    uint32_t at = code->analysed;
    uint8_t *bits = code->jump_targets;
    if (at == 0) memset(bits, 0, (size_t)code->size / 8 + 1);
    while (at <= target) {
        uint8_t op = code->bytes[at];
        if (op == JUMPDEST) bits[at / 8] |= (uint8_t)(1 << (at % 8));
        at += op >= PUSH1 && op <= PUSH32 ? (uint32_t)(op - PUSH1) + 2 : 1;
    }
    code->analysed = at;
    return (bits[target / 8] >> (target % 8)) & 1;
}
