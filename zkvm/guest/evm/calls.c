/* Calls beginning and ending. The calls of a transaction are one loop, not recursion: the guest's stack is small, and
   the host may run it on any thread. */
#include "base/keccak.h"
#include "evm/frame.h"

void evm_created_address(address_t *created, const address_t *creator, uint64_t nonce) {
    /* RLP of [address, nonce]. */
    uint8_t image[31];
    hash_t digest;
    uint32_t size = 22, bytes = 0;
    while (bytes < 8 && nonce >> (8 * bytes)) bytes++;
    image[1] = 0x80 + 20;
    memcpy(image + 2, creator, 20);
    if (nonce == 0 || nonce > 0x7f) image[size++] = (uint8_t)(0x80 + bytes);
    for (uint32_t i = bytes; i > 0; i--) image[size++] = (uint8_t)(nonce >> (8 * (i - 1)));
    image[0] = (uint8_t)(0xc0 + size - 1);
    keccak256(&digest, image, size);
    memcpy(created, digest.bytes + 12, 20);
}

uint32_t evm_precompile_number(const address_t *address) {
    for (int i = 0; i < 19; i++)
        if (address->bytes[i]) return 0;
    return address->bytes[19] <= EVM_PRECOMPILES ? address->bytes[19] : 0;
}

static bool is_creation(evm_kind kind) { return kind == EVM_CREATE || kind == EVM_CREATE2; }

static void transfer(evm *vm, const address_t *from, evm_account *to, const u256 *value) {
    if (u256_is_zero(value)) {
        vm->ops->touch(vm->state, to);
        return;
    }
    evm_account *payer = vm->ops->account(vm->state, from);
    u256 left, sum;
    u256_sub_borrow(&left, &payer->balance, value);
    vm->ops->set_balance(vm->state, payer, &left);
    u256_add_carry(&sum, &to->balance, value);
    vm->ops->set_balance(vm->state, to, &sum);
}

/* A frame on top of the others, and room for its stack. */
static evm_frame *push_frame(evm *vm, evm_frame *parent, const evm_message *message, size_t extra, uint8_t **room) {
    uint8_t *mark = vm->frames.at;
    evm_frame *frame = zk_take(vm->context, &vm->frames, sizeof *frame);
    *room = zk_take(vm->context, &vm->frames, extra);
    u256 *stack = zk_take(vm->context, &vm->frames, (STACK_LIMIT + 1) * sizeof(u256));
    frame->parent = parent;
    frame->mark = mark;
    frame->top = frame->stack = stack;
    frame->memory = vm->frames.at;
    frame->memory_size = 0;
    frame->gas = (int64_t)message->gas;
    frame->caller = message->caller;
    frame->value = message->value;
    frame->kind = message->kind;
    frame->is_static = message->is_static;
    frame->depth = message->depth;
    return frame;
}

static evm_status run_precompile(evm *vm, const evm_message *message, uint32_t number, uint64_t *gas_left) {
    const evm_precompile *precompile = &vm->rules->precompiles[number - 1];
    int64_t gas = precompile->gas(message->input);
    *gas_left = 0;
    if ((uint64_t)gas > message->gas) return EVM_OUT_OF_GAS;
    if (!precompile->run(vm, message->input)) return EVM_PRECOMPILE_FAILED;
    *gas_left = message->gas - (uint64_t)gas;
    return EVM_SUCCESS;
}

/* What a call left behind when it had no frame. */
typedef struct {
    evm_status status;
    uint64_t gas_left;
} ending;

/* Takes back what the call did; only a revert keeps gas and output. */
static ending failed(evm *vm, evm_status status, uint64_t gas, uint32_t snapshot, int64_t refund) {
    vm->ops->revert(vm->state, snapshot);
    vm->refund = refund;
    if (status == EVM_REVERT) return (ending){status, gas};
    evm_output(vm, 0);
    return (ending){status, 0};
}

static evm_frame *begin_creation(evm *vm, evm_frame *parent, const evm_message *message, uint32_t snapshot,
                                 ending *end) {
    const evm_state_ops *ops = vm->ops;
    evm_account *account = ops->account(vm->state, &message->target);
    if (account->nonce || account->has_storage || evm_has_code(account)) {
        *end = failed(vm, EVM_COLLISION, 0, snapshot, vm->refund);
        return NULL;
    }
    ops->create(vm->state, account);
    ops->set_nonce(vm->state, account, 1);
    if (!u256_is_zero(&message->value)) transfer(vm, &message->caller, account, &message->value);
    /* Init code is in the caller's memory or in a transaction: it gets its padding here. */
    const uint32_t size = message->input.size;
    uint8_t *room;
    evm_frame *frame = push_frame(vm, parent, message, sizeof(evm_code) + size + EVM_CODE_PADDING + size / 8 + 1, &room);
    evm_code *code = (evm_code *)(void *)room;
    uint8_t *bytes = room + sizeof *code;
    if (size) memcpy(bytes, message->input.data, size);
    memset(bytes + size, 0, EVM_CODE_PADDING);
    *code = (evm_code){.bytes = bytes, .size = size, .jump_targets = bytes + size + EVM_CODE_PADDING};
    frame->code = code;
    frame->self = account;
    frame->input = (bytes_t){bytes, 0};
    return frame;
}

static evm_frame *begin_call(evm *vm, evm_frame *parent, const evm_message *message, uint32_t snapshot, ending *end) {
    const evm_state_ops *ops = vm->ops;
    evm_account *self = ops->account(vm->state, &message->target);
    if (message->kind == EVM_CALL) transfer(vm, &message->caller, self, &message->value);
    else if (message->kind == EVM_STATICCALL) ops->touch(vm->state, self);
    uint32_t number = evm_precompile_number(&message->code);
    if (number) {
        end->status = run_precompile(vm, message, number, &end->gas_left);
        if (end->status != EVM_SUCCESS) *end = failed(vm, end->status, 0, snapshot, vm->refund);
        return NULL;
    }
    bool own_code = message->kind == EVM_CALL || message->kind == EVM_STATICCALL;
    evm_account *holder = own_code ? self : ops->account(vm->state, &message->code);
    evm_code *code = ops->code(vm->state, holder);
    if (code->size == 0) {
        *end = (ending){EVM_SUCCESS, message->gas};
        return NULL;
    }
    uint8_t *room;
    evm_frame *frame = push_frame(vm, parent, message, 0, &room);
    frame->code = code;
    frame->self = self;
    frame->input = message->input;
    return frame;
}

/* The frame of a call, or NULL when it has ended already. */
static evm_frame *begin(evm *vm, evm_frame *parent, const evm_message *message, ending *end) {
    uint32_t snapshot = vm->ops->snapshot(vm->state);
    int64_t refund = vm->refund;
    evm_output(vm, 0);
    if (ZK_UNLIKELY(vm->watch != NULL)) vm->watch->begin(vm, parent, message);
    evm_frame *frame = is_creation(message->kind) ? begin_creation(vm, parent, message, snapshot, end)
                                                  : begin_call(vm, parent, message, snapshot, end);
    if (!frame) return NULL;
    frame->snapshot = snapshot;
    frame->refund = refund;
    frame->pc = frame->code->bytes;
    return frame;
}

/* What init code returns becomes the new contract's code. */
static evm_status deposit(evm *vm, evm_frame *frame) {
    bytes_t code = vm->return_data;
    if (code.size > MAX_CODE_BYTES) return EVM_CODE_TOO_LARGE;
    if (code.size && code.data[0] == 0xef) return EVM_CODE_PREFIX;
    if (!evm_pay(frame, GAS_CODE_BYTE * (int64_t)code.size)) return EVM_OUT_OF_GAS;
    if (code.size) vm->ops->set_code(vm->state, frame->self, code);
    return EVM_SUCCESS;
}

static ending finish(evm *vm, evm_frame *frame, evm_status status) {
    if (status == EVM_SUCCESS && is_creation(frame->kind)) status = deposit(vm, frame);
    vm->frames.at = frame->mark;
    if (status != EVM_SUCCESS) return failed(vm, status, (uint64_t)frame->gas, frame->snapshot, frame->refund);
    return (ending){status, (uint64_t)frame->gas};
}

/* The caller goes on: result on its stack, output in its memory. */
static void resume(evm *vm, evm_frame *frame, const evm_message *message, ending end) {
    frame->gas += (int64_t)end.gas_left;
    u256 *result = ++frame->top;
    bool succeeded = end.status == EVM_SUCCESS;
    if (!is_creation(message->kind)) {
        *result = u256_of(succeeded);
        uint32_t size = vm->return_data.size < frame->output_size ? vm->return_data.size : frame->output_size;
        if (size) memcpy(frame->memory + frame->output_offset, vm->return_data.data, size);
        return;
    }
    *result = u256_of(0);
    if (succeeded) {
        u256_from_address(result, &message->target);
        evm_output(vm, 0);
    }
}

static void ended(evm *vm, ending end) {
    if (ZK_UNLIKELY(vm->watch != NULL)) vm->watch->end(vm, end.status, end.gas_left);
}

evm_result evm_call(evm *vm, const evm_message *message) {
    ending end = {EVM_SUCCESS, 0};
    uint8_t opcode = 0;
    uint32_t at = 0;
    evm_frame *frame = begin(vm, NULL, message, &end);
    if (!frame) ended(vm, end);
    while (frame) {
        int status = vm->watch ? vm->watch->run(vm, frame) : evm_run(vm, frame);
        evm_frame *parent = frame, *child = NULL;
        evm_message over = {.kind = frame->kind, .target = frame->self->address};
        if (status == EVM_ENTER) {
            over.kind = vm->next.kind;
            over.target = vm->next.target;
            child = begin(vm, frame, &vm->next, &end);
        } else {
            if (status == EVM_BAD_INSTRUCTION) {
                opcode = frame->pc[-1];
                at = (uint32_t)(frame->pc - 1 - frame->code->bytes);
            }
            parent = frame->parent;
            end = finish(vm, frame, (evm_status)status);
        }
        if (!child) ended(vm, end);
        if (!child && parent) resume(vm, parent, &over, end);
        frame = child ? child : parent;
    }
    evm_result result = {.status = end.status, .opcode = opcode, .at = at, .gas_left = end.gas_left};
    result.output = vm->return_data;
    return result;
}
