/* What the log's records become rows with, and what is counted on the way: the same text for C and CUDA. */
#ifndef ZKHUB_RECORDS_H
#define ZKHUB_RECORDS_H

#include "execution_log.h"

/* How often each row of BYTE is looked up: AND, PAIR, R16, POW. */
typedef struct {
    uint32_t conjunction[1 << 16], pair[1 << 16], r16[1 << 16], power[1 << 16];
} lookups;

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
    OP_MUL = 32, OP_MULHU = 36, OP_MULHSU, OP_MULH, OP_DIVU = 40, OP_DIV = 42, OP_REMU = 44, OP_REM = 46,
    OP_MULMOD = 49, OP_ECADD, OP_ECDBL
};

/* The steps of a run; MAIN's rows beyond them repeat the last one, the halt row. */
typedef struct {
    const step_record *records;
    size_t count;
    const rom_row *rom;
    size_t rom_rows;
} run;

/* The words of RAM: the cells that were touched, ascending, among words of the zero region that nothing touched. The
 * latter are the first there are, so from its start on the region is `solid` for so many words. Of the cells, `below`
 * are in front of it; together with the other words they are `height`. */
typedef struct {
    const cell_record *cells;
    size_t count, below, solid, height;
} ram_words;

/* An ask is the index of a step, and above ASK_BITS which of its requests is meant: the instruction itself, or what
 * SHIFT and MULDIV ask BINARY because of it. zkvm/machine/expand/asks.py makes them. */
enum { ASK_BITS = 30, ASK_OWN = 0, ASK_SIGN_OF_X, ASK_SIGN_OF_Y, ASK_REMAINDER };

#endif
