/* The four calls that one instruction makes. All memory goes through cells, as the machine's MEMW table has it. */
#include "emulator/keccak_f.h"
#include "emulator/machine.h"
#include "emulator/uint256.h"

#include <string.h>

enum { MAX_WORDS = 50 };

/* Consecutive words of memory. */
typedef struct {
    uint32_t word;
    int count;
    Cell *cells[MAX_WORDS];
} Span;

static int span_find(Machine *m, uint32_t address, int count, Span *span) {
    m->fault_address = address;
    if (address & 3) return FAULT_UNALIGNED;
    span->word = address >> 2;
    span->count = count;
    for (int i = 0; i < count; i++) {
        int fault = FAULT_RANGE;
        uint32_t word = span->word + (uint32_t)i;
        m->fault_address = word << 2;
        span->cells[i] = word >> 30 ? NULL : memory_cell(&m->memory, word, &fault);
        if (!span->cells[i]) return fault;
    }
    return 0;
}

static void span_values(const Span *span, uint32_t *values) {
    for (int i = 0; i < span->count; i++) values[i] = span->cells[i]->value;
}

/* Reads (values NULL) or exchanges the first `count` words at `time`, and logs the rows of MEMW. */
static void span_access(Machine *m, const Span *span, int count, uint32_t time, const uint32_t *values) {
    for (int i = 0; i < count; i++) {
        Cell *cell = span->cells[i];
        uint32_t word = span->word + (uint32_t)i, old = cell->value;
        uint32_t previous = cell_access(&m->memory, cell, word, m->logging ? time : 1);
        if (values) cell->value = values[i];
        if (m->logging)
            *(word_access *)list_push(&m->memw, sizeof(word_access)) =
                (word_access){time, word, old, cell->value, previous, values ? KIND_SW : KIND_LW};
    }
}

static bool reserve(Machine *m, size_t words, size_t spare) {
    if (!list_reserve(&m->memory.touched, words + spare, sizeof(uint32_t))) return false;
    if (!m->logging) return true;
    return list_reserve(&m->memw, words + spare, sizeof(word_access)) &&
           list_reserve(&m->arith256, 1, sizeof(arith256_call)) && list_reserve(&m->keccak, 1, sizeof(KeccakCall));
}

static int call_keccak(Machine *m, uint32_t x, uint32_t ts) {
    Span state;
    KeccakCall call = {.ts = ts, .pointer = x};
    int fault = span_find(m, x, 50, &state);
    if (fault) return fault;
    span_values(&state, call.before);
    uint64_t lanes[25];
    for (int i = 0; i < 25; i++) lanes[i] = (uint64_t)call.before[2 * i + 1] << 32 | call.before[2 * i];
    keccak_f(lanes);
    for (int i = 0; i < 50; i++) call.after[i] = (uint32_t)(lanes[i / 2] >> (i % 2 ? 32 : 0));
    span_access(m, &state, 50, ts, call.after);
    if (m->logging) *(KeccakCall *)list_push(&m->keccak, sizeof(KeccakCall)) = call;
    return 0;
}

static int call_mulmod(Machine *m, arith256_call *call) {
    Span target, rest;
    int fault = span_find(m, call->px, 8, &target);
    if (!fault) fault = span_find(m, call->py, 24, &rest);
    if (fault) return fault;
    span_values(&target, call->operands);
    span_values(&rest, call->operands + 8);
    const uint32_t *a = call->operands, *b = a + 8, *c = a + 16, *modulus = a + 24;
    uint32_t any = 0;
    for (int i = 0; i < 8; i++) any |= modulus[i];
    if (!any) return FAULT_ZERO_MODULUS;
    if (!u256_muldivmod(a, b, c, modulus, call->witness, call->results)) return FAULT_QUOTIENT;
    span_access(m, &rest, 24, call->ts, NULL);
    span_access(m, &target, 8, call->ts + 1, call->results);
    return 0;
}

/* x3 = s^2 - x1 - x2, y3 = s (x1 - x3) - y1 */
static void point_from_slope(arith256_call *call, Field s, Field x1, Field x2, Field y1) {
    Field x3 = field_sub(field_sub(field_mul(s, s), x1), x2);
    field_store(x3, call->results);
    field_store(field_sub(field_mul(s, field_sub(x1, x3)), y1), call->results + 8);
    field_store(s, call->witness);
}

static int call_ecadd(Machine *m, arith256_call *call) {
    Span target, other;
    int fault = span_find(m, call->px, 16, &target);
    if (!fault) fault = span_find(m, call->py, 16, &other);
    if (fault) return fault;
    span_values(&target, call->operands);
    span_values(&other, call->operands + 16);
    const uint32_t *words = call->operands;
    Field x1 = field_load(words), y1 = field_load(words + 8), x2 = field_load(words + 16), y2 = field_load(words + 24);
    Field run = field_sub(x2, x1);
    if (field_is_zero(run)) return FAULT_EQUAL_POINTS;
    point_from_slope(call, field_mul(field_sub(y2, y1), field_inverse(run)), x1, x2, y1);
    span_access(m, &other, 16, call->ts, NULL);
    span_access(m, &target, 16, call->ts + 1, call->results);
    return 0;
}

static int call_ecdbl(Machine *m, arith256_call *call) {
    Span target;
    if (call->px != call->py) return FAULT_POINTERS;
    int fault = span_find(m, call->px, 16, &target);
    if (fault) return fault;
    span_values(&target, call->operands);
    Field x1 = field_load(call->operands), y1 = field_load(call->operands + 8);
    if (field_is_zero(y1)) return FAULT_ZERO_ORDINATE;
    Field square = field_mul(x1, x1), rise = field_add(field_add(square, square), square);
    point_from_slope(call, field_mul(rise, field_inverse(field_add(y1, y1))), x1, x1, y1);
    span_access(m, &target, 8, call->ts, NULL);
    span_access(m, &target, 16, call->ts + 1, call->results);
    return 0;
}

static int call_arith256(Machine *m, arith256_call *call) {
    switch (call->op) {
    case KIND_MULMOD: return call_mulmod(m, call);
    case KIND_ECADD: return call_ecadd(m, call);
    default: return call_ecdbl(m, call);
    }
}

int precompile(Machine *m, uint32_t kind, uint32_t x, uint32_t y, uint32_t ts, size_t spare) {
    if (!reserve(m, MAX_WORDS, spare)) return NO_HOST_MEMORY;
    if (kind == KIND_KECCAK) return call_keccak(m, x, ts);
    arith256_call call = {.ts = ts, .op = kind, .px = x, .py = y};
    int fault = call_arith256(m, &call);
    if (!fault && m->logging) *(arith256_call *)list_push(&m->arith256, sizeof(arith256_call)) = call;
    return fault;
}
