/* Guest memory: pages of cells, each a value and the time of its last access; and the machine's growing lists. */
#define _DEFAULT_SOURCE
#include "emulator/machine.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { LARGE_PAGE = 2 << 20, SMALL_PART = 4 << 20 };

bool list_presize(List *list, size_t count, size_t size) {
    size_t bytes = (count * size + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
    if (list->data || bytes <= SMALL_PART) return true;
    list->data = aligned_alloc(LARGE_PAGE, bytes);
    if (!list->data) return false;
    list->capacity = bytes / size;
#ifdef MADV_HUGEPAGE
    /* Only advice. A short log stays on small pages, which cost less to clear. */
    (void)madvise((char *)list->data + SMALL_PART, bytes - SMALL_PART, MADV_HUGEPAGE);
#endif
    return true;
}

bool list_reserve(List *list, size_t more, size_t size) {
    if (list->capacity - list->length >= more) return true;
    size_t capacity = list->capacity + list->capacity / 2 + more;
    void *data = realloc(list->data, capacity * size);
    if (!data) return false;
    list->data = data;
    list->capacity = capacity;
    return true;
}

static Cell *new_page(Memory *memory, uint32_t word, int *fault) {
    size_t size = PAGE_WORDS * sizeof(Cell);
    if (memory->bytes + size > memory->limit) {
        *fault = FAULT_MEMORY;
        return NULL;
    }
    Cell *page = list_reserve(&memory->owned, 1, sizeof(Cell *)) ? calloc(PAGE_WORDS, sizeof(Cell)) : NULL;
    if (!page) {
        *fault = NO_HOST_MEMORY;
        return NULL;
    }
    memory->bytes += size;
    memory->pages[word >> PAGE_BITS] = page;
    *(Cell **)list_push(&memory->owned, sizeof(Cell *)) = page;
    return page;
}

Cell *memory_page(Memory *memory, uint32_t word, int *fault) {
    if (word >= ZERO_LO) return new_page(memory, word, fault);
    *fault = FAULT_RANGE;
    return NULL;
}

bool memory_place(Memory *memory, uint32_t word, uint32_t value) {
    int fault = 0;
    Cell *page = memory->pages[word >> PAGE_BITS];
    if (!page) {
        page = new_page(memory, word, &fault);
        if (!page) return false;
        for (size_t i = 0; i < PAGE_WORDS; i++) page[i].time = ABSENT;
    }
    page[word & (PAGE_WORDS - 1)] = (Cell){.value = value, .time = 0};
    return true;
}

void machine_clear(Machine *m) {
    for (size_t i = 0; i < m->memory.owned.length; i++) free(((Cell **)m->memory.owned.data)[i]);
    List *lists[] = {&m->memory.owned, &m->steps, &m->memw, &m->memb, &m->binary, &m->shift, &m->muldiv,
                     &m->arith256, &m->keccak, &m->memory.touched, &m->profiler.frames};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) free(lists[i]->data);
    free(m->memory.pages);
    free(m->rows);
    free(m->row_at);
    free(m->profiler.function_of);
    free(m->profiler.flat);
    free(m->profiler.inclusive);
    free(m->profiler.calls);
    free(m->profiler.active);
    memset(m, 0, sizeof *m);
}
