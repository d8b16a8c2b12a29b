/* The batch program on this machine: one call for ctypes, and a program that reads inputs from stdin, for sanitizers. */
#define _DEFAULT_SOURCE
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "batch/compression.h"
#include "batch/log_tree.h"
#include "program.h"

static const size_t STATE_BYTES = (size_t)1 << 30, FRAME_BYTES = (size_t)1 << 32, RETURNED_BYTES = (size_t)1 << 30;

typedef struct {
    zk_context context; /* first */
    jmp_buf out;
    zk_batch_run run;
} machine;

_Noreturn void zk_fail(zk_context *context, zk_reason reason) {
    longjmp(((machine *)(void *)context)->out, (int)reason);
}

/* Address space; pages come with their first use. */
static zk_arena reserve(size_t size) {
    uint8_t *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) abort();
    return (zk_arena){at, at + size};
}

static void give_back(zk_arena arena, size_t size) { munmap(arena.end - size, size); }

static zk_reason run_batch(machine *m, const zk_batch_memory *memory, bytes_t input) {
    int told = setjmp(m->out);
    if (told) return zk_batch_reason(&m->run, (zk_reason)told);
    zk_run_batch(&m->context, memory, input, &m->run);
    return ZK_OK;
}

/* Why it was refused, 0 where it was not: then the public input, and the pubdata as far as there is room. */
uint32_t batch_run(const uint8_t *input, uint32_t size, uint8_t public_input[32], uint8_t *pubdata, uint32_t room,
                   uint32_t *pubdata_size) {
    machine *m = calloc(1, sizeof *m);
    if (!m) abort();
    m->context.arena = reserve(STATE_BYTES);
    const zk_batch_memory memory = {reserve(FRAME_BYTES), reserve(RETURNED_BYTES)};
    zk_reason reason = run_batch(m, &memory, (bytes_t){input, size});
    if (reason == ZK_OK) {
        memcpy(public_input, &m->run.public_input, 32);
        *pubdata_size = m->run.pubdata.size;
        if (room) memcpy(pubdata, m->run.pubdata.data, *pubdata_size < room ? *pubdata_size : room);
    }
    give_back(m->context.arena, STATE_BYTES);
    give_back(memory.frames, FRAME_BYTES);
    give_back(memory.returned, RETURNED_BYTES);
    free(m);
    return (uint32_t)reason;
}

/* --- Parts --- */

uint32_t batch_change(uint8_t to[ZK_COMPRESSED_BYTES], const uint8_t old[32], const uint8_t value[32]) {
    u256 numbers[2];
    u256_from_bytes(&numbers[0], old);
    u256_from_bytes(&numbers[1], value);
    return (uint32_t)(zk_put_change(to, &numbers[0], &numbers[1]) - to);
}

/* `leaves` has room for one more. */
void batch_log_root(uint8_t root[32], uint8_t *leaves, uint32_t count) {
    zk_log_tree_root((hash_t *)(void *)root, (hash_t *)(void *)leaves, count);
}

/* --- The program: for each input (size, bytes) the reason and the public input --- */

#ifndef ZK_FUZZ

int main(void) {
    uint32_t size;
    while (fread(&size, sizeof size, 1, stdin) == 1) {
        /* Memory of its own, so that the sanitizer sees each step beside it. */
        uint8_t *input = malloc(size ? size : 1), public_input[32] = {0};
        if (!input || fread(input, 1, size, stdin) != size) return 1;
        uint32_t unused, reason = batch_run(input, size, public_input, NULL, 0, &unused);
        fwrite(&reason, sizeof reason, 1, stdout);
        fwrite(public_input, sizeof public_input, 1, stdout);
        fflush(stdout);
        free(input);
    }
    return 0;
}

#else

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    uint8_t public_input[32];
    uint32_t unused;
    batch_run(input, (uint32_t)size, public_input, NULL, 0, &unused);
    return 0;
}

#endif
