/* Instructions on memory and state. */
#include "base/keccak.h"
#include "evm/frame.h"

bool evm_grow(evm *vm, evm_frame *frame, uint64_t size) {
    int64_t now = evm_words(frame->memory_size), words = evm_words(size);
    int64_t cost = GAS_WORD_COPY * (words - now) + words * words / 512 - now * now / 512;
    if (!evm_pay(frame, cost)) return false;
    uint32_t more = (uint32_t)(words - now) * 32;
    if (ZK_UNLIKELY(more > (size_t)(vm->frames.end - vm->frames.at))) zk_fail(vm->context, ZK_OUT_OF_MEMORY);
    memset(vm->frames.at, 0, more);
    vm->frames.at += more;
    frame->memory_size += more;
    return true;
}

uint8_t *evm_output(evm *vm, uint32_t size) {
    if (ZK_UNLIKELY(size > (size_t)(vm->returned.end - vm->returned.at))) zk_fail(vm->context, ZK_OUT_OF_MEMORY);
    vm->return_data = (bytes_t){vm->returned.at, size};
    return vm->returned.at;
}

int evm_keccak(evm *vm, evm_frame *frame, u256 *top) {
    bytes_t data;
    hash_t digest;
    if (!evm_reach_region(vm, frame, top, top - 1, &data)) return EVM_OUT_OF_GAS;
    if (!evm_pay(frame, GAS_WORD_HASH * evm_words(data.size))) return EVM_OUT_OF_GAS;
    keccak256(&digest, data.data, data.size);
    u256_from_bytes(top - 1, digest.bytes);
    return EVM_SUCCESS;
}

/* --- Other accounts --- */

/* The account whose address is on the stack, and what it costs more when this is the first use of it. What cannot be
   paid for is not loaded: no witness has to have it. */
static evm_account *visit(evm *vm, evm_frame *frame, const u256 *word, int64_t cold_gas) {
    address_t address;
    u256_to_address(&address, word);
    if (ZK_UNLIKELY(frame->gas < cold_gas) && !evm_precompile_number(&address) &&
        !vm->ops->is_warm(vm->state, &address, NULL))
        return NULL;
    evm_account *account = vm->ops->account(vm->state, &address);
    if (!account->is_warm && !evm_precompile_number(&address)) {
        if (!evm_pay(frame, cold_gas)) return NULL;
        vm->ops->warm_account(vm->state, account);
    }
    return account;
}

bool evm_has_code(const evm_account *account) {
    static const hash_t EMPTY_CODE = {{0xc5, 0xd2, 0x46, 0x01, 0x86, 0xf7, 0x23, 0x3c, 0x92, 0x7e, 0x7d,
                                       0xb2, 0xdc, 0xc7, 0x03, 0xc0, 0xe5, 0x00, 0xb6, 0x53, 0xca, 0x82,
                                       0x27, 0x3b, 0x7b, 0xfa, 0xd8, 0x04, 0x5d, 0x85, 0xa4, 0x70}};
    return !hash_equal(&account->code_hash, &EMPTY_CODE);
}

bool evm_is_empty(const evm_account *account) {
    return account->nonce == 0 && u256_is_zero(&account->balance) && !evm_has_code(account);
}

int evm_balance(evm *vm, evm_frame *frame, u256 *top) {
    const evm_account *account = visit(vm, frame, top, GAS_COLD_ACCOUNT - GAS_WARM);
    if (!account) return EVM_OUT_OF_GAS;
    *top = account->balance;
    return EVM_SUCCESS;
}

int evm_code_size(evm *vm, evm_frame *frame, u256 *top) {
    evm_account *account = visit(vm, frame, top, GAS_COLD_ACCOUNT - GAS_WARM);
    if (!account) return EVM_OUT_OF_GAS;
    *top = u256_of(vm->ops->code(vm->state, account)->size);
    return EVM_SUCCESS;
}

int evm_code_hash(evm *vm, evm_frame *frame, u256 *top) {
    const evm_account *account = visit(vm, frame, top, GAS_COLD_ACCOUNT - GAS_WARM);
    if (!account) return EVM_OUT_OF_GAS;
    if (evm_is_empty(account)) *top = u256_of(0);
    else u256_from_bytes(top, account->code_hash.bytes);
    return EVM_SUCCESS;
}

/* --- Copies into memory: zeros beyond the source's end --- */

/* Operands: where to, where from, how much. */
static bool copy(evm *vm, evm_frame *frame, const u256 *operands, bytes_t source) {
    bytes_t region;
    if (!evm_reach_region(vm, frame, operands, operands - 2, &region)) return false;
    if (!evm_pay(frame, GAS_WORD_COPY * evm_words(region.size))) return false;
    const u256 *from = operands - 1;
    uint8_t *to = frame->memory + (region.data - frame->memory);
    uint32_t available = 0;
    if (u256_fits64(from) && u256_low(from) < source.size) available = source.size - (uint32_t)u256_low(from);
    if (available > region.size) available = region.size;
    if (available) memcpy(to, source.data + u256_low(from), available);
    if (region.size > available) memset(to + available, 0, region.size - available);
    return true;
}

int evm_copy(evm *vm, evm_frame *frame, u256 *top, bytes_t source) {
    return copy(vm, frame, top, source) ? EVM_SUCCESS : EVM_OUT_OF_GAS;
}

int evm_copy_returned(evm *vm, evm_frame *frame, u256 *top) {
    u256 end;
    bool over = u256_add_carry(&end, top - 1, top - 2);
    if (over || !u256_fits64(&end) || u256_low(&end) > vm->return_data.size) return EVM_OUT_OF_BOUNDS;
    return copy(vm, frame, top, vm->return_data) ? EVM_SUCCESS : EVM_OUT_OF_GAS;
}

int evm_code_copy(evm *vm, evm_frame *frame, u256 *top) {
    evm_account *account = visit(vm, frame, top, GAS_COLD_ACCOUNT - GAS_WARM);
    if (!account) return EVM_OUT_OF_GAS;
    const evm_code *code = vm->ops->code(vm->state, account);
    return evm_copy(vm, frame, top - 1, (bytes_t){code->bytes, code->size});
}

int evm_copy_memory(evm *vm, evm_frame *frame, u256 *top) {
    const u256 *size = top - 2;
    bytes_t from, to;
    if (!evm_reach_region(vm, frame, top - 1, size, &from)) return EVM_OUT_OF_GAS;
    if (!evm_reach_region(vm, frame, top, size, &to)) return EVM_OUT_OF_GAS;
    if (!evm_pay(frame, GAS_WORD_COPY * evm_words(to.size))) return EVM_OUT_OF_GAS;
    if (to.size == 0) return EVM_SUCCESS;
    uint8_t *target = frame->memory + (to.data - frame->memory);
    if (target + to.size <= from.data || from.data + to.size <= target) memcpy(target, from.data, to.size);
    else memmove(target, from.data, to.size);
    return EVM_SUCCESS;
}

int evm_block_hash(evm *vm, evm_frame *frame, u256 *top) {
    (void)frame;
    const evm_block *block = vm->block;
    const hash_t *hash = NULL;
    if (u256_fits64(top)) {
        uint64_t number = u256_low(top);
        if (number < block->number && block->number - number <= 256) hash = block->block_hash(block->self, number);
    }
    if (hash) u256_from_bytes(top, hash->bytes);
    else *top = u256_of(0);
    return EVM_SUCCESS;
}

/* --- Storage and logs --- */

int evm_load_slot(evm *vm, evm_frame *frame, u256 *top) {
    if (ZK_UNLIKELY(frame->gas < GAS_COLD_SLOT - GAS_WARM) &&
        !vm->ops->is_warm(vm->state, &frame->self->address, top))
        return EVM_OUT_OF_GAS;
    evm_slot *slot = vm->ops->slot(vm->state, frame->self, top);
    if (!slot->is_warm) {
        if (!evm_pay(frame, GAS_COLD_SLOT - GAS_WARM)) return EVM_OUT_OF_GAS;
        vm->ops->warm_slot(vm->state, slot);
    }
    *top = slot->value;
    return EVM_SUCCESS;
}

/* EIP-2200 with the prices of EIP-2929 and EIP-3529. */
static int64_t store_gas(const evm_slot *slot, const u256 *value) {
    if (u256_equal(&slot->value, value) || !u256_equal(&slot->original, &slot->value)) return GAS_WARM;
    return u256_is_zero(&slot->original) ? GAS_SLOT_SET : GAS_SLOT_RESET;
}

static int64_t store_refund(const evm_slot *slot, const u256 *value) {
    if (u256_equal(&slot->value, value)) return 0;
    bool was_zero = u256_is_zero(&slot->original);
    int64_t refund = 0;
    if (!was_zero && u256_is_zero(&slot->value)) refund -= REFUND_SLOT_CLEAR;
    if (!was_zero && u256_is_zero(value)) refund += REFUND_SLOT_CLEAR;
    /* A slot that is as it was costs as much as reading it: what the first write cost more comes back. */
    if (!u256_equal(&slot->value, &slot->original) && u256_equal(value, &slot->original))
        refund += (was_zero ? GAS_SLOT_SET : GAS_SLOT_RESET) - GAS_WARM;
    return refund;
}

int evm_store_slot(evm *vm, evm_frame *frame, u256 *top) {
    if (frame->is_static) return EVM_WRITE_PROTECTION;
    if (frame->gas <= GAS_SLOT_STIPEND) return EVM_OUT_OF_GAS;
    const u256 *value = top - 1;
    evm_slot *slot = vm->ops->slot(vm->state, frame->self, top);
    if (!slot->is_warm) {
        if (!evm_pay(frame, GAS_COLD_SLOT)) return EVM_OUT_OF_GAS;
        vm->ops->warm_slot(vm->state, slot);
    }
    if (!evm_pay(frame, store_gas(slot, value))) return EVM_OUT_OF_GAS;
    vm->refund += store_refund(slot, value);
    vm->ops->set_slot(vm->state, frame->self, slot, value);
    return EVM_SUCCESS;
}

int evm_emit(evm *vm, evm_frame *frame, u256 *top, uint32_t topics) {
    if (frame->is_static) return EVM_WRITE_PROTECTION;
    evm_log log = {.address = frame->self->address, .topic_count = topics};
    if (!evm_reach_region(vm, frame, top, top - 1, &log.data)) return EVM_OUT_OF_GAS;
    if (!evm_pay(frame, GAS_LOG_BYTE * (int64_t)log.data.size)) return EVM_OUT_OF_GAS;
    for (uint32_t i = 0; i < topics; i++) log.topics[i] = *(top - 2 - i);
    if (ZK_UNLIKELY(vm->watch != NULL)) vm->watch->log(vm, &log);
    vm->ops->log(vm->state, &log);
    return EVM_SUCCESS;
}

/* EIP-6780: the balance always goes, the account only when this transaction made it. */
int evm_self_destruct(evm *vm, evm_frame *frame, u256 *top) {
    if (frame->is_static) return EVM_WRITE_PROTECTION;
    const evm_state_ops *ops = vm->ops;
    evm_account *self = frame->self;
    evm_account *heir = visit(vm, frame, top, GAS_COLD_ACCOUNT);
    if (!heir) return EVM_OUT_OF_GAS;
    u256 balance = self->balance, nothing = u256_of(0);
    if (!u256_is_zero(&balance) && evm_is_empty(heir) && !evm_pay(frame, GAS_NEW_ACCOUNT)) return EVM_OUT_OF_GAS;
    if (heir != self) {
        u256 sum;
        u256_add_carry(&sum, &heir->balance, &balance);
        if (u256_is_zero(&balance)) ops->touch(vm->state, heir);
        else ops->set_balance(vm->state, heir, &sum);
    }
    if (!u256_is_zero(&balance) && (heir != self || self->is_created)) ops->set_balance(vm->state, self, &nothing);
    if (self->is_created) ops->doom(vm->state, self);
    if (ZK_UNLIKELY(vm->watch != NULL)) vm->watch->destroy(vm, frame, &heir->address, &balance);
    return EVM_SUCCESS;
}

/* --- Asking for calls --- */

/* All but a 64th of what is left, at most what is asked for (EIP-150). */
static int64_t forwarded(const evm_frame *frame, const u256 *asked) {
    int64_t most = frame->gas - frame->gas / 64;
    return u256_fits64(asked) && u256_low(asked) < (uint64_t)most ? (int64_t)u256_low(asked) : most;
}

/* The call does not begin: its result is 0, and nothing is returned. */
static int not_begun(evm *vm, u256 *result) {
    evm_output(vm, 0);
    *result = u256_of(0);
    return EVM_SUCCESS;
}

static int64_t value_gas(const evm_account *to, const u256 *value, evm_kind kind) {
    if (u256_is_zero(value)) return 0;
    return GAS_CALL_VALUE + (kind == EVM_CALL && evm_is_empty(to) ? GAS_NEW_ACCOUNT : 0);
}

int evm_ask_call(evm *vm, evm_frame *frame, u256 *top, evm_kind kind) {
    const bool has_value = kind == EVM_CALL || kind == EVM_CALLCODE;
    const u256 *operand = top - 2, *asked = top;
    u256 value = u256_of(0);
    if (has_value) value = *operand--;
    u256 *result = top - (has_value ? 6 : 5);
    bytes_t input, output;
    if (!evm_reach_region(vm, frame, operand, operand - 1, &input)) return EVM_OUT_OF_GAS;
    if (!evm_reach_region(vm, frame, operand - 2, operand - 3, &output)) return EVM_OUT_OF_GAS;
    evm_account *account = visit(vm, frame, top - 1, GAS_COLD_ACCOUNT - GAS_WARM);
    if (!account || !evm_pay(frame, value_gas(account, &value, kind))) return EVM_OUT_OF_GAS;
    if (frame->is_static && kind == EVM_CALL && !u256_is_zero(&value)) return EVM_WRITE_PROTECTION;
    int64_t gas = forwarded(frame, asked);
    frame->gas -= gas;
    if (!u256_is_zero(&value)) gas += GAS_CALL_STIPEND;
    if (frame->depth == MAX_DEPTH || u256_less(&frame->self->balance, &value)) {
        if (ZK_UNLIKELY(vm->watch != NULL)) vm->watch->refuse(vm, frame, top, kind);
        frame->gas += gas;
        return not_begun(vm, result);
    }
    evm_message *next = &vm->next;
    bool own = kind == EVM_CALLCODE || kind == EVM_DELEGATECALL;
    next->kind = kind;
    next->is_static = frame->is_static || kind == EVM_STATICCALL;
    next->depth = frame->depth + 1;
    next->gas = (uint64_t)gas;
    next->caller = kind == EVM_DELEGATECALL ? frame->caller : frame->self->address;
    next->target = own ? frame->self->address : account->address;
    next->code = account->address;
    next->value = kind == EVM_DELEGATECALL ? frame->value : value;
    next->input = input;
    frame->output_offset = (uint32_t)(output.data - frame->memory);
    frame->output_size = output.size;
    frame->top = result - 1;
    return EVM_ENTER;
}

/* keccak(0xff, creator, salt, keccak(init code)): EIP-1014. */
static void salted_address(address_t *created, const address_t *creator, const u256 *salt, bytes_t init_code) {
    uint8_t image[85];
    hash_t digest;
    image[0] = 0xff;
    memcpy(image + 1, creator, 20);
    u256_to_bytes(image + 21, salt);
    keccak256(&digest, init_code.data, init_code.size);
    memcpy(image + 53, &digest, 32);
    keccak256(&digest, image, sizeof image);
    memcpy(created, digest.bytes + 12, 20);
}

int evm_ask_create(evm *vm, evm_frame *frame, u256 *top, evm_kind kind) {
    if (frame->is_static) return EVM_WRITE_PROTECTION;
    const bool salted = kind == EVM_CREATE2;
    u256 value = *top, *result = top - (salted ? 3 : 2);
    const u256 *size = top - 2;
    bytes_t init_code;
    if (!u256_fits64(size) || u256_low(size) > MAX_INIT_CODE_BYTES) return EVM_INIT_CODE_TOO_LARGE;
    if (!evm_reach_region(vm, frame, top - 1, size, &init_code)) return EVM_OUT_OF_GAS;
    int64_t word_gas = GAS_WORD_INIT_CODE + (salted ? GAS_WORD_HASH : 0);
    if (!evm_pay(frame, word_gas * evm_words(init_code.size))) return EVM_OUT_OF_GAS;
    evm_account *self = frame->self;
    if (frame->depth == MAX_DEPTH || u256_less(&self->balance, &value) || self->nonce == UINT64_MAX) {
        if (ZK_UNLIKELY(vm->watch != NULL)) vm->watch->refuse(vm, frame, top, kind);
        return not_begun(vm, result);
    }
    evm_message *next = &vm->next;
    if (salted) salted_address(&next->target, &self->address, result, init_code);
    else evm_created_address(&next->target, &self->address, self->nonce);
    vm->ops->set_nonce(vm->state, self, self->nonce + 1);
    evm_account *created = vm->ops->account(vm->state, &next->target);
    if (!created->is_warm) vm->ops->warm_account(vm->state, created);
    int64_t gas = frame->gas - frame->gas / 64;
    frame->gas -= gas;
    next->kind = kind;
    next->is_static = false;
    next->depth = frame->depth + 1;
    next->gas = (uint64_t)gas;
    next->caller = self->address;
    next->value = value;
    next->input = init_code;
    frame->output_size = 0;
    frame->top = result - 1;
    return EVM_ENTER;
}
