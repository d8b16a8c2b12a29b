/* Looking on while the EVM runs: a clock, and a record of what was seen, which Python reads
   (chain_template/executor/native/seen.py has its form). Numbers are little-endian, 256-bit ones big-endian. */
#define _DEFAULT_SOURCE
#include <time.h>

#include "evm/frame.h"
#include "host/host.h"

enum { SEEN_BEGIN = 1, SEEN_END, SEEN_REFUSED, SEEN_LOG, SEEN_DESTROYED, SEEN_ACCOUNT, SEEN_SLOT, SEEN_STEP };
enum { SLOAD = 0x54, SSTORE = 0x55 };
/* Steps between two looks at the clock. */
enum { STEPS_A_LOOK = 1024 };

static host_watch *watch_of(const evm *vm) { return (host_watch *)(void *)vm->watch; }

/* --- Writing the record --- */

static void put(host_watch *watch, const void *bytes, size_t size) {
    if (!host_buffer_add(&watch->events_seen, bytes, size)) zk_fail(&watch->run->context, ZK_OUT_OF_MEMORY);
}

static void put_u8(host_watch *watch, uint32_t number) {
    uint8_t byte = (uint8_t)number;
    put(watch, &byte, 1);
}

static void put_u32(host_watch *watch, uint32_t number) { put(watch, &number, sizeof number); }
static void put_u64(host_watch *watch, uint64_t number) { put(watch, &number, sizeof number); }
static void put_address(host_watch *watch, const address_t *address) { put(watch, address, sizeof *address); }

static void put_number(host_watch *watch, const u256 *number) {
    uint8_t bytes[32];
    u256_to_bytes(bytes, number);
    put(watch, bytes, sizeof bytes);
}

static void put_bytes(host_watch *watch, bytes_t bytes) {
    put_u32(watch, bytes.size);
    put(watch, bytes.data, bytes.size);
}

/* --- The clock --- */

static void look_at_clock(host_watch *watch) {
    struct timespec now;
    watch->until_clock = STEPS_A_LOOK;
    if (watch->deadline_ns == INT64_MAX) return;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if ((int64_t)now.tv_sec * 1000000000 + now.tv_nsec <= watch->deadline_ns) return;
    zk_fail(&watch->run->context, (zk_reason)HOST_LATE);
}

/* --- Steps --- */

enum { COST_AT = 1 + 4 + 1 + 8 + 4 + 8 };

/* What the pending step cost turns out when something follows it; `failure` is 0 or how its frame ended. */
static void settle(host_watch *watch, int64_t gas_now, uint32_t failure) {
    if (!watch->pending) return;
    uint8_t *record = watch->events_seen.bytes + watch->pending - 1;
    int64_t cost = failure == EVM_BAD_INSTRUCTION ? 0 : (int64_t)watch->gas_before - gas_now;
    memcpy(record + COST_AT, &cost, sizeof cost);
    record[COST_AT + sizeof cost] = (uint8_t)failure;
    watch->pending = 0;
}

static void put_storage(host_watch *watch, evm *vm, evm_frame *frame, uint32_t depth) {
    uint8_t op = *frame->pc;
    bool is_named = (watch->details & HOST_WITH_STORAGE) && (op == SLOAD || op == SSTORE);
    uint32_t needed = op == SLOAD ? 1 : 2;
    put_u8(watch, is_named ? (depth >= needed ? 2 : 1) : 0);
    if (!is_named) return;
    put_address(watch, &frame->self->address);
    if (depth < needed) return;
    put_number(watch, frame->top);
    put_number(watch, op == SLOAD ? &vm->ops->slot(vm->state, frame->self, frame->top)->value : frame->top - 1);
}

static void put_step(host_watch *watch, evm *vm, evm_frame *frame) {
    const uint64_t unknown = 0;
    const uint32_t depth = (uint32_t)(frame->top - frame->stack);
    watch->pending = watch->events_seen.size + 1;
    put_u8(watch, SEEN_STEP);
    put_u32(watch, (uint32_t)(frame->pc - frame->code->bytes));
    put_u8(watch, *frame->pc);
    put_u64(watch, (uint64_t)frame->gas);
    put_u32(watch, frame->depth);
    put_u64(watch, (uint64_t)vm->refund);
    put_u64(watch, unknown);
    put_u8(watch, 0);
    const uint32_t shown = watch->details & HOST_WITH_STACK ? depth : 0;
    put_u32(watch, shown);
    for (uint32_t i = 1; i <= shown; i++) put_number(watch, frame->stack + i);
    const bytes_t nothing = {NULL, 0}, memory = {frame->memory, frame->memory_size};
    put_bytes(watch, watch->details & HOST_WITH_MEMORY ? memory : nothing);
    put_bytes(watch, watch->details & HOST_WITH_RETURNED ? vm->return_data : nothing);
    put_storage(watch, vm, frame, depth);
}

static void see_step(host_watch *watch, evm *vm, evm_frame *frame) {
    settle(watch, frame->gas, 0);
    watch->gas_before = (uint64_t)frame->gas;
    if (!(watch->events & HOST_STEPS) || frame->code->size == 0) return;
    if (watch->steps == watch->max_steps) return;
    if (watch->steps == watch->most_steps) zk_fail(&watch->run->context, (zk_reason)HOST_TOO_MANY_STEPS);
    watch->steps++;
    put_step(watch, vm, frame);
}

static bool names_top(uint8_t op) { return op == 0x31 || op == 0x3b || op == 0x3c || op == 0x3f || op == 0xff; }
static bool is_call(uint8_t op) { return op == 0xf1 || op == 0xf2 || op == 0xf4 || op == 0xfa; }

static void see_access(host_watch *watch, evm_frame *frame) {
    const uint8_t op = *frame->pc;
    const long depth = frame->top - frame->stack;
    address_t address;
    if ((op == SLOAD || op == SSTORE) && depth > 0) {
        put_u8(watch, SEEN_SLOT);
        put_address(watch, &frame->self->address);
        put_number(watch, frame->top);
    } else if ((names_top(op) && depth > 0) || (is_call(op) && depth > 1)) {
        u256_to_address(&address, names_top(op) ? frame->top : frame->top - 1);
        put_u8(watch, SEEN_ACCOUNT);
        put_address(watch, &address);
    }
}

static void look(evm *vm, evm_frame *frame) {
    host_watch *watch = watch_of(vm);
    if (--watch->until_clock == 0) look_at_clock(watch);
    if (!watch->wanted[*frame->pc]) return;
    if (watch->events & HOST_ACCESSES) see_access(watch, frame);
    see_step(watch, vm, frame);
}

#define EVM_RUN run_watched
#define EVM_STEP        \
    frame->pc = pc;     \
    frame->top = top;   \
    frame->gas = gas;   \
    look(vm, frame);

static int run_watched(evm *vm, evm_frame *frame);

#include "evm/interpreter.c"

static int run(evm *vm, evm_frame *frame) {
    host_watch *watch = watch_of(vm);
    int status = run_watched(vm, frame);
    if (status == EVM_ENTER) return status;
    settle(watch, frame->gas, (uint32_t)status);
    if (status == EVM_BAD_INSTRUCTION) {
        watch->bad_opcode = frame->pc[-1];
        watch->bad_at = (uint32_t)(frame->pc - 1 - frame->code->bytes);
    }
    return status;
}

/* --- Calls --- */

static bool is_creation(evm_kind kind) { return kind == EVM_CREATE || kind == EVM_CREATE2; }

/* Kind, whether it has a parent, who asks, for what, gas, value, the parent's gas before, input. */
static void see_begin(evm *vm, const evm_frame *parent, const evm_message *message) {
    host_watch *watch = watch_of(vm);
    look_at_clock(watch);
    watch->asked = watch->pending;
    if (parent) {
        watch->handed_on = is_creation(message->kind) ? message->gas : 0;
        settle(watch, parent->gas + (int64_t)watch->handed_on, 0);
    }
    put_u8(watch, SEEN_BEGIN);
    put_u8(watch, message->kind);
    put_u8(watch, parent != NULL);
    put_address(watch, parent ? &parent->self->address : &message->caller);
    put_address(watch, is_creation(message->kind) ? &message->target : &message->code);
    put_u64(watch, message->gas);
    put_number(watch, &message->value);
    put_u64(watch, parent ? watch->gas_before : 0);
    put_bytes(watch, watch->events & HOST_CALLS ? message->input : (bytes_t){NULL, 0});
}

/* A creation that cannot begin has its gas on the account of who asked for it. */
static void charge_asked(host_watch *watch) {
    uint8_t *record = watch->events_seen.bytes + watch->asked - 1;
    int64_t cost;
    memcpy(&cost, record + COST_AT, sizeof cost);
    cost += (int64_t)watch->handed_on;
    memcpy(record + COST_AT, &cost, sizeof cost);
}

/* Status, opcode and its place, gas left, output. */
static void see_end(evm *vm, evm_status status, uint64_t gas_left) {
    host_watch *watch = watch_of(vm);
    if (status == EVM_COLLISION && watch->asked) charge_asked(watch);
    put_u8(watch, SEEN_END);
    put_u8(watch, status);
    put_u8(watch, watch->bad_opcode);
    put_u32(watch, watch->bad_at);
    put_u64(watch, gas_left);
    put_bytes(watch, vm->return_data);
}

/* Kind, whether it is too deep, whether the owner is too poor, owner, for what, gas, value, input. */
static void see_refused(evm *vm, const evm_frame *frame, const u256 *top, evm_kind kind) {
    host_watch *watch = watch_of(vm);
    settle(watch, frame->gas, 0);
    const bool is_new = is_creation(kind), has_value = kind == EVM_CALL || kind == EVM_CALLCODE;
    const u256 *region = is_new ? top - 1 : has_value ? top - 3 : top - 2;
    const u256 *value = is_new ? top : has_value ? top - 2 : &frame->value;
    uint64_t gas = watch->gas_before - watch->gas_before / 64;
    address_t to = {{0}};
    if (!is_new) {
        u256_to_address(&to, top - 1);
        if (u256_fits64(top) && u256_low(top) < gas) gas = u256_low(top);
    }
    bytes_t input = {NULL, 0};
    if (!u256_is_zero(region - 1)) input = (bytes_t){frame->memory + u256_low(region), (uint32_t)u256_low(region - 1)};
    put_u8(watch, SEEN_REFUSED);
    put_u8(watch, kind);
    put_u8(watch, frame->depth == MAX_DEPTH);
    put_u8(watch, u256_less(&frame->self->balance, value));
    put_address(watch, &frame->self->address);
    put_address(watch, &to);
    put_u64(watch, gas);
    put_number(watch, value);
    put_bytes(watch, input);
}

static void see_log(evm *vm, const evm_log *log) {
    host_watch *watch = watch_of(vm);
    if (!(watch->events & HOST_LOGS)) return;
    put_u8(watch, SEEN_LOG);
    put_address(watch, &log->address);
    put_u8(watch, log->topic_count);
    for (uint32_t i = 0; i < log->topic_count; i++) put_number(watch, &log->topics[i]);
    put_bytes(watch, log->data);
}

/* Owner, heir, balance. */
static void see_destroyed(evm *vm, const evm_frame *frame, const address_t *heir, const u256 *balance) {
    host_watch *watch = watch_of(vm);
    put_u8(watch, SEEN_DESTROYED);
    put_address(watch, &frame->self->address);
    put_address(watch, heir);
    put_number(watch, balance);
}

/* --- A bare clock sees nothing --- */

static void begin_timed(evm *vm, const evm_frame *parent, const evm_message *message) {
    (void)parent;
    (void)message;
    look_at_clock(watch_of(vm));
}

static void end_timed(evm *vm, evm_status status, uint64_t gas_left) {
    (void)vm;
    (void)status;
    (void)gas_left;
}

static void refused_timed(evm *vm, const evm_frame *frame, const u256 *top, evm_kind kind) {
    (void)vm;
    (void)frame;
    (void)top;
    (void)kind;
}

static void log_timed(evm *vm, const evm_log *log) {
    (void)vm;
    (void)log;
}

static void destroyed_timed(evm *vm, const evm_frame *frame, const address_t *heir, const u256 *balance) {
    (void)vm;
    (void)frame;
    (void)heir;
    (void)balance;
}

static const evm_watch TIMED = {run, begin_timed, end_timed, refused_timed, log_timed, destroyed_timed};
static const evm_watch SEEN = {run, see_begin, see_end, see_refused, see_log, see_destroyed};

/* --- Beginning and end --- */

static void want(host_watch *watch, const char *opcodes, size_t count) {
    for (size_t i = 0; i < count; i++) watch->wanted[(uint8_t)opcodes[i]] = 1;
}

int host_watch_open(host_watch *watch, host_run *run_of, PyObject *wish) {
    static const char CALLS[] = {'\xf0', '\xf1', '\xf2', '\xf4', '\xf5', '\xfa'};
    static const char ACCESSES[] = {'\x31', '\x3b', '\x3c', '\x3f', '\xff', '\x54', '\x55', '\xf1', '\xf2', '\xf4', '\xfa'};
    unsigned int events, details, max_steps, most_steps;
    PyObject *deadline;
    memset(watch, 0, sizeof *watch);
    if (!PyArg_ParseTuple(wish, "IIIIO", &events, &details, &max_steps, &most_steps, &deadline)) return -1;
    watch->deadline_ns = INT64_MAX;
    if (deadline != Py_None) {
        double seconds = PyFloat_AsDouble(deadline);
        if (PyErr_Occurred()) return -1;
        if (seconds < 9e9) watch->deadline_ns = (int64_t)(seconds * 1e9);
    }
    watch->watch = events ? SEEN : TIMED;
    watch->run = run_of;
    watch->events = events;
    watch->details = details;
    watch->max_steps = max_steps;
    watch->most_steps = most_steps;
    watch->until_clock = STEPS_A_LOOK;
    if (events & HOST_CALLS) want(watch, CALLS, sizeof CALLS);
    if (events & HOST_ACCESSES) want(watch, ACCESSES, sizeof ACCESSES);
    if (events & HOST_STEPS) memset(watch->wanted, 1, sizeof watch->wanted);
    return 0;
}

void host_watch_close(host_watch *watch) { host_buffer_free(&watch->events_seen); }
