/* The loop: fetch, charge, check the stack, do. Every opcode is one block; what touches state, other code or logs is
   in instructions.c and calls.c. */
#include "base/keccak.h"
#include "evm/frame.h"

/* Immediate bytes of PUSH; code is padded, so whole limbs may be read. `size` is a constant where it is called. */
static inline __attribute__((always_inline)) void push_bytes(u256 *to, const uint8_t *from, int size) {
#pragma GCC unroll 8
    for (int i = 0; i < U256_LIMBS; i++) {
        int left = size - i * (int)sizeof(limb_t);
        limb_t limb = 0;
        if (left >= (int)sizeof(limb_t)) {
            limb = limb_load(from + left - (int)sizeof(limb_t));
        } else if (left > 0) {
            limb = limb_load(from) >> (8 * ((int)sizeof(limb_t) - left));
        }
        to->limb[i] = limb;
    }
}

/* Limb by limb, so that no copy is made of a whole number. */
static inline void swap(u256 *a, u256 *b) {
#pragma GCC unroll 8
    for (int i = 0; i < U256_LIMBS; i++) {
        limb_t limb = a->limb[i];
        a->limb[i] = b->limb[i];
        b->limb[i] = limb;
    }
}

/* 32 bytes of `source` from `offset`, zeros beyond its end. */
static inline void load_padded(u256 *to, bytes_t source, const u256 *offset) {
    uint8_t word[32] = {0};
    if (!u256_fits64(offset) || u256_low(offset) >= source.size) {
        *to = u256_of(0);
        return;
    }
    uint32_t at = (uint32_t)u256_low(offset), left = source.size - at;
    if (left >= 32) {
        u256_from_bytes(to, source.data + at);
        return;
    }
    memcpy(word, source.data + at, left);
    u256_from_bytes(to, word);
}

static int end_with_output(evm *vm, evm_frame *frame, const u256 *top, evm_status status) {
    bytes_t output;
    if (!evm_reach_region(vm, frame, top, top - 1, &output)) return EVM_OUT_OF_GAS;
    uint8_t *copy = evm_output(vm, output.size);
    if (output.size) memcpy(copy, output.data, output.size);
    return status;
}

/* A file that watches includes this one with a name of its own for evm_run, and what it does before each opcode. */
#ifndef EVM_RUN
#define EVM_RUN evm_run
#define EVM_STEP
#endif

#define NEXT EVM_STEP goto *LABELS[*pc++]

/* Charges the constant part, then checks the stack: an opcode with both faults is out of gas. */
#define OP(name, code, pops, pushes)                                                                     \
    name:                                                                                                \
    gas -= costs[code];                                                                                  \
    if (ZK_UNLIKELY(gas < 0)) goto out_of_gas;                                                           \
    if ((pops) > 0 && ZK_UNLIKELY(top - bottom < (pops))) goto underflow;                                \
    if ((pushes) > (pops) && ZK_UNLIKELY(top - bottom > STACK_LIMIT - ((pushes) - (pops)))) goto overflow;

/* Something outside this file: `drop` elements are gone afterwards. */
#define OUTSIDE(call, drop)                      \
    frame->gas = gas;                            \
    status = (call);                             \
    gas = frame->gas;                            \
    if (ZK_UNLIKELY(status != EVM_SUCCESS)) goto leave; \
    top -= (drop);                               \
    NEXT;

/* The region is there already, or memory grows. */
#define REACH(offset, size, at)                                                                              \
    *(at) = (uint32_t)u256_low(offset);                                                                      \
    if (ZK_UNLIKELY(!u256_fits64(offset) || u256_low(offset) > UINT32_MAX ||                                 \
                    u256_low(offset) + (size) > frame->memory_size)) {                                       \
        frame->gas = gas;                                                                                    \
        bool has_room = evm_reach(vm, frame, offset, size, at);                                              \
        gas = frame->gas;                                                                                    \
        if (!has_room) goto out_of_gas;                                                                      \
    }

#define PUSH(n)                                                     \
    OP(push##n, 0x5f + n, 0, 1) {                                   \
        push_bytes(++top, pc, n);                                   \
        pc += n;                                                    \
        NEXT;                                                       \
    }
#define DUP(n)                                                      \
    OP(dup##n, 0x7f + n, n, n + 1) {                                \
        top[1] = top[1 - n];                                        \
        top++;                                                      \
        NEXT;                                                       \
    }
#define SWAP(n)                                                     \
    OP(swap##n, 0x8f + n, n + 1, n + 1) {                           \
        swap(top, top - n);                                         \
        NEXT;                                                       \
    }
#define LOG(n) \
    OP(log##n, 0xa0 + n, n + 2, 0) { OUTSIDE(evm_emit(vm, frame, top, n), n + 2) }
#define SIXTEEN(M) M(1) M(2) M(3) M(4) M(5) M(6) M(7) M(8) M(9) M(10) M(11) M(12) M(13) M(14) M(15) M(16)

#define LABELS16(p) \
    &&p##1, &&p##2, &&p##3, &&p##4, &&p##5, &&p##6, &&p##7, &&p##8, &&p##9, &&p##10, &&p##11, &&p##12, &&p##13, \
        &&p##14, &&p##15, &&p##16
#define NONE &&bad
#define NONE16 NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE

int EVM_RUN(evm *vm, evm_frame *frame) {
    static const void *const LABELS[256] = {
        &&stop, &&add, &&mul, &&sub, &&div, &&sdiv, &&mod, &&smod,
        &&addmod, &&mulmod, &&exp, &&signextend, NONE, NONE, NONE, NONE,
        &&lt, &&gt, &&slt, &&sgt, &&eq, &&iszero, &&and, &&or,
        &&xor, &&not, &&byte, &&shl, &&shr, &&sar, NONE, NONE,
        &&keccak, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
        NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
        &&address, &&balance, &&origin, &&caller, &&callvalue, &&calldataload, &&calldatasize, &&calldatacopy,
        &&codesize, &&codecopy, &&gasprice, &&extcodesize, &&extcodecopy, &&returndatasize, &&returndatacopy, &&extcodehash,
        &&blockhash, &&coinbase, &&timestamp, &&number, &&prevrandao, &&gaslimit, &&chainid, &&selfbalance,
        &&basefee, &&blobhash, &&blobbasefee, NONE, NONE, NONE, NONE, NONE,
        &&pop, &&mload, &&mstore, &&mstore8, &&sload, &&sstore, &&jump, &&jumpi,
        &&pc_, &&msize, &&gas_, &&jumpdest, &&tload, &&tstore, &&mcopy, &&push0,
        LABELS16(push), &&push17, &&push18, &&push19, &&push20, &&push21, &&push22, &&push23, &&push24,
        &&push25, &&push26, &&push27, &&push28, &&push29, &&push30, &&push31, &&push32,
        LABELS16(dup),
        LABELS16(swap),
        &&log0, &&log1, &&log2, &&log3, &&log4, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
        NONE16, NONE16, NONE16, NONE16,
        &&create, &&call, &&callcode, &&return_, &&delegatecall, &&create2, NONE, NONE,
        NONE, NONE, &&staticcall, NONE, NONE, &&revert, NONE, &&selfdestruct,
    };
    const int64_t *const costs = vm->rules->gas;
    u256 *const bottom = frame->stack;
    evm_code *const code = frame->code;
    const uint8_t *pc = frame->pc;
    u256 *top = frame->top;
    int64_t gas = frame->gas;
    int status;
    uint32_t at;

    NEXT;

    OP(add, 0x01, 2, 1) {
        u256_add_carry(top - 1, top, top - 1);
        top--;
        NEXT;
    }
    OP(mul, 0x02, 2, 1) {
        u256_mul(top - 1, top, top - 1);
        top--;
        NEXT;
    }
    OP(sub, 0x03, 2, 1) {
        u256_sub_borrow(top - 1, top, top - 1);
        top--;
        NEXT;
    }
    OP(div, 0x04, 2, 1) {
        u256 unused;
        u256_divide(top - 1, &unused, top, top - 1);
        top--;
        NEXT;
    }
    OP(sdiv, 0x05, 2, 1) {
        u256 unused;
        u256_divide_signed(top - 1, &unused, top, top - 1);
        top--;
        NEXT;
    }
    OP(mod, 0x06, 2, 1) {
        u256_remainder(top - 1, top, top - 1);
        top--;
        NEXT;
    }
    OP(smod, 0x07, 2, 1) {
        u256 unused;
        u256_divide_signed(&unused, top - 1, top, top - 1);
        top--;
        NEXT;
    }
    OP(addmod, 0x08, 3, 1) {
        u256_addmod(top - 2, top, top - 1, top - 2);
        top -= 2;
        NEXT;
    }
    OP(mulmod, 0x09, 3, 1) {
        u256_mulmod(top - 2, top, top - 1, top - 2);
        top -= 2;
        NEXT;
    }
    OP(exp, 0x0a, 2, 1) {
        gas -= GAS_EXPONENT_BYTE * (int64_t)u256_byte_length(top - 1);
        if (gas < 0) goto out_of_gas;
        u256_power(top - 1, top, top - 1);
        top--;
        NEXT;
    }
    OP(signextend, 0x0b, 2, 1) {
        u256_sign_extend(top - 1, top, top - 1);
        top--;
        NEXT;
    }

    OP(lt, 0x10, 2, 1) {
        top[-1] = u256_of(u256_less(top, top - 1));
        top--;
        NEXT;
    }
    OP(gt, 0x11, 2, 1) {
        top[-1] = u256_of(u256_less(top - 1, top));
        top--;
        NEXT;
    }
    OP(slt, 0x12, 2, 1) {
        top[-1] = u256_of(u256_less_signed(top, top - 1));
        top--;
        NEXT;
    }
    OP(sgt, 0x13, 2, 1) {
        top[-1] = u256_of(u256_less_signed(top - 1, top));
        top--;
        NEXT;
    }
    OP(eq, 0x14, 2, 1) {
        top[-1] = u256_of(u256_equal(top, top - 1));
        top--;
        NEXT;
    }
    OP(iszero, 0x15, 1, 1) {
        *top = u256_of(u256_is_zero(top));
        NEXT;
    }
    OP(and, 0x16, 2, 1) {
#pragma GCC unroll 8
        for (int i = 0; i < U256_LIMBS; i++) top[-1].limb[i] &= top->limb[i];
        top--;
        NEXT;
    }
    OP(or, 0x17, 2, 1) {
#pragma GCC unroll 8
        for (int i = 0; i < U256_LIMBS; i++) top[-1].limb[i] |= top->limb[i];
        top--;
        NEXT;
    }
    OP(xor, 0x18, 2, 1) {
#pragma GCC unroll 8
        for (int i = 0; i < U256_LIMBS; i++) top[-1].limb[i] ^= top->limb[i];
        top--;
        NEXT;
    }
    OP(not, 0x19, 1, 1) {
#pragma GCC unroll 8
        for (int i = 0; i < U256_LIMBS; i++) top->limb[i] = ~top->limb[i];
        NEXT;
    }
    OP(byte, 0x1a, 2, 1) {
        u256_byte(top - 1, top, top - 1);
        top--;
        NEXT;
    }
    OP(shl, 0x1b, 2, 1) {
        u256_shift_left(top - 1, top - 1, top);
        top--;
        NEXT;
    }
    OP(shr, 0x1c, 2, 1) {
        u256_shift_right(top - 1, top - 1, top);
        top--;
        NEXT;
    }
    OP(sar, 0x1d, 2, 1) {
        u256_shift_right_signed(top - 1, top - 1, top);
        top--;
        NEXT;
    }

    OP(keccak, 0x20, 2, 1) { OUTSIDE(evm_keccak(vm, frame, top), 1) }

    OP(address, 0x30, 0, 1) {
        u256_from_address(++top, &frame->self->address);
        NEXT;
    }
    OP(balance, 0x31, 1, 1) { OUTSIDE(evm_balance(vm, frame, top), 0) }
    OP(origin, 0x32, 0, 1) {
        u256_from_address(++top, &vm->origin);
        NEXT;
    }
    OP(caller, 0x33, 0, 1) {
        u256_from_address(++top, &frame->caller);
        NEXT;
    }
    OP(callvalue, 0x34, 0, 1) {
        *++top = frame->value;
        NEXT;
    }
    OP(calldataload, 0x35, 1, 1) {
        load_padded(top, frame->input, top);
        NEXT;
    }
    OP(calldatasize, 0x36, 0, 1) {
        *++top = u256_of(frame->input.size);
        NEXT;
    }
    OP(calldatacopy, 0x37, 3, 0) { OUTSIDE(evm_copy(vm, frame, top, frame->input), 3) }
    OP(codesize, 0x38, 0, 1) {
        *++top = u256_of(code->size);
        NEXT;
    }
    OP(codecopy, 0x39, 3, 0) { OUTSIDE(evm_copy(vm, frame, top, ((bytes_t){code->bytes, code->size})), 3) }
    OP(gasprice, 0x3a, 0, 1) {
        *++top = vm->gas_price;
        NEXT;
    }
    OP(extcodesize, 0x3b, 1, 1) { OUTSIDE(evm_code_size(vm, frame, top), 0) }
    OP(extcodecopy, 0x3c, 4, 0) { OUTSIDE(evm_code_copy(vm, frame, top), 4) }
    OP(returndatasize, 0x3d, 0, 1) {
        *++top = u256_of(vm->return_data.size);
        NEXT;
    }
    OP(returndatacopy, 0x3e, 3, 0) { OUTSIDE(evm_copy_returned(vm, frame, top), 3) }
    OP(extcodehash, 0x3f, 1, 1) { OUTSIDE(evm_code_hash(vm, frame, top), 0) }

    OP(blockhash, 0x40, 1, 1) { OUTSIDE(evm_block_hash(vm, frame, top), 0) }
    OP(coinbase, 0x41, 0, 1) {
        u256_from_address(++top, &vm->block->coinbase);
        NEXT;
    }
    OP(timestamp, 0x42, 0, 1) {
        *++top = u256_of(vm->block->timestamp);
        NEXT;
    }
    OP(number, 0x43, 0, 1) {
        *++top = u256_of(vm->block->number);
        NEXT;
    }
    OP(prevrandao, 0x44, 0, 1) {
        u256_from_bytes(++top, vm->block->prev_randao.bytes);
        NEXT;
    }
    OP(gaslimit, 0x45, 0, 1) {
        *++top = u256_of(vm->block->gas_limit);
        NEXT;
    }
    OP(chainid, 0x46, 0, 1) {
        *++top = vm->block->chain_id;
        NEXT;
    }
    OP(selfbalance, 0x47, 0, 1) {
        *++top = frame->self->balance;
        NEXT;
    }
    OP(basefee, 0x48, 0, 1) {
        *++top = vm->block->base_fee;
        NEXT;
    }
    OP(blobhash, 0x49, 1, 1) {
        /* No chain takes transactions with blobs, but Ethereum's tests have them. */
        if (u256_fits64(top) && u256_low(top) < vm->blob_count)
            u256_from_bytes(top, vm->blob_hashes[u256_low(top)].bytes);
        else *top = u256_of(0);
        NEXT;
    }
    OP(blobbasefee, 0x4a, 0, 1) {
        *++top = vm->block->blob_base_fee;
        NEXT;
    }

    OP(pop, 0x50, 1, 0) {
        top--;
        NEXT;
    }
    OP(mload, 0x51, 1, 1) {
        REACH(top, 32, &at)
        u256_from_bytes(top, frame->memory + at);
        NEXT;
    }
    OP(mstore, 0x52, 2, 0) {
        REACH(top, 32, &at)
        u256_to_bytes(frame->memory + at, top - 1);
        top -= 2;
        NEXT;
    }
    OP(mstore8, 0x53, 2, 0) {
        REACH(top, 1, &at)
        frame->memory[at] = (uint8_t)top[-1].limb[0];
        top -= 2;
        NEXT;
    }
    OP(sload, 0x54, 1, 1) { OUTSIDE(evm_load_slot(vm, frame, top), 0) }
    OP(sstore, 0x55, 2, 0) { OUTSIDE(evm_store_slot(vm, frame, top), 2) }
    OP(jump, 0x56, 1, 0) {
        if (ZK_UNLIKELY(!evm_is_jump_target(code, top))) goto bad_jump;
        pc = code->bytes + u256_low(top);
        top--;
        NEXT;
    }
    OP(jumpi, 0x57, 2, 0) {
        if (!u256_is_zero(top - 1)) {
            if (ZK_UNLIKELY(!evm_is_jump_target(code, top))) goto bad_jump;
            pc = code->bytes + u256_low(top);
        }
        top -= 2;
        NEXT;
    }
    OP(pc_, 0x58, 0, 1) {
        *++top = u256_of((uint64_t)(pc - 1 - code->bytes));
        NEXT;
    }
    OP(msize, 0x59, 0, 1) {
        *++top = u256_of(frame->memory_size);
        NEXT;
    }
    OP(gas_, 0x5a, 0, 1) {
        *++top = u256_of((uint64_t)gas);
        NEXT;
    }
    OP(jumpdest, 0x5b, 0, 0) { NEXT; }
    OP(tload, 0x5c, 1, 1) {
        u256 key = *top;
        vm->ops->transient(vm->state, frame->self, &key, top);
        NEXT;
    }
    OP(tstore, 0x5d, 2, 0) {
        if (frame->is_static) goto write_protection;
        vm->ops->set_transient(vm->state, frame->self, top, top - 1);
        top -= 2;
        NEXT;
    }
    OP(mcopy, 0x5e, 3, 0) { OUTSIDE(evm_copy_memory(vm, frame, top), 3) }
    OP(push0, 0x5f, 0, 1) {
        *++top = u256_of(0);
        NEXT;
    }

    SIXTEEN(PUSH)
    PUSH(17) PUSH(18) PUSH(19) PUSH(20) PUSH(21) PUSH(22) PUSH(23) PUSH(24)
    PUSH(25) PUSH(26) PUSH(27) PUSH(28) PUSH(29) PUSH(30) PUSH(31) PUSH(32)
    SIXTEEN(DUP)
    SIXTEEN(SWAP)
    LOG(0) LOG(1) LOG(2) LOG(3) LOG(4)

    OP(create, 0xf0, 3, 1) { OUTSIDE(evm_ask_create(vm, frame, top, EVM_CREATE), 2) }
    OP(call, 0xf1, 7, 1) { OUTSIDE(evm_ask_call(vm, frame, top, EVM_CALL), 6) }
    OP(callcode, 0xf2, 7, 1) { OUTSIDE(evm_ask_call(vm, frame, top, EVM_CALLCODE), 6) }
    OP(return_, 0xf3, 2, 0) {
        frame->gas = gas;
        return end_with_output(vm, frame, top, EVM_SUCCESS);
    }
    OP(delegatecall, 0xf4, 6, 1) { OUTSIDE(evm_ask_call(vm, frame, top, EVM_DELEGATECALL), 5) }
    OP(create2, 0xf5, 4, 1) { OUTSIDE(evm_ask_create(vm, frame, top, EVM_CREATE2), 3) }
    OP(staticcall, 0xfa, 6, 1) { OUTSIDE(evm_ask_call(vm, frame, top, EVM_STATICCALL), 5) }
    OP(revert, 0xfd, 2, 0) {
        frame->gas = gas;
        return end_with_output(vm, frame, top, EVM_REVERT);
    }
    OP(selfdestruct, 0xff, 1, 0) {
        frame->gas = gas;
        evm_output(vm, 0);
        return evm_self_destruct(vm, frame, top);
    }

stop:
    frame->gas = gas;
    evm_output(vm, 0);
    return EVM_SUCCESS;
leave:
    /* The instruction asks for a call, and says where the stack is when it is over; or it failed. */
    frame->pc = pc;
    return status;
bad:
    frame->pc = pc;
    return EVM_BAD_INSTRUCTION;
out_of_gas:
    frame->pc = pc;
    frame->gas = gas;
    return costs[pc[-1]] == EVM_NOT_THERE ? EVM_BAD_INSTRUCTION : EVM_OUT_OF_GAS;
underflow:
    frame->gas = gas;
    return EVM_STACK_UNDERFLOW;
overflow:
    frame->gas = gas;
    return EVM_STACK_OVERFLOW;
bad_jump:
    frame->gas = gas;
    return EVM_BAD_JUMP;
write_protection:
    frame->gas = gas;
    return EVM_WRITE_PROTECTION;
}
