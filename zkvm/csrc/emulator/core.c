/* The interpreter: one function, compiled once for counting, once for logging, once for profiling. */
#include "emulator/machine.h"

/* Room in the log is made for BLOCK instructions at a time. */
enum { BLOCK = 4096, PRESIZED = (1 << 22) + BLOCK };

static inline int32_t as_signed(uint32_t v) { return v >> 31 ? -(int32_t)~v - 1 : (int32_t)v; }

static inline uint32_t shift_right_signed(uint32_t x, uint32_t s) {
    uint32_t sign = 0u - (x >> 31);
    return ((x ^ sign) >> s) ^ sign;
}

static inline uint32_t multiply(uint32_t kind, uint32_t x, uint32_t y) {
    int64_t sx = as_signed(x), sy = as_signed(y);
    switch (kind) {
    case KIND_MUL: return x * y;
    case KIND_MULHU: return (uint32_t)(((uint64_t)x * y) >> 32);
    case KIND_MULHSU: return (uint32_t)((uint64_t)(sx * (int64_t)y) >> 32);
    default: return (uint32_t)((uint64_t)(sx * sy) >> 32);
    }
}

static inline uint32_t divide(uint32_t kind, uint32_t x, uint32_t y) {
    bool overflow = x == 0x80000000u && y == 0xFFFFFFFFu;
    switch (kind) {
    case KIND_DIVU: return y ? x / y : 0xFFFFFFFFu;
    case KIND_REMU: return y ? x % y : x;
    case KIND_DIV: return !y ? 0xFFFFFFFFu : overflow ? x : (uint32_t)(as_signed(x) / as_signed(y));
    default: return !y ? x : overflow ? 0 : (uint32_t)(as_signed(x) % as_signed(y));
    }
}

static inline uint32_t sign_extend(uint32_t v, uint32_t bits) {
    uint32_t sign = 1u << (bits - 1);
    return (v ^ sign) - sign;
}

/* Bits of the access: a byte (8) or a half (16). */
static inline uint32_t width_of(uint32_t kind) {
    return kind == KIND_LB || kind == KIND_LBU || kind == KIND_SB ? 8 : 16;
}

/* The word after the access, and for loads what is loaded. */
static inline uint32_t access_part(uint32_t kind, uint32_t x, uint32_t y, uint32_t old, uint32_t *loaded) {
    uint32_t bits = width_of(kind), at = 8 * (x & 3), mask = (1u << bits) - 1, part = old >> at & mask;
    *loaded = 0;
    switch (kind) {
    case KIND_SB:
    case KIND_SH: return (old & ~(mask << at)) | ((y & mask) << at);
    case KIND_LB:
    case KIND_LH: *loaded = sign_extend(part, bits); return old;
    default: *loaded = part; return old;
    }
}

static inline void push_index(List *list, uint64_t cycle) {
    *(uint32_t *)list_push(list, sizeof(uint32_t)) = (uint32_t)cycle;
}

bool machine_reserve(Machine *m, size_t instructions) {
    if (!list_reserve(&m->memory.touched, instructions, sizeof(uint32_t))) return false;
    if (!m->logging) return true;
    return list_reserve(&m->steps, instructions, sizeof(Step)) &&
           list_reserve(&m->memw, instructions, sizeof(WordAccess)) &&
           list_reserve(&m->memb, instructions, sizeof(ByteAccess)) &&
           list_reserve(&m->binary, instructions, sizeof(uint32_t)) &&
           list_reserve(&m->shift, instructions, sizeof(uint32_t)) &&
           list_reserve(&m->muldiv, instructions, sizeof(uint32_t));
}

/* LW, SW: gives c, the word before. */
static inline __attribute__((always_inline)) int word_access(Machine *m, bool log, uint32_t kind, uint32_t x, uint32_t y,
                                                             uint32_t carry, uint32_t ts, uint32_t *c) {
    m->fault_address = x;
    if (x & 3) return FAULT_UNALIGNED;
    uint32_t word = x >> 2;
    int fault = 0;
    Cell *cell = memory_cell(&m->memory, word, &fault);
    if (!cell) return fault;
    uint32_t previous = cell_access(&m->memory, cell, word, log ? ts : 1);
    *c = cell->value;
    if (kind == KIND_SW) cell->value = y;
    if (log)
        *(WordAccess *)list_push(&m->memw, sizeof(WordAccess)) =
            (WordAccess){ts, word, *c, cell->value, previous, kind + (carry << 8)};
    return 0;
}

/* The loads and stores of bytes and halves. */
static inline __attribute__((always_inline)) int byte_access(Machine *m, bool log, uint32_t kind, uint32_t x, uint32_t y,
                                                             uint32_t carry, uint32_t ts, uint32_t *c) {
    m->fault_address = x;
    if (width_of(kind) == 16 && (x & 1)) return FAULT_UNALIGNED;
    uint32_t word = x >> 2;
    int fault = 0;
    Cell *cell = memory_cell(&m->memory, word, &fault);
    if (!cell) return fault;
    uint32_t previous = cell_access(&m->memory, cell, word, log ? ts : 1);
    uint32_t old = cell->value;
    cell->value = access_part(kind, x, y, old, c);
    if (log)
        *(ByteAccess *)list_push(&m->memb, sizeof(ByteAccess)) =
            (ByteAccess){ts, x, old, cell->value, previous, y, kind + (carry << 8)};
    return 0;
}

static inline __attribute__((always_inline)) int run(Machine *m, const enum Mode mode, uint64_t limit, int64_t stop) {
    const bool log = mode == LOG;
    const Row *const rows = m->rows;
    Cell *const reg = m->registers;
    uint64_t cycle = m->cycle, room_until = 0;
    int64_t index = m->index;
    int status;

    for (bool first = true;; first = false) {
        if (cycle >= limit) {
            status = AT_LIMIT;
            break;
        }
        if (index == stop && !first) {
            status = AT_STOP;
            break;
        }
        if (cycle >= room_until) {
            if (!machine_reserve(m, BLOCK)) {
                status = NO_HOST_MEMORY;
                break;
            }
            room_until = cycle + BLOCK;
        }
        const Row *row = rows + index;
        const uint32_t kind = row->kind, ts = (uint32_t)(4 * cycle + 1);
        const uint32_t a = reg[row->rs1].value, b = reg[row->rs2].value;
        const uint32_t x = a + row->immx, y = b + row->immy, carry = x < a;
        uint32_t c = 0;
        int64_t next = row->next[0];
        status = 0;

        switch (kind) {
        case KIND_HALT:
        case KIND_JAL:
        case KIND_ADD: c = x + y; break;
        case KIND_SUB: c = x - y; break;
        case KIND_EQ:
            c = x == y;
            next = row->next[c];
            break;
        case KIND_JALR:
            c = y;
            next = row_at(m, x & ~1u);
            break;
        case KIND_AND: c = x & y; goto binary;
        case KIND_OR: c = x | y; goto binary;
        case KIND_XOR: c = x ^ y; goto binary;
        case KIND_SLTU:
            c = x < y;
            next = row->next[c];
            goto binary;
        case KIND_SLT:
            c = (x ^ 0x80000000u) < (y ^ 0x80000000u);
            next = row->next[c];
        binary:
            if (log) push_index(&m->binary, cycle);
            break;
        case KIND_LW:
        case KIND_SW: status = word_access(m, log, kind, x, y, carry, ts, &c); break;
        case KIND_LBU:
        case KIND_LB:
        case KIND_LHU:
        case KIND_LH:
        case KIND_SB:
        case KIND_SH: status = byte_access(m, log, kind, x, y, carry, ts, &c); break;
        case KIND_SLL: c = x << (y & 31); goto shift;
        case KIND_SRL: c = x >> (y & 31); goto shift;
        case KIND_SRA:
            c = shift_right_signed(x, y & 31);
        shift:
            if (log) push_index(&m->shift, cycle);
            break;
        case KIND_MUL:
        case KIND_MULHU:
        case KIND_MULHSU:
        case KIND_MULH:
            c = multiply(kind, x, y);
            if (log) push_index(&m->muldiv, cycle);
            break;
        case KIND_DIVU:
        case KIND_DIV:
        case KIND_REMU:
        case KIND_REM:
            c = divide(kind, x, y);
            m->divisions_by_zero += y == 0;
            if (log) push_index(&m->muldiv, cycle);
            break;
        default: status = precompile(m, kind, x, y, ts, BLOCK); break;
        }
        if (status) break;
        if (next < 0) {
            m->fault_address = kind == KIND_JALR ? x & ~1u : c;
            status = FAULT_JUMP;
            break;
        }
        if (log) {
            Step *step = list_push(&m->steps, sizeof(Step));
            step->row = (uint32_t)index;
            step->a = a;
            step->b = b;
            step->c = c;
            step->t1 = reg[row->rs1].time;
            reg[row->rs1].time = ts;
            step->t2 = reg[row->rs2].time;
            reg[row->rs2].time = ts + 1;
            step->old = reg[row->rd].value;
            step->t3 = reg[row->rd].time;
        }
        reg[row->rd] = (Cell){c, log ? ts + 3 : 1};
        m->counts[kind]++;
        if (mode == PROFILE && profile_step(m, (uint32_t)index, next, kind >= KIND_DIVU && kind <= KIND_REM && !y)) {
            status = NO_HOST_MEMORY;
            break;
        }
        cycle++;
        index = next;
        if (kind == KIND_HALT) {
            status = HALTED;
            break;
        }
    }
    m->cycle = cycle;
    m->index = (uint32_t)index;
    return status;
}

/* One instruction adds at most one element to each; where precompiles add more, the lists grow. */
static bool presize_log(Machine *m, uint64_t limit) {
    size_t most = limit < PRESIZED ? (size_t)limit : PRESIZED;
    return list_presize(&m->steps, most, sizeof(Step)) && list_presize(&m->memw, most, sizeof(WordAccess)) &&
           list_presize(&m->memb, most, sizeof(ByteAccess)) && list_presize(&m->binary, most, sizeof(uint32_t)) &&
           list_presize(&m->shift, most, sizeof(uint32_t)) && list_presize(&m->muldiv, most, sizeof(uint32_t));
}

static int run_counting(Machine *m, uint64_t limit, int64_t stop) { return run(m, COUNT, limit, stop); }
static int run_logging(Machine *m, uint64_t limit, int64_t stop) { return run(m, LOG, limit, stop); }
static int run_profiling(Machine *m, uint64_t limit, int64_t stop) { return run(m, PROFILE, limit, stop); }

int machine_run(Machine *m, enum Mode mode, uint64_t limit, int64_t stop) {
    m->logging = mode == LOG;
    if (mode == LOG && !presize_log(m, limit)) return NO_HOST_MEMORY;
    switch (mode) {
    case LOG: return run_logging(m, limit, stop);
    case PROFILE: return run_profiling(m, limit, stop);
    default: return run_counting(m, limit, stop);
    }
}
