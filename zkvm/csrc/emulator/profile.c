/* Costs by guest function: calls and returns are told from JAL and JALR by the link registers ra and t0. */
#include "emulator/machine.h"

#include <string.h>

/* Rows that an instruction takes in MAIN, MEMW, MEMB, BINARY, SHIFT, MULDIV, and calls of KECCAK, ARITH256. */
static const uint8_t COST[KINDS][COSTS] = {
    [KIND_ADD] = {1},          [KIND_SUB] = {1},        [KIND_EQ] = {1},
    [KIND_JALR] = {1},         [KIND_JAL] = {1},          [KIND_HALT] = {1},       [KIND_LW] = {1, 1},
    [KIND_SW] = {1, 1},        [KIND_LBU] = {1, 0, 1},  [KIND_LB] = {1, 0, 1},
    [KIND_LHU] = {1, 0, 1},    [KIND_LH] = {1, 0, 1},   [KIND_SB] = {1, 0, 1},
    [KIND_SH] = {1, 0, 1},     [KIND_AND] = {1, 0, 0, 1}, [KIND_OR] = {1, 0, 0, 1},
    [KIND_XOR] = {1, 0, 0, 1}, [KIND_SLTU] = {1, 0, 0, 1}, [KIND_SLT] = {1, 0, 0, 1},
    /* SRA, signed products and all divisions ask BINARY to compare. */
    [KIND_SLL] = {1, 0, 0, 0, 1},       [KIND_SRL] = {1, 0, 0, 0, 1},       [KIND_SRA] = {1, 0, 0, 1, 1},
    [KIND_MUL] = {1, 0, 0, 0, 0, 1},    [KIND_MULHU] = {1, 0, 0, 0, 0, 1},  [KIND_MULHSU] = {1, 0, 0, 1, 0, 1},
    [KIND_MULH] = {1, 0, 0, 2, 0, 1},   [KIND_DIVU] = {1, 0, 0, 1, 0, 1},   [KIND_DIV] = {1, 0, 0, 3, 0, 1},
    [KIND_REMU] = {1, 0, 0, 1, 0, 1},   [KIND_REM] = {1, 0, 0, 3, 0, 1},
    [KIND_KECCAK] = {1, 50, 0, 0, 0, 0, 1},
    [KIND_MULMOD] = {1, 32, 0, 0, 0, 0, 0, 1}, [KIND_ECADD] = {1, 32, 0, 0, 0, 0, 0, 1},
    [KIND_ECDBL] = {1, 24, 0, 0, 0, 0, 0, 1},
};

enum { BINARY = 3, RA = 1, T0 = 5, MAX_DEPTH = 1 << 20 };

static int push(Profiler *p, int64_t target, int64_t return_row) {
    if (p->frames.length == MAX_DEPTH) return 0;
    if (!list_reserve(&p->frames, 1, sizeof(Frame))) return NO_HOST_MEMORY;
    Frame *frame = list_push(&p->frames, sizeof(Frame));
    memcpy(frame->start, p->total, sizeof frame->start);
    frame->return_row = return_row;
    frame->function = p->function_of[target] & ~FIRST_OF_FUNCTION;
    p->calls[frame->function]++;
    p->active[frame->function]++;
    return 0;
}

static Frame *top(const Profiler *p) { return (Frame *)p->frames.data + p->frames.length - 1; }

static void pop(Profiler *p) {
    const Frame *frame = top(p);
    /* A recursive function counts once, from its outermost call. */
    if (--p->active[frame->function] == 0)
        for (int i = 0; i < COSTS; i++) p->inclusive[frame->function * COSTS + i] += p->total[i] - frame->start[i];
    p->frames.length--;
}

static void return_to(Profiler *p, int64_t row) {
    size_t depth = p->frames.length;
    const Frame *frames = p->frames.data;
    while (depth && frames[depth - 1].return_row != row) depth--;
    if (!depth) return;
    while (p->frames.length >= depth) pop(p);
}

/* The start of another function, reached without a link: it returns for the one that was left. The root stays. */
static int tail_call(Profiler *p, int64_t target) {
    int64_t return_row = top(p)->return_row;
    if (p->frames.length > 1) pop(p);
    return push(p, target, return_row);
}

static bool is_link(uint32_t reg) { return reg == RA || reg == T0; }

int profile_step(Machine *m, uint32_t index, int64_t next, bool zero_division) {
    Profiler *p = &m->profiler;
    const Row *row = m->rows + index;
    uint32_t function = p->function_of[index] & ~FIRST_OF_FUNCTION;
    if (!p->frames.length && push(p, index, -1)) return NO_HOST_MEMORY;
    uint64_t *flat = p->flat + (size_t)function * COSTS;
    for (int i = 0; i < COSTS; i++) {
        p->total[i] += COST[row->kind][i];
        flat[i] += COST[row->kind][i];
    }
    if (zero_division) {
        p->total[BINARY]--;
        flat[BINARY]--;
    }
    bool jumps = row->kind == KIND_JALR || row->kind == KIND_JAL;
    if (jumps && is_link(row->rd)) return push(p, next, row_at(m, row->pc + 4));
    if (row->kind == KIND_JALR && is_link(row->rs1)) {
        return_to(p, next);
        return 0;
    }
    uint32_t there = p->function_of[next];
    if (!(there & FIRST_OF_FUNCTION) || (there & ~FIRST_OF_FUNCTION) == function) return 0;
    return tail_call(p, next);
}

void profile_finish(Profiler *p) {
    while (p->frames.length) pop(p);
}
