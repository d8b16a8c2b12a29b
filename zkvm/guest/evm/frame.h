/* One call under way. Frames lie on each other in vm->frames: the record, its stack, its memory; only the uppermost
   runs, so its memory grows in place. */
#ifndef ZK_EVM_FRAME_H
#define ZK_EVM_FRAME_H

#include "evm/evm.h"
#include "evm/gas.h"

typedef struct evm_frame evm_frame;

struct evm_frame {
    evm_frame *parent;
    uint8_t *mark; /* vm->frames.at before this frame */
    const uint8_t *pc;
    u256 *top;   /* of the stack; stack when it is empty */
    u256 *stack; /* one below the lowest element */
    uint8_t *memory;
    uint32_t memory_size; /* a multiple of 32 */
    int64_t gas;
    evm_code *code;
    evm_account *self;
    address_t caller;
    u256 value;
    bytes_t input;
    evm_kind kind;
    bool is_static;
    uint32_t depth;
    /* To take the call back. */
    uint32_t snapshot;
    int64_t refund;
    /* Where the output of the call that this frame waits for goes. */
    uint32_t output_offset, output_size;
};

/* Beyond evm_status: the frame asks for the call in vm->next. */
enum { EVM_ENTER = 64 };

/* Runs until the frame ends or asks for a call. */
int evm_run(evm *vm, evm_frame *frame);

/* Whether a jump may go to `target`. */
bool evm_code_analyse(evm_code *code, uint32_t target);

static inline bool evm_is_jump_target(evm_code *code, const u256 *target) {
    if (!u256_fits64(target) || u256_low(target) >= code->size) return false;
    uint32_t at = (uint32_t)u256_low(target);
    if (at >= code->analysed) return evm_code_analyse(code, at);
    return (code->jump_targets[at / 8] >> (at % 8)) & 1;
}

static inline bool evm_pay(evm_frame *frame, int64_t gas) {
    frame->gas -= gas;
    return frame->gas >= 0;
}

static inline int64_t evm_words(uint64_t size) { return (int64_t)((size + 31) / 32); }

/* Grows the memory of the running frame to `size` bytes, a multiple of 32; false when gas runs out. */
bool evm_grow(evm *vm, evm_frame *frame, uint64_t size);

/* Makes `size` bytes at `offset` part of the memory and gives the offset as a number; 0 for no bytes at all. */
static inline bool evm_reach(evm *vm, evm_frame *frame, const u256 *offset, uint64_t size, uint32_t *at) {
    *at = 0;
    if (size == 0) return true;
    if (ZK_UNLIKELY(!u256_fits64(offset) || u256_low(offset) > UINT32_MAX - 31 || size > UINT32_MAX - 31)) {
        frame->gas = -1;
        return false;
    }
    uint64_t end = u256_low(offset) + size;
    *at = (uint32_t)u256_low(offset);
    return ZK_LIKELY(end <= frame->memory_size) || evm_grow(vm, frame, end);
}

/* The same for a region whose size is on the stack. */
static inline bool evm_reach_region(evm *vm, evm_frame *frame, const u256 *offset, const u256 *size, bytes_t *region) {
    uint64_t wanted = u256_fits64(size) ? u256_low(size) : UINT64_MAX;
    uint32_t at;
    if (!evm_reach(vm, frame, offset, wanted, &at)) return false;
    region->data = frame->memory + at;
    region->size = (uint32_t)wanted;
    return true;
}

/* --- Instructions that need more than the stack: they take operands at `top`, downwards, leave the result in the
   lowest one's place and charge frame->gas. EVM_SUCCESS, EVM_ENTER or how the frame fails. --- */

int evm_keccak(evm *vm, evm_frame *frame, u256 *top);
int evm_balance(evm *vm, evm_frame *frame, u256 *top);
int evm_code_size(evm *vm, evm_frame *frame, u256 *top);
int evm_code_hash(evm *vm, evm_frame *frame, u256 *top);
int evm_code_copy(evm *vm, evm_frame *frame, u256 *top);
int evm_copy(evm *vm, evm_frame *frame, u256 *top, bytes_t source);
int evm_copy_returned(evm *vm, evm_frame *frame, u256 *top);
int evm_copy_memory(evm *vm, evm_frame *frame, u256 *top);
int evm_block_hash(evm *vm, evm_frame *frame, u256 *top);
int evm_load_slot(evm *vm, evm_frame *frame, u256 *top);
int evm_store_slot(evm *vm, evm_frame *frame, u256 *top);
int evm_emit(evm *vm, evm_frame *frame, u256 *top, uint32_t topics);
int evm_self_destruct(evm *vm, evm_frame *frame, u256 *top);
int evm_ask_call(evm *vm, evm_frame *frame, u256 *top, evm_kind kind);
int evm_ask_create(evm *vm, evm_frame *frame, u256 *top, evm_kind kind);

#endif
