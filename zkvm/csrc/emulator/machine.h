/* The emulator's state and the records of its log. zkvm/emulator/log.py says what every field means. */
#ifndef ZKHUB_EMULATOR_MACHINE_H
#define ZKHUB_EMULATOR_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "execution_log.h"

enum {
    IN_LO = 0x10000000 / 4,
    REGISTER_CELLS = 33,
    DUMMY = 32,
    PAGE_BITS = 10,
    PAGE_WORDS = 1 << PAGE_BITS,
    PAGES = 1 << (30 - PAGE_BITS),
    KINDS = 64,
    COSTS = 8,
};

/* What an instruction does: an op code of the machine, or one of the four that MAIN does itself, or the halt. */
enum Kind {
    KIND_ADD = 0,
    KIND_AND = 1,
    KIND_OR = 2,
    KIND_XOR = 3,
    KIND_SLTU = 4,
    KIND_SLT = 5,
    KIND_LW = 6,
    KIND_SW = 7,
    KIND_LBU = 8,
    KIND_LB = 9,
    KIND_LHU = 10,
    KIND_LH = 11,
    KIND_SB = 12,
    KIND_SH = 13,
    KIND_SLL = 14,
    KIND_SRL = 15,
    KIND_SRA = 16,
    KIND_SUB = 20,
    KIND_EQ = 21,
    KIND_JALR = 22,
    KIND_HALT = 23,
    KIND_JAL = 24, /* an addition that leads elsewhere; only the profile tells it from KIND_ADD */
    KIND_MUL = 32,
    KIND_MULHU = 36,
    KIND_MULHSU = 37,
    KIND_MULH = 38,
    KIND_DIVU = 40,
    KIND_DIV = 42,
    KIND_REMU = 44,
    KIND_REM = 46,
    KIND_KECCAK = 48,
    KIND_MULMOD = 49,
    KIND_ECADD = 50,
    KIND_ECDBL = 51,
};

/* How a call of machine_run ended; zkvm/emulator/emulator.py has the same numbers. */
enum Status {
    HALTED = 0,
    AT_LIMIT = 1,
    AT_STOP = 2,
    FAULT_JUMP = 16,
    FAULT_UNALIGNED = 17,
    FAULT_RANGE = 18,
    FAULT_MEMORY = 19,
    FAULT_ZERO_MODULUS = 20,
    FAULT_QUOTIENT = 21,
    FAULT_EQUAL_POINTS = 22,
    FAULT_ZERO_ORDINATE = 23,
    FAULT_POINTERS = 24,
    NO_HOST_MEMORY = 32,
};

enum Mode { COUNT = 0, LOG = 1, PROFILE = 2 };

/* One instruction, as zkvm/emulator/emulator.py packs it: next[c] is the index of the row to go on with, -1 if none. */
typedef struct {
    uint8_t kind, rs1, rs2, rd;
    uint32_t immx, immy;
    int32_t next[2];
    uint32_t pc;
} Row;

typedef struct {
    uint32_t value, time;
} Cell;

typedef struct {
    uint32_t ts, pointer, before[50], after[50];
} KeccakCall;

/* A growing array. */
typedef struct {
    void *data;
    size_t length, capacity;
} List;

/* Time of a word of the image or input region that the program does not have. */
#define ABSENT 0xFFFFFFFFu

typedef struct {
    Cell **pages;
    List owned; /* Cell *: all pages */
    size_t bytes, limit;
    List touched; /* uint32_t: words from IN_LO on that were accessed, in order of first access */
} Memory;

typedef struct {
    uint64_t start[COSTS];
    int64_t return_row;
    uint32_t function;
} Frame;

/* Costs by guest function: what it did itself, and with all it called. */
typedef struct {
    uint32_t functions;
    uint32_t *function_of; /* by row; the top bit marks the first instruction of a function */
    uint64_t *flat, *inclusive; /* functions * COSTS */
    uint64_t *calls, *active;
    uint64_t total[COSTS];
    List frames;
} Profiler;

typedef struct {
    Row *rows;
    size_t row_count;
    uint32_t code_low, code_words;
    int32_t *row_at; /* by (pc - code_low) / 4; -1 where there is no instruction */
    Memory memory;
    Cell registers[REGISTER_CELLS];
    uint32_t index; /* of the row that comes next */
    uint64_t cycle;
    uint32_t fault_address;
    bool logging;
    uint64_t counts[KINDS];
    uint64_t divisions_by_zero;
    List steps, memw, memb, binary, shift, muldiv, arith256, keccak;
    Profiler profiler;
} Machine;

#define FIRST_OF_FUNCTION 0x80000000u

/* Makes room for `more` elements of `size` bytes; false without memory. */
bool list_reserve(List *list, size_t more, size_t size);

/* Address space for `count` elements of an empty list: it takes memory only as it fills, and need not move. */
bool list_presize(List *list, size_t count, size_t size);

static inline void *list_push(List *list, size_t size) { return (char *)list->data + size * list->length++; }

/* The page of a word that has none yet: allocated in zero memory, else NULL, and *fault says why. */
Cell *memory_page(Memory *memory, uint32_t word, int *fault);

/* Gives a word of the image or the input its initial value; false without memory. */
bool memory_place(Memory *memory, uint32_t word, uint32_t value);

/* The cell of a word, or NULL with *fault set. */
static inline Cell *memory_cell(Memory *memory, uint32_t word, int *fault) {
    Cell *page = memory->pages[word >> PAGE_BITS];
    if (!page) {
        page = memory_page(memory, word, fault);
        if (!page) return NULL;
    }
    Cell *cell = page + (word & (PAGE_WORDS - 1));
    if (cell->time == ABSENT) {
        *fault = FAULT_RANGE;
        return NULL;
    }
    return cell;
}

/* Notes the access to a cell at `time`; gives the time of the one before. The list `touched` has room. */
static inline uint32_t cell_access(Memory *memory, Cell *cell, uint32_t word, uint32_t time) {
    uint32_t previous = cell->time;
    cell->time = time;
    if (!previous && word >= IN_LO) *(uint32_t *)list_push(&memory->touched, sizeof(uint32_t)) = word;
    return previous;
}

/* Index of the row of an address, -1 if there is none. */
static inline int64_t row_at(const Machine *m, uint32_t pc) {
    uint32_t at = pc - m->code_low;
    if (at & 3 || at >> 2 >= m->code_words) return -1;
    return m->row_at[at >> 2];
}

/* Frees all that the machine holds. */
void machine_clear(Machine *machine);

/* Runs until the halt, `limit` cycles in all, the row `stop` (-1: none; not at the first instruction), or a fault. */
int machine_run(Machine *machine, enum Mode mode, uint64_t limit, int64_t stop);

/* One call of a precompile; 0 or a fault. The log and the list `touched` have room for `spare` more elements after. */
int precompile(Machine *machine, uint32_t kind, uint32_t x, uint32_t y, uint32_t ts, size_t spare);

/* Room for what one instruction but a precompile can add to memw and touched. */
bool machine_reserve(Machine *machine, size_t instructions);

/* Accounts for one instruction of the profile that leads from row `index` to row `next`. */
int profile_step(Machine *machine, uint32_t index, int64_t next, bool zero_division);
void profile_finish(Profiler *profiler);

#endif
