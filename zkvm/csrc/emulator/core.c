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

static inline void push_step(const Machine *m, List *list) {
    *(uint32_t *)list_push(list, sizeof(uint32_t)) = (uint32_t)m->cycle;
}

bool machine_reserve(Machine *m, size_t instructions) {
    if (!list_reserve(&m->memory.touched, instructions, sizeof(uint32_t))) return false;
    if (!m->logging) return true;
    return list_reserve(&m->steps, instructions, sizeof(step_record)) &&
           list_reserve(&m->memw, instructions, sizeof(word_access)) &&
           list_reserve(&m->memb, instructions, sizeof(byte_access)) &&
           list_reserve(&m->binary, instructions, sizeof(uint32_t)) &&
           list_reserve(&m->shift, instructions, sizeof(uint32_t)) &&
           list_reserve(&m->muldiv, instructions, sizeof(uint32_t));
}

/* What one instruction works on, and what it makes. */
typedef struct {
    uint32_t x, y, carry, ts, c;
    int64_t next;
} Work;

/* LW, SW: c is the word before. */
static inline __attribute__((always_inline)) int access_word(Machine *m, bool log, uint32_t kind, Work *w) {
    m->fault_address = w->x;
    if (w->x & 3) return FAULT_UNALIGNED;
    uint32_t word = w->x >> 2;
    int fault = 0;
    Cell *cell = memory_cell(&m->memory, word, &fault);
    if (!cell) return fault;
    uint32_t previous = cell_access(&m->memory, cell, word, log ? w->ts : 1);
    w->c = cell->value;
    if (kind == KIND_SW) cell->value = w->y;
    if (log)
        *(word_access *)list_push(&m->memw, sizeof(word_access)) =
            (word_access){w->ts, word, w->c, cell->value, previous, kind + (w->carry << 8)};
    return 0;
}

/* The loads and stores of bytes and halves. */
static inline __attribute__((always_inline)) int access_byte(Machine *m, bool log, uint32_t kind, Work *w) {
    m->fault_address = w->x;
    if (width_of(kind) == 16 && (w->x & 1)) return FAULT_UNALIGNED;
    uint32_t word = w->x >> 2;
    int fault = 0;
    Cell *cell = memory_cell(&m->memory, word, &fault);
    if (!cell) return fault;
    uint32_t previous = cell_access(&m->memory, cell, word, log ? w->ts : 1);
    uint32_t old = cell->value;
    cell->value = access_part(kind, w->x, w->y, old, &w->c);
    if (log)
        *(byte_access *)list_push(&m->memb, sizeof(byte_access)) =
            (byte_access){w->ts, w->x, old, cell->value, previous, w->y, kind + (w->carry << 8)};
    return 0;
}

/* Does the instruction: c, the next row, its list of the log. 0 or a fault. */
static inline __attribute__((always_inline)) int execute(Machine *m, bool log, const Row *row, Work *w) {
    const uint32_t kind = row->kind, x = w->x, y = w->y;
    switch (kind) {
    case KIND_HALT:
    case KIND_JAL:
    case KIND_ADD: w->c = x + y; return 0;
    case KIND_SUB: w->c = x - y; return 0;
    case KIND_EQ:
        w->c = x == y;
        w->next = row->next[w->c];
        return 0;
    case KIND_JALR:
        w->c = y;
        w->next = row_at(m, x & ~1u);
        return 0;
    case KIND_AND: w->c = x & y; break;
    case KIND_OR: w->c = x | y; break;
    case KIND_XOR: w->c = x ^ y; break;
    case KIND_SLTU:
        w->c = x < y;
        w->next = row->next[w->c];
        break;
    case KIND_SLT:
        w->c = (x ^ 0x80000000u) < (y ^ 0x80000000u);
        w->next = row->next[w->c];
        break;
    case KIND_LW:
    case KIND_SW: return access_word(m, log, kind, w);
    case KIND_LBU:
    case KIND_LB:
    case KIND_LHU:
    case KIND_LH:
    case KIND_SB:
    case KIND_SH: return access_byte(m, log, kind, w);
    case KIND_SLL:
    case KIND_SRL:
    case KIND_SRA:
        w->c = kind == KIND_SLL ? x << (y & 31) : kind == KIND_SRL ? x >> (y & 31) : shift_right_signed(x, y & 31);
        if (log) push_step(m, &m->shift);
        return 0;
    case KIND_MUL:
    case KIND_MULHU:
    case KIND_MULHSU:
    case KIND_MULH:
        w->c = multiply(kind, x, y);
        if (log) push_step(m, &m->muldiv);
        return 0;
    case KIND_DIVU:
    case KIND_DIV:
    case KIND_REMU:
    case KIND_REM:
        w->c = divide(kind, x, y);
        m->divisions_by_zero += y == 0;
        if (log) push_step(m, &m->muldiv);
        return 0;
    default: return precompile(m, kind, x, y, w->ts, BLOCK);
    }
    if (log) push_step(m, &m->binary);
    return 0;
}

/* Writes the result, and MAIN's row. Registers are accessed in the order rs1, rs2, rd. */
static inline __attribute__((always_inline)) void retire(Machine *m, bool log, const Row *row, uint32_t a, uint32_t b,
                                                         const Work *w) {
    Cell *const reg = m->registers;
    if (log) {
        step_record *step = list_push(&m->steps, sizeof(step_record));
        step->row = (uint32_t)(row - m->rows);
        step->a = a;
        step->b = b;
        step->c = w->c;
        step->t1 = reg[row->rs1].time;
        reg[row->rs1].time = w->ts;
        step->t2 = reg[row->rs2].time;
        reg[row->rs2].time = w->ts + 1;
        step->old = reg[row->rd].value;
        step->t3 = reg[row->rd].time;
    }
    reg[row->rd] = (Cell){w->c, log ? w->ts + 3 : 1};
    m->counts[row->kind]++;
}

static inline bool divides_by_zero(const Row *row, const Work *w) {
    return row->kind >= KIND_DIVU && row->kind <= KIND_REM && w->y == 0;
}

static inline __attribute__((always_inline)) int run(Machine *m, const enum Mode mode, uint64_t limit, int64_t stop) {
    const bool log = mode == LOG;
    uint64_t room_until = 0;
    for (bool first = true;; first = false) {
        if (m->cycle >= limit) return AT_LIMIT;
        if (m->index == stop && !first) return AT_STOP;
        if (m->cycle >= room_until) {
            if (!machine_reserve(m, BLOCK)) return NO_HOST_MEMORY;
            room_until = m->cycle + BLOCK;
        }
        const Row *row = m->rows + m->index;
        const uint32_t a = m->registers[row->rs1].value, b = m->registers[row->rs2].value, x = a + row->immx;
        Work w = {
            .x = x, .y = b + row->immy, .carry = x < a, .ts = (uint32_t)(4 * m->cycle + 1), .next = row->next[0]};
        int fault = execute(m, log, row, &w);
        if (fault) return fault;
        if (w.next < 0) {
            m->fault_address = row->kind == KIND_JALR ? x & ~1u : w.c;
            return FAULT_JUMP;
        }
        retire(m, log, row, a, b, &w);
        if (mode == PROFILE && profile_step(m, m->index, w.next, divides_by_zero(row, &w))) return NO_HOST_MEMORY;
        m->cycle++;
        m->index = (uint32_t)w.next;
        if (row->kind == KIND_HALT) return HALTED;
    }
}

/* One instruction adds at most one element to each; where precompiles add more, the lists grow. */
static bool presize_log(Machine *m, uint64_t limit) {
    size_t most = limit < PRESIZED ? (size_t)limit : PRESIZED;
    return list_presize(&m->steps, most, sizeof(step_record)) && list_presize(&m->memw, most, sizeof(word_access)) &&
           list_presize(&m->memb, most, sizeof(byte_access)) && list_presize(&m->binary, most, sizeof(uint32_t)) &&
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
