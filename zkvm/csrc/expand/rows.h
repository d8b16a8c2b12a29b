/* The arithmetic of one row of each table: the compiled expansion writes tiles with it, the kernels whole columns.
 *
 * zkvm/machine/expand says the same in NumPy. A function that reads the log says whether what that refers to is there;
 * where it is not, the row's cells and the counts hold anything. */
#ifndef ZKHUB_ROWS_H
#define ZKHUB_ROWS_H

#include "expand/records.h"
#include "field/goldilocks.h"

#define WORD 0xFFFFFFFFULL

/* Columns of the tables in their order. */
enum {
    MAIN_PC, MAIN_TS, MAIN_RS1, MAIN_RS2, MAIN_RD, MAIN_IMMX, MAIN_IMMY, MAIN_BASE, MAIN_DELTA, MAIN_OP, MAIN_F_ADD,
    MAIN_F_SUB, MAIN_F_EQ, MAIN_F_JALR, MAIN_A, MAIN_B, MAIN_C, MAIN_OLD, MAIN_T1, MAIN_T2, MAIN_T3, MAIN_L1, MAIN_L2,
    MAIN_L3, MAIN_CARRY, MAIN_Q, MAIN_WIDTH
};
enum {
    MEMW_TS, MEMW_W, MEMW_K, MEMW_OLD, MEMW_NEW, MEMW_Y, MEMW_F_LW, MEMW_F_SW, MEMW_TP, MEMW_LO, MEMW_WIDTH
};
enum {
    MEMB_TS, MEMB_W, MEMB_K, MEMB_HS, MEMB_BS, MEMB_F_LB, MEMB_F_LH, MEMB_F_SB, MEMB_F_SH, MEMB_F_SGN, MEMB_P, MEMB_Q,
    MEMB_OTH, MEMB_S, MEMB_SG, MEMB_G, MEMB_Y0, MEMB_Y1, MEMB_Y2, MEMB_C, MEMB_OLD, MEMB_NEW, MEMB_TP, MEMB_LO,
    MEMB_WIDTH
};
enum {
    BINARY_TS, BINARY_U, BINARY_V = BINARY_U + 4, BINARY_N = BINARY_V + 4, BINARY_C = BINARY_N + 4, BINARY_LO,
    BINARY_SX, BINARY_SY, BINARY_F_AND, BINARY_F_OR, BINARY_F_XOR, BINARY_F_LTU, BINARY_F_LT, BINARY_WIDTH
};
enum {
    SHIFT_TS, SHIFT_X, SHIFT_YLO, SHIFT_YHI, SHIFT_PW, SHIFT_L0, SHIFT_L1, SHIFT_H0, SHIFT_H1, SHIFT_C, SHIFT_INV,
    SHIFT_SX, SHIFT_F_SLL, SHIFT_F_SRL, SHIFT_F_SRA, SHIFT_WIDTH
};
enum {
    MULDIV_TS, MULDIV_X, MULDIV_Y, MULDIV_C, MULDIV_C0, MULDIV_A0, MULDIV_A1, MULDIV_B0, MULDIV_B1, MULDIV_AX,
    MULDIV_AY, MULDIV_INV, MULDIV_DZ, MULDIV_SX, MULDIV_SY, MULDIV_NEG, MULDIV_K, MULDIV_F_LO, MULDIV_F_HI, MULDIV_F_Q,
    MULDIV_F_R, MULDIV_S_X, MULDIV_S_Y, MULDIV_WIDTH
};
enum { RAM_ADDR, RAM_Z, RAM_VI, RAM_VL, RAM_VF, RAM_TF, RAM_DL, RAM_WIDTH };
enum { IMAGE_VF, IMAGE_TF, IMAGE_WIDTH };

/* A row that is being made: its cell in column 0, and how many words on the next column's is. */
typedef struct {
    uint64_t *first;
    size_t apart;
} zk_cells;

static inline ZK_DEVICE void zk_put(zk_cells row, unsigned column, uint64_t value) {
    row.first[column * row.apart] = value;
}

static inline ZK_DEVICE void zk_count(uint32_t *count) {
#ifdef __CUDACC__
    atomicAdd(count, 1u);
#else
    ++*count;
#endif
}

/* What the time since an access is above its low 16 bits, which go to *low: a byte, if the log's times are possible. */
static inline ZK_DEVICE uint64_t time_since(uint64_t now, uint64_t before, uint64_t *low) {
    uint64_t difference = now - before - 1;
    *low = difference & 0xFFFF;
    return difference >> 16;
}

/* Row `index` of MAIN: a step of the log, or the halt row again (see padding_steps in zkvm/emulator/log.py). */
static inline ZK_DEVICE step_record step_at(const run *r, size_t index) {
    if (index < r->count) return r->records[index];
    uint32_t ts = (uint32_t)(4 * index + 1);
    step_record again = {r->records[r->count - 1].row, 0, 0, 0, 0, ts - 3, ts, ts - 1};
    return again;
}

static inline ZK_DEVICE int main_times(const step_record *step, uint64_t ts, zk_cells row, lookups *counts) {
    uint64_t low[3];
    uint64_t h1 = time_since(ts, step->t1, &low[0]);
    uint64_t h2 = time_since(ts + 1, step->t2, &low[1]);
    uint64_t h3 = time_since(ts + 3, step->t3, &low[2]);
    if ((h1 | h2 | h3) > 0xFF) return 0;
    zk_put(row, MAIN_T1, step->t1), zk_put(row, MAIN_T2, step->t2), zk_put(row, MAIN_T3, step->t3);
    for (unsigned i = 0; i < 3; i++) zk_put(row, MAIN_L1 + i, low[i]), zk_count(&counts->r16[low[i]]);
    zk_count(&counts->pair[256 * h1 + h2]);
    zk_count(&counts->pair[256 * h3]);
    return 1;
}

/* carry and q of one row; where f_eq is set, q is x - y. */
static inline ZK_DEVICE void main_result(const rom_row *fetched, uint64_t x, uint64_t y, uint64_t c, zk_cells row,
                                         lookups *counts) {
    uint64_t carry = 0, q = 0;
    if (fetched->f_add | fetched->f_sub) {
        carry = fetched->f_add ? (x + y) >> 32 : x < y;
        q = c & 0xFFFF;
        zk_count(&counts->r16[q]);
        zk_count(&counts->r16[c >> 16]);
    } else if (fetched->f_eq) {
        q = gl_sub(x, y);
    } else if (fetched->f_jalr) {
        carry = x >> 32;
        q = x & 1;
    }
    zk_put(row, MAIN_CARRY, carry), zk_put(row, MAIN_Q, q);
}

static inline ZK_DEVICE void main_fetched(const rom_row *fetched, zk_cells row) {
    zk_put(row, MAIN_PC, fetched->pc);
    zk_put(row, MAIN_RS1, fetched->rs1), zk_put(row, MAIN_RS2, fetched->rs2), zk_put(row, MAIN_RD, fetched->rd);
    zk_put(row, MAIN_IMMX, fetched->immx), zk_put(row, MAIN_IMMY, fetched->immy);
    zk_put(row, MAIN_BASE, fetched->base), zk_put(row, MAIN_DELTA, fetched->delta), zk_put(row, MAIN_OP, fetched->op);
    zk_put(row, MAIN_F_ADD, fetched->f_add), zk_put(row, MAIN_F_SUB, fetched->f_sub);
    zk_put(row, MAIN_F_EQ, fetched->f_eq), zk_put(row, MAIN_F_JALR, fetched->f_jalr);
}

/* `inverts` says whether the caller has to invert the cell of MAIN_Q. */
static inline ZK_DEVICE int main_row(const run *r, size_t index, zk_cells row, lookups *counts, int *inverts) {
    const step_record step = step_at(r, index);
    if (step.row >= r->rom_rows) return 0;
    const rom_row *fetched = &r->rom[step.row];
    const uint64_t ts = 4 * (uint64_t)index + 1;
    if (!main_times(&step, ts, row, counts)) return 0;
    main_fetched(fetched, row);
    zk_put(row, MAIN_TS, ts);
    zk_put(row, MAIN_A, step.a), zk_put(row, MAIN_B, step.b), zk_put(row, MAIN_C, step.c);
    zk_put(row, MAIN_OLD, step.old);
    main_result(fetched, step.a + fetched->immx, step.b + fetched->immy, step.c, row, counts);
    *inverts = !(fetched->f_add | fetched->f_sub) && fetched->f_eq;
    return 1;
}

static inline ZK_DEVICE int memw_row(const word_access *access, zk_cells row, lookups *counts) {
    const uint64_t stores = (access->kind & 0xFF) == OP_SW;
    uint64_t low, high = time_since(access->ts, access->previous, &low);
    if (high > 0xFF) return 0;
    zk_put(row, MEMW_TS, access->ts), zk_put(row, MEMW_W, access->address), zk_put(row, MEMW_K, access->kind >> 8);
    zk_put(row, MEMW_OLD, access->old), zk_put(row, MEMW_NEW, access->new_word);
    zk_put(row, MEMW_Y, stores ? access->new_word : 0);
    zk_put(row, MEMW_F_LW, 1 - stores), zk_put(row, MEMW_F_SW, stores);
    zk_put(row, MEMW_TP, access->previous), zk_put(row, MEMW_LO, low);
    zk_count(&counts->r16[low]);
    zk_count(&counts->pair[256 * high]);
    return 1;
}

static inline ZK_DEVICE void memb_flags(uint32_t op, zk_cells row) {
    zk_put(row, MEMB_F_LB, op == OP_LB || op == OP_LBU), zk_put(row, MEMB_F_LH, op == OP_LH || op == OP_LHU);
    zk_put(row, MEMB_F_SB, op == OP_SB), zk_put(row, MEMB_F_SH, op == OP_SH);
    zk_put(row, MEMB_F_SGN, op == OP_LB || op == OP_LH);
}

/* Beyond the log every cell is 0 but for g, which is 1. */
static inline ZK_DEVICE int memb_row(const byte_access *access, const run *r, zk_cells row, lookups *counts) {
    const uint32_t op = access->kind & 0xFF, step = (access->ts - 1) / 4, old = access->old;
    const uint32_t upper = access->address >> 1 & 1, odd = access->address & 1;
    const int half = op == OP_LH || op == OP_LHU || op == OP_SH;
    const uint32_t accessed = old >> 16 * upper & 0xFFFF, other = old >> 16 * (1 - upper) & 0xFFFF;
    const uint32_t p = accessed & 0xFF, q = accessed >> 8, s = half || odd ? q : p;
    const uint32_t y0 = access->y & 0xFF, y1 = access->y >> 8 & 0xFF, y2 = access->y >> 16;
    uint64_t low, high = time_since(access->ts, access->previous, &low);
    if (high > 0xFF || step >= r->count) return 0;

    memb_flags(op, row);
    zk_put(row, MEMB_TS, access->ts), zk_put(row, MEMB_W, access->address >> 2), zk_put(row, MEMB_K, access->kind >> 8);
    zk_put(row, MEMB_HS, upper), zk_put(row, MEMB_BS, odd);
    zk_put(row, MEMB_P, p), zk_put(row, MEMB_Q, q), zk_put(row, MEMB_OTH, other);
    zk_put(row, MEMB_S, s), zk_put(row, MEMB_SG, s >> 7), zk_put(row, MEMB_G, (uint64_t)1 << (8 * odd + 16 * upper));
    zk_put(row, MEMB_Y0, y0), zk_put(row, MEMB_Y1, y1), zk_put(row, MEMB_Y2, y2);
    zk_put(row, MEMB_C, r->records[step].c), zk_put(row, MEMB_OLD, old), zk_put(row, MEMB_NEW, access->new_word);
    zk_put(row, MEMB_TP, access->previous), zk_put(row, MEMB_LO, low);
    zk_count(&counts->r16[low]), zk_count(&counts->r16[other]), zk_count(&counts->r16[y2]);
    zk_count(&counts->pair[256 * p + q]), zk_count(&counts->pair[256 * y0 + y1]);
    zk_count(&counts->pair[256 * high + 2 * (s & 0x7F)]);
    return 1;
}

static inline ZK_DEVICE int in_solid(const ram_words *w, size_t row) {
    return row >= w->below && row - w->below < w->solid;
}

static inline ZK_DEVICE uint32_t ram_address(const ram_words *w, size_t row) {
    if (in_solid(w, row)) return ZERO_LO + (uint32_t)(row - w->below);
    return w->cells[row < w->below ? row : row - (w->height - w->count)].address;
}

/* The cell of a row; its address alone where nothing touched it. */
static inline ZK_DEVICE cell_record ram_cell(const ram_words *w, size_t row) {
    const cell_record untouched = {ram_address(w, row), 0, 0, 0};
    const size_t untouched_words = w->height - w->count, end = w->below + w->solid - untouched_words;
    if (!in_solid(w, row)) return w->cells[row < w->below ? row : row - untouched_words];
    size_t low = w->below, high = end;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (w->cells[middle].address < untouched.address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < end && w->cells[low].address == untouched.address ? w->cells[low] : untouched;
}

static inline ZK_DEVICE int ram_row(const ram_words *w, size_t index, zk_cells row, lookups *counts) {
    const cell_record cell = ram_cell(w, index);
    uint32_t distance = 0;
    if (index + 1 < w->height) {
        const uint32_t next = ram_address(w, index + 1);
        if (next <= cell.address) return 0;
        distance = next - cell.address - 1;
        zk_count(&counts->r16[distance & 0xFFFF]), zk_count(&counts->r16[distance >> 16]);
    }
    zk_count(&counts->r16[cell.initial & 0xFFFF]), zk_count(&counts->r16[cell.initial >> 16]);
    zk_put(row, RAM_ADDR, cell.address), zk_put(row, RAM_Z, cell.address >= ZERO_LO);
    zk_put(row, RAM_VI, cell.initial), zk_put(row, RAM_VL, cell.initial & 0xFFFF);
    zk_put(row, RAM_VF, cell.final), zk_put(row, RAM_TF, cell.time), zk_put(row, RAM_DL, distance & 0xFFFF);
    return 1;
}

/* A product or a division taken apart: |x| and |y| where they are signed, and what comes of them. */
typedef struct {
    int high, quotient, remainder, signed_x, signed_y;
    uint32_t sx, sy, ax, ay, negative;
    uint32_t g1, g2; /* |x| = g1 |y| + g2, or the product's halves */
} muldiv;

/* Divided by zero, g1 is what makes the answer 2^32 - 1 with the sign that x and y have. */
static inline ZK_DEVICE muldiv muldiv_of(const request *ask) {
    const uint32_t op = ask->op, x = ask->x, y = ask->y;
    muldiv m;
    m.high = op == OP_MULHU || op == OP_MULHSU || op == OP_MULH;
    m.quotient = op == OP_DIVU || op == OP_DIV, m.remainder = op == OP_REMU || op == OP_REM;
    m.signed_y = op == OP_MULH || op == OP_DIV || op == OP_REM, m.signed_x = m.signed_y || op == OP_MULHSU;
    m.sx = m.signed_x ? x >> 31 : 0, m.sy = m.signed_y ? y >> 31 : 0;
    m.ax = m.sx ? 0 - x : x, m.ay = m.sy ? 0 - y : y;
    m.negative = m.quotient ? m.sx ^ m.sy : m.remainder ? m.sx : 0;
    if (!m.quotient && !m.remainder) {
        const uint64_t product = (uint64_t)x * y;
        m.g1 = (uint32_t)product, m.g2 = (uint32_t)(product >> 32);
    } else if (m.ay != 0) {
        m.g1 = m.ax / m.ay, m.g2 = m.ax % m.ay;
    } else {
        m.g1 = !m.quotient ? 0 : m.negative ? 1 : (uint32_t)WORD, m.g2 = m.ax;
    }
    return m;
}

/* The request that an ask means. */
static inline ZK_DEVICE int request_of(const run *r, uint32_t ask, request *out) {
    const uint32_t index = ask & ((1u << ASK_BITS) - 1), which = ask >> ASK_BITS;
    if (index >= r->count || r->records[index].row >= r->rom_rows) return 0;
    const step_record *step = &r->records[index];
    const rom_row *fetched = &r->rom[step->row];
    const request own = {(uint32_t)fetched->op, 4 * index + 1, step->a + (uint32_t)fetched->immx,
                         step->b + (uint32_t)fetched->immy, step->c};
    *out = own;
    if (which == ASK_OWN) return 1;
    out->op = OP_SLTU;
    if (which == ASK_REMAINDER) {
        const muldiv m = muldiv_of(&own);
        out->x = m.g2, out->y = m.ay, out->c = 1;
    } else {
        out->y = which == ASK_SIGN_OF_X ? own.x : own.y;
        out->x = (uint32_t)(WORD >> 1), out->c = out->y >> 31;
    }
    return 1;
}

static inline ZK_DEVICE void binary_row(const request *ask, zk_cells row, lookups *counts) {
    const uint32_t is_signed = ask->op == OP_SLT, compares = is_signed || ask->op == OP_SLTU;
    const uint32_t left = ask->x ^ is_signed << 31, right = ask->y ^ is_signed << 31, difference = left - right;
    for (unsigned j = 0; j < 4; j++) {
        const uint32_t u = left >> 8 * j & 0xFF, v = right >> 8 * j & 0xFF;
        zk_put(row, BINARY_U + j, u), zk_put(row, BINARY_V + j, v), zk_put(row, BINARY_N + j, u & v);
        zk_count(&counts->conjunction[256 * u + v]);
    }
    if (compares) zk_count(&counts->r16[difference & 0xFFFF]), zk_count(&counts->r16[difference >> 16]);
    zk_put(row, BINARY_TS, ask->ts), zk_put(row, BINARY_C, ask->c);
    zk_put(row, BINARY_LO, compares ? difference & 0xFFFF : 0);
    zk_put(row, BINARY_SX, is_signed & ask->x >> 31), zk_put(row, BINARY_SY, is_signed & ask->y >> 31);
    zk_put(row, BINARY_F_AND, ask->op == OP_AND), zk_put(row, BINARY_F_OR, ask->op == OP_OR);
    zk_put(row, BINARY_F_XOR, ask->op == OP_XOR);
    zk_put(row, BINARY_F_LTU, ask->op == OP_SLTU), zk_put(row, BINARY_F_LT, is_signed);
}

/* The caller has to invert the cell of SHIFT_INV. */
static inline ZK_DEVICE void shift_row(const request *ask, zk_cells row, lookups *counts) {
    const uint32_t amount = ask->y & 31, arithmetic = ask->op == OP_SRA;
    const uint64_t shifted = (uint64_t)ask->x << (ask->op == OP_SLL ? amount : 32 - amount);
    for (unsigned j = 0; j < 4; j++) {
        const uint64_t limb = shifted >> 16 * j & 0xFFFF;
        zk_put(row, SHIFT_L0 + j, limb), zk_count(&counts->r16[limb]);
    }
    zk_count(&counts->power[ask->y & 0xFFFF]), zk_count(&counts->r16[ask->y >> 16]);
    zk_put(row, SHIFT_TS, ask->ts), zk_put(row, SHIFT_X, ask->x), zk_put(row, SHIFT_C, ask->c);
    zk_put(row, SHIFT_YLO, ask->y & 0xFFFF), zk_put(row, SHIFT_YHI, ask->y >> 16);
    zk_put(row, SHIFT_PW, (uint64_t)1 << amount);
    zk_put(row, SHIFT_INV, (shifted & WORD) == 0 ? 0 : WORD - (shifted >> 32));
    zk_put(row, SHIFT_SX, arithmetic & ask->x >> 31);
    zk_put(row, SHIFT_F_SLL, ask->op == OP_SLL), zk_put(row, SHIFT_F_SRL, ask->op == OP_SRL);
    zk_put(row, SHIFT_F_SRA, arithmetic);
}

/* How many times 2^32 was added to bring the signed answer into [0, 2^32). */
static inline ZK_DEVICE uint64_t muldiv_carry(const request *ask, const muldiv *m) {
    const uint64_t magnitude = m->quotient ? m->g1 : m->g2;
    uint64_t subtracted = 0;
    if (m->quotient || m->remainder) {
        subtracted = 2 * m->negative * magnitude;
    } else if (m->high) {
        subtracted = (uint64_t)m->sx * ask->y + (uint64_t)m->sy * ask->x;
    } else {
        return 0;
    }
    return (ask->c + subtracted - magnitude) >> 32;
}

/* The caller has to invert the cell of MULDIV_INV. */
static inline ZK_DEVICE void muldiv_row(const request *ask, zk_cells row, lookups *counts) {
    const muldiv m = muldiv_of(ask);
    const int divides = m.quotient || m.remainder;
    const uint32_t limbs[5] = {ask->c & 0xFFFF, m.g1 & 0xFFFF, m.g1 >> 16, m.g2 & 0xFFFF, m.g2 >> 16};
    for (unsigned j = 0; j < 5; j++) zk_put(row, MULDIV_C0 + j, limbs[j]), zk_count(&counts->r16[limbs[j]]);
    zk_count(&counts->r16[ask->c >> 16]);
    zk_put(row, MULDIV_TS, ask->ts);
    zk_put(row, MULDIV_X, ask->x), zk_put(row, MULDIV_Y, ask->y), zk_put(row, MULDIV_C, ask->c);
    zk_put(row, MULDIV_AX, m.ax), zk_put(row, MULDIV_AY, m.ay);
    zk_put(row, MULDIV_INV, divides ? ask->y : WORD - m.g2), zk_put(row, MULDIV_DZ, divides && ask->y == 0);
    zk_put(row, MULDIV_SX, m.sx), zk_put(row, MULDIV_SY, m.sy), zk_put(row, MULDIV_NEG, m.negative);
    zk_put(row, MULDIV_K, muldiv_carry(ask, &m));
    zk_put(row, MULDIV_F_LO, ask->op == OP_MUL), zk_put(row, MULDIV_F_HI, (uint64_t)m.high);
    zk_put(row, MULDIV_F_Q, (uint64_t)m.quotient), zk_put(row, MULDIV_F_R, (uint64_t)m.remainder);
    zk_put(row, MULDIV_S_X, (uint64_t)m.signed_x), zk_put(row, MULDIV_S_Y, (uint64_t)m.signed_y);
}

#endif
