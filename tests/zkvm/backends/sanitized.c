/* Runs every kernel of every instruction set at awkward sizes on buffers of exactly the size it may touch, under the
 * address and undefined-behaviour sanitizers, and compares the results with the portable kernels'. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hash/scatter.h"
#include "kernels.h"

extern const zk_kernels zk_kernels_portable;
#ifdef ZK_HAS_avx2
extern const zk_kernels zk_kernels_avx2;
#endif
#ifdef ZK_HAS_avx512
extern const zk_kernels zk_kernels_avx512;
#endif

static uint64_t state = 88172645463325252ULL;

static uint64_t next_word(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static uint64_t *elements(size_t count) {
    uint64_t *made = malloc(count * sizeof(uint64_t) + (count == 0));
    for (size_t i = 0; i < count; i++) {
        uint64_t word = next_word();
        made[i] = (word >> 60) == 0 ? GL_P - 1 - (word & 1) : word % GL_P;
    }
    return made;
}

/* Scratch: how much depends on the instruction set. */
static uint64_t *room(size_t count) { return malloc(count * sizeof(uint64_t)); }

/* The results of a run, one after another. */
typedef struct {
    uint8_t *bytes;
    size_t length;
} record;

static void keep(record *r, void *result, size_t bytes) {
    r->bytes = realloc(r->bytes, r->length + bytes + 1);
    memcpy(r->bytes + r->length, result, bytes);
    r->length += bytes;
    free(result);
}

static void transforms(const zk_kernels *k, unsigned log_rows, record *r) {
    const size_t rows = (size_t)1 << log_rows, width = 3;
    uint64_t *values = elements(width * rows), *out = elements(width * rows);
    uint64_t *scratch = room(k->ntt_scratch(log_rows));
    k->interpolate(values, out, log_rows, 0, width, scratch);
    k->evaluate(out, values, log_rows, 1, width, 7, scratch);
    free(scratch);
    scratch = room(k->eval_scratch(log_rows));
    uint64_t *at = elements(3 * width), *points = elements(5), *found = elements(5 * width);
    k->eval_at(out, log_rows, 0, width, gle_make(1, 2, 3), at, scratch);
    k->eval_rows(out, log_rows, 0, width, points, 5, found, scratch);
    free(scratch);
    free(points);
    uint64_t *quotient = elements(3 * rows);
    if (!k->divide(out, log_rows, 0, rows, gle_make(1, 2, 3), 7, 0, quotient)) abort();
    if (!k->divide(values, log_rows, rows / 2, rows, gle_make(4, 5, 6), 7, 1, quotient)) abort();
    for (unsigned log_arity = 1; log_arity <= 3 && log_arity <= log_rows; log_arity++) {
        uint64_t *folded = elements(3 * rows >> log_arity);
        k->fold(values, log_rows, log_arity, 0, rows >> log_arity, 7, gle_make(1, 2, 3), folded);
        keep(r, folded, 3 * rows * sizeof(uint64_t) >> log_arity);
    }
    keep(r, values, width * rows * sizeof(uint64_t));
    keep(r, out, width * rows * sizeof(uint64_t));
    keep(r, at, 3 * width * sizeof(uint64_t));
    keep(r, found, 5 * width * sizeof(uint64_t));
    keep(r, quotient, 3 * rows * sizeof(uint64_t));
}

static void pointwise(const zk_kernels *k, size_t rows, record *r) {
    uint64_t *a = elements(3 * rows), *b = elements(3 * rows), *to = elements(3 * rows);
    uint64_t *weights = elements(3 * 3), *scratch = room(9 * 3);
    for (size_t i = 0; i < 3 * rows; i++) a[i] += a[i] == 0;
    k->combine(a, rows, 3, weights, 0, rows, to, scratch);
    k->add(a, to, b, 0, 3 * rows);
    k->multiply(a, b, b, 1, rows);
    k->multiply_ext(a, b, b, rows, 0, rows);
    if (!k->invert(a, rows, 0, rows, to)) abort();
    free(a);
    free(weights);
    free(scratch);
    keep(r, b, 3 * rows * sizeof(uint64_t));
    keep(r, to, 3 * rows * sizeof(uint64_t));
}

static void hashes(const zk_kernels *k, size_t rows, unsigned node_bytes, record *r) {
    const size_t width = 19;
    uint64_t *data[19];
    const uint64_t *columns[19];
    for (size_t c = 0; c < width; c++) columns[c] = data[c] = elements(rows);
    uint8_t *digests = malloc(rows * node_bytes), *injected = malloc(rows / 2 * node_bytes + 1);
    k->digest_rows(columns, width, 0, rows, node_bytes, digests);
    memset(injected, 5, rows / 2 * node_bytes);
    uint8_t *nodes = malloc(rows / 2 * node_bytes + 1), *messages = malloc(rows * 32);
    k->hash_nodes(digests, NULL, 0, rows / 2, node_bytes, nodes);
    k->hash_nodes(digests, injected, rows / 4, rows / 2, node_bytes, nodes);
    k->hash_messages(digests, node_bytes, 0, rows, messages);
    for (size_t c = 0; c < width; c++) free(data[c]);
    free(injected);
    keep(r, digests, rows * node_bytes);
    keep(r, nodes, rows / 2 * node_bytes);
    keep(r, messages, rows * 32);
    uint64_t *nonce = elements(1);
    uint8_t seed[32] = {7};
    *nonce = k->grind(seed, 9, 3, 5000);
    keep(r, nonce, sizeof(uint64_t));
}

static record run(const zk_kernels *k) {
    record r = {NULL, 0};
    state = 88172645463325252ULL;
    for (unsigned log_rows = 0; log_rows <= 8; log_rows++) transforms(k, log_rows, &r);
    transforms(k, 11, &r);
    transforms(k, 14, &r);
    transforms(k, 16, &r); /* cut in two, with a pass of radix 16 across */
    const size_t sizes[] = {1, 2, 7, 8, 9, 31, 64, 1000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        pointwise(k, sizes[i], &r);
        hashes(k, sizes[i], i % 2 ? 25 : 32, &r);
    }
    return r;
}

static void scatters(void) {
    for (unsigned log_rows = 0; log_rows <= 10; log_rows++) {
        for (size_t bytes = 24; bytes <= 32; bytes += 4) {
            const size_t size = bytes << log_rows;
            uint8_t *from = malloc(size), *to = malloc(size), *back = malloc(size);
            for (size_t i = 0; i < size; i++) from[i] = (uint8_t)next_word();
            scatter_digests_tiles(from, to, log_rows, bytes, 0, scatter_tiles(log_rows));
            scatter_digests_tiles(to, back, log_rows, bytes, 0, scatter_tiles(log_rows));
            if (memcmp(from, back, size) != 0) abort();
            free(from);
            free(to);
            free(back);
        }
    }
}

static void compare(const zk_kernels *k, record expected) {
    record found = run(k);
    if (found.length != expected.length || memcmp(found.bytes, expected.bytes, found.length) != 0) {
        fprintf(stderr, "%s differs from portable\n", k->name);
        abort();
    }
    free(found.bytes);
    printf("%s\n", k->name);
}

int main(void) {
    record expected = run(&zk_kernels_portable);
    printf("%s\n", zk_kernels_portable.name);
#ifdef ZK_HAS_avx2
    if (__builtin_cpu_supports("avx2")) compare(&zk_kernels_avx2, expected);
#endif
#ifdef ZK_HAS_avx512
    if (__builtin_cpu_supports("avx512bw")) compare(&zk_kernels_avx512, expected);
#endif
    free(expected.bytes);
    scatters();
    return 0;
}
