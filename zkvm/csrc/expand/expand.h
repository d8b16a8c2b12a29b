/* Trace expansion: rows of the execution log become rows of tables.
 *
 * A table's columns lie one after the other, `height` values each. Heights are powers of two, so the cells of one row
 * are far apart and fall into the same cache sets: rows are made in tiles that fit the nearest cache, and a tile is
 * then copied out column by column. */
#ifndef ZKHUB_EXPAND_H
#define ZKHUB_EXPAND_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "field/goldilocks.h"

#define TILE 128

/* How often each row of BYTE is looked up: AND, PAIR, R16, POW. */
typedef struct {
    uint32_t conjunction[1 << 16], pair[1 << 16], r16[1 << 16], power[1 << 16];
} lookups;

/* zkvm/emulator/log.py: STEP, WORD_ACCESS, BYTE_ACCESS. */
typedef struct {
    uint32_t row, a, b, c, old, t1, t2, t3;
} step_record;

typedef struct {
    uint32_t ts, address, old, new, previous, kind;
} word_access;

typedef struct {
    uint32_t ts, address, old, new, previous, y, kind;
} byte_access;

/* A row of the ROM: its 13 fixed columns side by side. */
typedef struct {
    uint64_t pc, rs1, rs2, rd, immx, immy, base, delta, op, f_add, f_sub, f_eq, f_jalr;
} rom_row;

/* What MAIN, SHIFT or MULDIV asks: at ts, op of x and y gives c. */
typedef struct {
    uint32_t op, ts, x, y, c;
} request;

/* Op codes of zkvm/emulator/opcodes.py. */
enum {
    OP_AND = 1, OP_OR, OP_XOR, OP_SLTU, OP_SLT, OP_LW, OP_SW, OP_LBU, OP_LB, OP_LHU, OP_LH, OP_SB, OP_SH,
    OP_SLL, OP_SRL, OP_SRA,
    OP_MUL = 32, OP_MULHU = 36, OP_MULHSU, OP_MULH, OP_DIVU = 40, OP_DIV = 42, OP_REMU = 44, OP_REM = 46
};

/* The steps of a run; MAIN's rows beyond them repeat the last one, the halt row. */
typedef struct {
    const step_record *records;
    size_t count;
    const rom_row *rom;
    size_t rom_rows;
} run;

/* Each returns 0, or -1 when the log refers to something that is not there. */
int expand_main(const run *r, uint64_t *columns, size_t height, lookups *counts, size_t begin, size_t end);
int expand_memw(const word_access *log, uint64_t *columns, size_t height, lookups *counts, size_t begin, size_t end);
int expand_memb(const byte_access *log, const run *r, uint64_t *columns, size_t height, lookups *counts, size_t begin,
                size_t end);
int expand_requests(const run *r, const uint32_t *steps, request *out, size_t begin, size_t end);
void expand_binary(const request *log, uint64_t *columns, size_t height, lookups *counts, size_t begin, size_t end);
void expand_shift(const request *log, uint64_t *columns, size_t height, lookups *counts, size_t begin, size_t end);
void expand_muldiv(const request *log, uint64_t *columns, size_t height, lookups *counts, size_t begin, size_t end);

/* Replaces each of n values by its inverse, 0 by 0. n <= TILE. */
static inline void invert(uint64_t *values, size_t n) {
    uint64_t before[TILE];
    uint64_t product = 1;
    for (size_t i = 0; i < n; i++) {
        before[i] = product;
        if (values[i] != 0) product = gl_mul(product, values[i]);
    }
    uint64_t inverse = gl_inv(product);
    for (size_t i = n; i-- > 0;) {
        if (values[i] == 0) continue;
        uint64_t value = values[i];
        values[i] = gl_mul(inverse, before[i]);
        inverse = gl_mul(inverse, value);
    }
}

static inline void store_tile(uint64_t *columns, size_t height, size_t row, const uint64_t *tile, size_t width,
                              size_t n) {
    for (size_t c = 0; c < width; c++) memcpy(columns + c * height + row, tile + c * TILE, n * sizeof *tile);
}

#endif
