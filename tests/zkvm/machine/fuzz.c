/* Expands logs of noise, in buffers without a byte to spare: what the log says may be refused, never obeyed.
 *
 * Usage: fuzz SEED ROUNDS. Prints how many logs were expanded and how many were refused. */
#include <stdio.h>
#include <stdlib.h>

#include "expand/expand.h"

enum { HEIGHT = 256, RECORDS = 150, ROM_ROWS = 3, MAX_WIDTH = 26 };

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

/* A lawful log: rows that are there, times that have passed, ops that the tables know. */
static void tame(step_record *steps, word_access *words, byte_access *bytes, uint32_t *indices, request *asks) {
    static const uint32_t ops[] = {OP_AND, OP_SLTU, OP_SLT, OP_SLL, OP_SRA, OP_MUL, OP_MULHSU, OP_DIV, OP_DIVU, OP_REM};
    for (size_t i = 0; i < RECORDS; i++) {
        steps[i].row %= ROM_ROWS;
        steps[i].t1 = steps[i].t2 = steps[i].t3 = 0;
        words[i].ts = bytes[i].ts = 4 * (uint32_t)i + 1;
        words[i].previous = bytes[i].previous = 0;
        indices[i] = indices[i] % RECORDS | (uint32_t)(next() % 4) << ASK_BITS;
        asks[i].op = ops[next() % (sizeof ops / sizeof *ops)];
        if (next() % 4 == 0) asks[i].y = 0;
    }
}

static int expand_all(step_record *steps, rom_row *rom, word_access *words, byte_access *bytes, uint32_t *indices,
                      request *asks, lookups *counts) {
    run r = {steps, RECORDS, rom, ROM_ROWS};
    size_t begin = next() % RECORDS, end = begin + next() % (RECORDS - begin + 1);
    int refused = 0;
    struct {
        size_t width;
        uint64_t *columns;
    } tables[] = {{26, NULL}, {10, NULL}, {24, NULL}, {22, NULL}, {15, NULL}, {23, NULL}};
    for (size_t i = 0; i < 6; i++) tables[i].columns = noise(tables[i].width * HEIGHT * sizeof(uint64_t));
    request *made = noise(RECORDS * sizeof(request));

    refused |= expand_main(&r, tables[0].columns, HEIGHT, counts, begin, HEIGHT);
    refused |= expand_memw(words, tables[1].columns, HEIGHT, counts, begin, end);
    refused |= expand_memb(bytes, &r, tables[2].columns, HEIGHT, counts, begin, end);
    refused |= expand_requests(&r, indices, made, begin, end);
    expand_binary(asks, tables[3].columns, HEIGHT, counts, begin, end);
    expand_shift(asks, tables[4].columns, HEIGHT, counts, begin, end);
    expand_muldiv(asks, tables[5].columns, HEIGHT, counts, begin, end);

    for (size_t i = 0; i < 6; i++) free(tables[i].columns);
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
        step_record *steps = noise(RECORDS * sizeof *steps);
        rom_row *rom = noise(ROM_ROWS * sizeof *rom);
        word_access *words = noise(RECORDS * sizeof *words);
        byte_access *bytes = noise(RECORDS * sizeof *bytes);
        uint32_t *indices = noise(RECORDS * sizeof *indices);
        request *asks = noise(RECORDS * sizeof *asks);
        if (round % 2) tame(steps, words, bytes, indices, asks);
        refused += (unsigned long)expand_all(steps, rom, words, bytes, indices, asks, counts);
        free(steps), free(rom), free(words), free(bytes), free(indices), free(asks);
    }
    free(counts);
    printf("%lu %lu\n", rounds - refused, refused);
    return 0;
}
