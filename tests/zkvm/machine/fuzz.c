/* Expands logs of noise, in buffers without a byte to spare: what the log says may be refused, never obeyed.
 *
 * Usage: fuzz SEED ROUNDS. Prints how many logs were expanded and how many were refused. */
#include <stdio.h>
#include <stdlib.h>

#include "expand/expand.h"
#include "expand/precompiles.h"

enum { HEIGHT = 256, RECORDS = 150, ROM_ROWS = 3, CALLS = 4, BELOW = 40 };

/* What a run leaves. */
typedef struct {
    step_record *steps;
    rom_row *rom;
    word_access *words;
    byte_access *bytes;
    cell_record *cells;
    arith256_call *calls;
    uint32_t *indices;
    request *asks;
} logged;

static uint64_t state;

static uint64_t next(void) {
    state += 0x9E3779B97F4A7C15ULL;
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
}

static void *noise(size_t bytes) {
    unsigned char *data = malloc(bytes);
    if (data == NULL) abort();
    for (size_t i = 0; i < bytes; i++) data[i] = (unsigned char)next();
    return data;
}

/* A lawful log: rows that are there, times that have passed, ops that the tables know, addresses that ascend, and
 * products that are right: 0 b + c = 0 m + c. */
static void tame(logged *log) {
    static const uint32_t ops[] = {OP_AND, OP_SLTU, OP_SLT, OP_SLL, OP_SRA, OP_MUL, OP_MULHSU, OP_DIV, OP_DIVU, OP_REM};
    for (size_t i = 0; i < RECORDS; i++) {
        log->steps[i].row %= ROM_ROWS;
        log->steps[i].t1 = log->steps[i].t2 = log->steps[i].t3 = 0;
        log->words[i].ts = log->bytes[i].ts = 4 * (uint32_t)i + 1;
        log->words[i].previous = log->bytes[i].previous = 0;
        log->cells[i].address = i < BELOW ? (uint32_t)i : ZERO_LO + (uint32_t)(2 * (i - BELOW));
        log->indices[i] = log->indices[i] % RECORDS | (uint32_t)(next() % 4) << ASK_BITS;
        log->asks[i].op = ops[next() % (sizeof ops / sizeof *ops)];
        if (next() % 4 == 0) log->asks[i].y = 0;
    }
    for (size_t i = 0; i < CALLS; i++) {
        arith256_call *call = &log->calls[i];
        call->op = OP_MULMOD;
        for (size_t j = 0; j < 8; j++) {
            call->operands[j] = call->witness[j] = 0;
            call->results[j] = call->operands[16 + j];
        }
        call->operands[31] |= 1;
    }
}

/* Half of the calls of noise are of the curve. */
static int expand_calls(logged *log, uint64_t *columns, lookups *counts) {
    if (next() % 2) log->calls[0].op = log->calls[0].op == OP_MULMOD ? OP_MULMOD : OP_ECADD + (uint32_t)(next() % 2);
    memset(columns, 0, ARITH256_WIDTH * HEIGHT * sizeof *columns);
    const int refused = zk_arith256_rows(log->calls, HEIGHT, 0, CALLS, columns) != CALLS;
    /* Whatever was refused, every cell is in the range that is looked up. */
    if (!zk_arith256_lookups(columns, HEIGHT, 0, HEIGHT, counts)) abort();
    columns[next() % HEIGHT] = 1 << 16;
    if (zk_arith256_lookups(columns, HEIGHT, 0, HEIGHT, counts)) abort();
    return refused;
}

static int expand_all(logged *log, lookups *counts) {
    static const size_t widths[] = {MAIN_WIDTH, MEMW_WIDTH, MEMB_WIDTH, BINARY_WIDTH,
                                    SHIFT_WIDTH, MULDIV_WIDTH, RAM_WIDTH, ARITH256_WIDTH};
    enum { TABLES = sizeof widths / sizeof *widths };
    run r = {log->steps, RECORDS, log->rom, ROM_ROWS};
    /* In a lawful log the words of the region are touched by turns, so all untouched ones are among them. */
    ram_words w = {log->cells, RECORDS, BELOW, 2 * (HEIGHT - RECORDS), HEIGHT};
    size_t begin = next() % RECORDS, end = begin + next() % (RECORDS - begin + 1);
    int refused = 0;
    uint64_t *tables[TABLES];
    for (size_t i = 0; i < TABLES; i++) tables[i] = noise(widths[i] * HEIGHT * sizeof(uint64_t));
    request *made = noise(RECORDS * sizeof(request));

    refused |= expand_main(&r, tables[0], HEIGHT, counts, begin, HEIGHT);
    refused |= expand_memw(log->words, tables[1], HEIGHT, counts, begin, end);
    refused |= expand_memb(log->bytes, &r, tables[2], HEIGHT, counts, begin, end);
    refused |= expand_requests(&r, log->indices, made, begin, end);
    expand_binary(log->asks, tables[3], HEIGHT, counts, begin, end);
    expand_shift(log->asks, tables[4], HEIGHT, counts, begin, end);
    expand_muldiv(log->asks, tables[5], HEIGHT, counts, begin, end);
    refused |= expand_ram(&w, tables[6], counts, begin, HEIGHT);
    refused |= expand_calls(log, tables[7], counts);

    for (size_t i = 0; i < TABLES; i++) free(tables[i]);
    free(made);
    return refused != 0;
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    state = strtoull(argv[1], NULL, 10);
    unsigned long rounds = strtoul(argv[2], NULL, 10), refused = 0;
    lookups *counts = calloc(1, sizeof(lookups));
    if (counts == NULL) return 2;
    for (unsigned long round = 0; round < rounds; round++) {
        logged log = {
            .steps = noise(RECORDS * sizeof *log.steps), .rom = noise(ROM_ROWS * sizeof *log.rom),
            .words = noise(RECORDS * sizeof *log.words), .bytes = noise(RECORDS * sizeof *log.bytes),
            .cells = noise(RECORDS * sizeof *log.cells), .calls = noise(CALLS * sizeof *log.calls),
            .indices = noise(RECORDS * sizeof *log.indices), .asks = noise(RECORDS * sizeof *log.asks),
        };
        if (round % 2) tame(&log);
        refused += (unsigned long)expand_all(&log, counts);
        free(log.steps), free(log.rom), free(log.words), free(log.bytes), free(log.cells), free(log.calls);
        free(log.indices), free(log.asks);
    }
    free(counts);
    printf("%lu %lu\n", rounds - refused, refused);
    return 0;
}
