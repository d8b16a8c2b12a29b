/* Records of the execution log as the emulator writes them and the expansion reads them: the same text for C and CUDA.
 * zkvm/emulator/log.py says what every field means. */
#ifndef ZKHUB_EXECUTION_LOG_H
#define ZKHUB_EXECUTION_LOG_H

#include "device.h"

typedef struct {
    uint32_t row, a, b, c, old, t1, t2, t3;
} step_record;

typedef struct {
    uint32_t ts, address, old, new_word, previous, kind;
} word_access;

typedef struct {
    uint32_t ts, address, old, new_word, previous, y, kind;
} byte_access;

typedef struct {
    uint32_t ts, op, px, py, operands[32], results[16], witness[8];
} arith256_call;

typedef struct {
    uint32_t address, initial, final, time;
} cell_record;

enum {
    ZERO_LO = 0x20000000 / 4, /* first word of the memory that starts as zero */
};

#endif
