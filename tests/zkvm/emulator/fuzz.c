/* Random programs in the emulator's core, to be built with sanitizers: fuzz [first seed] [number of seeds].
   Prints how often each status came up, so that the test can see that the programs reach something. */
#include "emulator/machine.h"
#include "emulator/uint256.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 96, CODE_LOW = 0x1000, IMAGE_WORDS = 40, INPUT_WORDS = 20, STATUSES = 64 };

static uint64_t state;

static uint32_t draw(void) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    uint64_t mixed = (state ^ state >> 29) * UINT64_C(0xBF58476D1CE4E5B9);
    return (uint32_t)(mixed >> 32);
}

static uint32_t below(uint32_t n) { return draw() % n; }

static uint32_t edge(void) {
    static const uint32_t edges[] = {0,          1,          2,          31,         0x7FFFFFFF, 0x80000000,
                                     0xFFFFFFFF, 0x40000000, 0x20000000, 0x20000004, 0x20000040, 0x10000000,
                                     0x10000010, 0x08000000, 0x3FFFFFFC, 0xFFFFFFFC, 0xFFFFFF80, 0x20000100};
    uint32_t pick = below(24);
    return pick < sizeof edges / sizeof *edges ? edges[pick] : draw();
}

static const uint8_t KINDS_USED[] = {
    KIND_ADD,  KIND_ADD,  KIND_ADD,  KIND_SUB,   KIND_EQ,     KIND_JALR, KIND_JAL,  KIND_AND,   KIND_OR,    KIND_XOR,
    KIND_SLTU, KIND_SLT,  KIND_LW,   KIND_SW,    KIND_SW,     KIND_LBU,  KIND_LB,   KIND_LHU,   KIND_LH,    KIND_SB,
    KIND_SH,   KIND_SLL,  KIND_SRL,  KIND_SRA,   KIND_MUL,    KIND_MULH, KIND_MULHU, KIND_MULHSU, KIND_DIV, KIND_DIVU,
    KIND_REM,  KIND_REMU, KIND_KECCAK, KIND_MULMOD, KIND_ECADD, KIND_ECDBL,
};

static Row random_row(uint32_t index) {
    Row row = {.kind = KINDS_USED[below(sizeof KINDS_USED)], .rs1 = (uint8_t)below(8), .rs2 = (uint8_t)below(8)};
    row.rd = (uint8_t)(below(6) ? 1 + below(7) : DUMMY);
    row.pc = CODE_LOW + 4 * index;
    bool memory = (row.kind >= KIND_LW && row.kind <= KIND_SH) || row.kind >= KIND_KECCAK;
    row.immx = memory || row.kind == KIND_JALR ? edge() : 0;
    if (memory && below(4)) {
        row.rs1 = row.rs2 = 0;
        row.immx = 0x20000000 + 4 * below(64);
        row.immy = row.kind >= KIND_KECCAK ? (row.kind == KIND_ECDBL ? row.immx : 0x20000000 + 4 * below(64)) : 0;
    } else if (row.kind == KIND_JALR) {
        row.rs1 = 0;
        row.immx = CODE_LOW + below(4 * ROWS + 16);
    } else if (below(2)) {
        row.rs2 = 0;
        row.immy = edge();
    }
    for (int c = 0; c < 2; c++)
        row.next[c] = below(12) ? (int32_t)((index + 1) % ROWS) : (int32_t)below(ROWS + 1) - 1;
    return row;
}

static void set_up(Machine *m, uint32_t seed, bool profiled) {
    state = seed;
    memset(m, 0, sizeof *m);
    m->rows = malloc(ROWS * sizeof(Row));
    m->row_at = malloc(ROWS * sizeof(int32_t));
    m->row_count = m->code_words = ROWS;
    m->code_low = CODE_LOW;
    m->memory.pages = calloc(PAGES, sizeof(Cell *));
    m->memory.limit = 1 << 20;
    if (!m->rows || !m->row_at || !m->memory.pages) abort();
    for (uint32_t i = 0; i < ROWS; i++) {
        m->rows[i] = random_row(i);
        m->row_at[i] = below(20) ? (int32_t)i : -1;
    }
    const int32_t last = ROWS - 1;
    m->rows[last] = (Row){.kind = KIND_HALT, .rd = DUMMY, .pc = CODE_LOW + 4 * (uint32_t)last, .next = {last, last}};
    for (uint32_t i = 0; i < IMAGE_WORDS; i++) memory_place(&m->memory, 0x08000000 / 4 + i, draw());
    for (uint32_t i = 0; i < INPUT_WORDS; i++) memory_place(&m->memory, IN_LO + i, draw());
    if (!profiled) return;
    Profiler *p = &m->profiler;
    p->functions = 5;
    p->function_of = calloc(ROWS, sizeof(uint32_t));
    p->flat = calloc(5 * COSTS, sizeof(uint64_t));
    p->inclusive = calloc(5 * COSTS, sizeof(uint64_t));
    p->calls = calloc(5, sizeof(uint64_t));
    p->active = calloc(5, sizeof(uint64_t));
    if (!p->function_of || !p->flat || !p->inclusive || !p->calls || !p->active) abort();
    for (uint32_t i = 0; i < ROWS; i++) p->function_of[i] = i / 20 | (i % 20 ? 0 : FIRST_OF_FUNCTION);
}

/* The same run in pieces and at once, and in every mode, ends alike. */
static int run_all(uint32_t seed) {
    int status = 0;
    uint64_t cycle = 0;
    uint32_t registers[REGISTER_CELLS];
    for (int mode = COUNT; mode <= PROFILE; mode++) {
        Machine m;
        set_up(&m, seed, mode == PROFILE);
        int now = AT_LIMIT;
        if (mode == LOG)
            for (uint64_t limit = 7; now == AT_LIMIT && limit < 3000; limit += limit)
                now = machine_run(&m, mode, limit, -1);
        else if (mode == PROFILE)
            do now = machine_run(&m, mode, 3000, 3);
            while (now == AT_STOP);
        if (now == AT_LIMIT) now = machine_run(&m, mode, 3000, -1);
        if (mode == PROFILE) profile_finish(&m.profiler);
        for (int i = 0; mode == COUNT && i < REGISTER_CELLS; i++) registers[i] = m.registers[i].value;
        if (mode == COUNT) status = now, cycle = m.cycle;
        bool same = status == now && cycle == m.cycle;
        for (int i = 0; i < REGISTER_CELLS; i++) same = same && registers[i] == m.registers[i].value;
        if (!same) {
            printf("seed %u: mode %d ended with %d at %llu, counting with %d at %llu\n", seed, mode, now,
                   (unsigned long long)m.cycle, status, (unsigned long long)cycle);
            exit(1);
        }
        if (mode == LOG && m.steps.length != m.cycle) abort();
        machine_clear(&m);
    }
    return status;
}

static void fuzz_numbers(void) {
    uint32_t n[4][8], quotient[8], remainder[8];
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 8; j++) n[i][j] = below(3) ? edge() : 0;
    n[3][below(8)] |= 1 + below(5);
    u256_muldivmod(n[0], n[1], n[2], n[3], quotient, remainder);
    Field a = field_load(n[0]), inverse = field_inverse(a);
    field_store(field_mul(a, inverse), remainder);
    uint32_t others = 0;
    for (int j = 1; j < 8; j++) others |= remainder[j];
    if (others || remainder[0] != (field_is_zero(a) ? 0 : 1)) abort();
}

int main(int count, char **arguments) {
    uint32_t first = count > 1 ? (uint32_t)atoi(arguments[1]) : 0;
    uint32_t seeds = count > 2 ? (uint32_t)atoi(arguments[2]) : 100;
    unsigned seen[STATUSES] = {0};
    for (uint32_t seed = first; seed < first + seeds; seed++) {
        seen[run_all(seed)]++;
        fuzz_numbers();
    }
    for (int i = 0; i < STATUSES; i++)
        if (seen[i]) printf("%d %u\n", i, seen[i]);
    return 0;
}
