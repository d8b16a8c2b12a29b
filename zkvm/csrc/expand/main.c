/* MAIN: see zkvm/machine/expand/main.py, which says the same in NumPy. */
#include "expand.h"

enum {
    PC, TS, RS1, RS2, RD, IMMX, IMMY, BASE, DELTA, OPCODE, F_ADD, F_SUB, F_EQ, F_JALR,
    A, B, C, OLD, T1, T2, T3, L1, L2, L3, CARRY, Q, WIDTH
};

/* Row `index` of MAIN: a step of the log, or the halt row again (see padding_steps in zkvm/emulator/log.py). */
static step_record step_at(const run *r, size_t index) {
    if (index < r->count) return r->records[index];
    uint32_t ts = (uint32_t)(4 * index + 1);
    step_record again = {.row = r->records[r->count - 1].row, .t1 = ts - 3, .t2 = ts, .t3 = ts - 1};
    return again;
}

/* The low limb of a time difference; counts it and returns the byte above. */
static uint64_t gap(uint64_t now, uint64_t before, uint64_t *low, lookups *counts) {
    uint64_t difference = now - before - 1;
    *low = difference & 0xFFFF;
    counts->r16[*low]++;
    return difference >> 16;
}

/* carry and q of one row; for EQ, q is x - y until its tile is inverted. */
static void result_cells(const rom_row *fetched, uint64_t x, uint64_t y, uint64_t c, uint64_t *carry, uint64_t *q,
                         lookups *counts) {
    *carry = *q = 0;
    if (fetched->f_add | fetched->f_sub) {
        *carry = fetched->f_add ? (x + y) >> 32 : x < y;
        *q = c & 0xFFFF;
        counts->r16[*q]++;
        counts->r16[c >> 16]++;
    } else if (fetched->f_eq) {
        *q = gl_sub(x, y);
    } else if (fetched->f_jalr) {
        *carry = x >> 32;
        *q = x & 1;
    }
}

int expand_main(const run *r, uint64_t *columns, size_t height, lookups *counts, size_t begin, size_t end) {
    uint64_t tile[WIDTH][TILE], inverses[TILE];
    size_t equal_at[TILE];
    for (size_t first = begin; first < end; first += TILE) {
        size_t n = end - first < TILE ? end - first : TILE, equals = 0;
        for (size_t i = 0; i < n; i++) {
            step_record step = step_at(r, first + i);
            if (step.row >= r->rom_rows) return -1;
            const rom_row *fetched = &r->rom[step.row];
            uint64_t ts = 4 * (uint64_t)(first + i) + 1;
            uint64_t x = step.a + fetched->immx, y = step.b + fetched->immy;

            tile[PC][i] = fetched->pc, tile[TS][i] = ts;
            tile[RS1][i] = fetched->rs1, tile[RS2][i] = fetched->rs2, tile[RD][i] = fetched->rd;
            tile[IMMX][i] = fetched->immx, tile[IMMY][i] = fetched->immy;
            tile[BASE][i] = fetched->base, tile[DELTA][i] = fetched->delta, tile[OPCODE][i] = fetched->op;
            tile[F_ADD][i] = fetched->f_add, tile[F_SUB][i] = fetched->f_sub;
            tile[F_EQ][i] = fetched->f_eq, tile[F_JALR][i] = fetched->f_jalr;
            tile[A][i] = step.a, tile[B][i] = step.b, tile[C][i] = step.c, tile[OLD][i] = step.old;
            tile[T1][i] = step.t1, tile[T2][i] = step.t2, tile[T3][i] = step.t3;
            uint64_t h1 = gap(ts, step.t1, &tile[L1][i], counts);
            uint64_t h2 = gap(ts + 1, step.t2, &tile[L2][i], counts);
            uint64_t h3 = gap(ts + 3, step.t3, &tile[L3][i], counts);
            if ((h1 | h2 | h3) > 0xFF) return -1;
            counts->pair[256 * h1 + h2]++;
            counts->pair[256 * h3]++;
            result_cells(fetched, x, y, step.c, &tile[CARRY][i], &tile[Q][i], counts);
            if (fetched->f_eq) equal_at[equals++] = i;
        }
        for (size_t j = 0; j < equals; j++) inverses[j] = tile[Q][equal_at[j]];
        if (equals > 0) invert(inverses, equals);
        for (size_t j = 0; j < equals; j++) tile[Q][equal_at[j]] = inverses[j];
        store_tile(columns, height, first, tile[0], WIDTH, n);
    }
    return 0;
}
