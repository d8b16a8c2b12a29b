/* A run: its memory, its way out, and what it asks of Python. */
#define _DEFAULT_SOURCE
#include <stdlib.h>
#include <sys/mman.h>

#include "host/host.h"

/* Far more than a block of a thousand million gas can fill. */
static const size_t STATE_BYTES = (size_t)1 << 34, FRAME_BYTES = (size_t)1 << 32, RETURNED_BYTES = (size_t)1 << 28;
/* What an idle memory keeps of its pages. */
static const size_t STATE_KEPT = (size_t)64 << 20, FRAMES_KEPT = (size_t)4 << 20, RETURNED_KEPT = (size_t)1 << 20;
enum { MOST_IDLE = 4 };

static bool reserve(zk_arena *arena, size_t size) {
    uint8_t *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) return false;
    *arena = (zk_arena){at, at + size};
    return true;
}

static void unmap(host_memory *memory) {
    if (memory->state.at) munmap(memory->state.at, STATE_BYTES);
    if (memory->frames.at) munmap(memory->frames.at, FRAME_BYTES);
    if (memory->returned.at) munmap(memory->returned.at, RETURNED_BYTES);
    free(memory);
}

host_memory *host_memory_take(host_pool *pool) {
    host_memory *memory = pool->first;
    if (memory) {
        pool->first = memory->next;
        pool->count--;
        return memory;
    }
    memory = calloc(1, sizeof *memory);
    if (!memory) return NULL;
    if (reserve(&memory->state, STATE_BYTES) && reserve(&memory->frames, FRAME_BYTES) &&
        reserve(&memory->returned, RETURNED_BYTES))
        return memory;
    unmap(memory);
    return NULL;
}

static void shrink(const zk_arena *arena, size_t kept) {
    madvise(arena->at + kept, (size_t)(arena->end - arena->at) - kept, MADV_DONTNEED);
}

void host_memory_give(host_pool *pool, host_memory *memory) {
    if (pool->count == MOST_IDLE) {
        unmap(memory);
        return;
    }
    shrink(&memory->state, STATE_KEPT);
    shrink(&memory->frames, FRAMES_KEPT);
    shrink(&memory->returned, RETURNED_KEPT);
    memory->next = pool->first;
    pool->first = memory;
    pool->count++;
}

void host_pool_free(host_pool *pool) {
    for (host_memory *memory = pool->first, *next; memory; memory = next) {
        next = memory->next;
        unmap(memory);
    }
    *pool = (host_pool){0};
}

/* --- Giving up --- */

_Noreturn void zk_fail(zk_context *context, zk_reason reason) {
    host_run *run = (host_run *)context;
    run->reason = reason;
    longjmp(run->entry, 1);
}

static void raise_failure(host_run *run) {
    if (run->is_raised) return;
    PyObject *missing = PyBytes_FromStringAndSize((const char *)run->missing.bytes, sizeof run->missing);
    PyObject *value = missing ? Py_BuildValue("(iN)", (int)run->reason, missing) : NULL;
    if (value) PyErr_SetObject(run->failure, value);
    Py_XDECREF(value);
}

int host_protect(host_run *run, void (*work)(host_run *run, void *what), void *what) {
    volatile int result = -1;
    run->is_raised = false;
    run->thread = PyEval_SaveThread();
    if (setjmp(run->entry) == 0) {
        work(run, what);
        result = 0;
    }
    PyEval_RestoreThread(run->thread);
    if (result) raise_failure(run);
    return result;
}

/* --- Asking Python: the error of a call that failed ends the run --- */

static _Noreturn void raised(host_run *run) {
    run->is_raised = true;
    run->thread = PyEval_SaveThread();
    zk_fail(&run->context, ZK_INVALID_BLOCK);
}

/* Bytes from an object whose reference is taken over, in the arena. */
static const uint8_t *copy_bytes(host_run *run, PyObject *object, uint32_t *size) {
    char *bytes;
    Py_ssize_t length;
    if (PyBytes_AsStringAndSize(object, &bytes, &length)) {
        Py_DECREF(object);
        raised(run);
    }
    if ((size_t)length + 8 > (size_t)(run->context.arena.end - run->context.arena.at) || length > INT32_MAX) {
        Py_DECREF(object);
        run->thread = PyEval_SaveThread();
        zk_fail(&run->context, ZK_OUT_OF_MEMORY);
    }
    uint8_t *copy = zk_alloc(&run->context, (size_t)length);
    memcpy(copy, bytes, (size_t)length);
    *size = (uint32_t)length;
    Py_DECREF(object);
    return copy;
}

static const uint8_t *ask_view(host_run *run, const hash_t *hash, uint32_t *size) {
    PyEval_RestoreThread(run->thread);
    PyObject *key = PyBytes_FromStringAndSize((const char *)hash->bytes, sizeof *hash);
    PyObject *value = key ? PyObject_GetItem(run->nodes->view, key) : NULL;
    Py_XDECREF(key);
    const uint8_t *bytes = NULL;
    if (value) bytes = copy_bytes(run, value, size);
    else if (!PyErr_ExceptionMatches(PyExc_KeyError)) raised(run);
    else PyErr_Clear();
    run->thread = PyEval_SaveThread();
    if (bytes) host_cache_put(&run->nodes->cache, hash, bytes, *size);
    return bytes;
}

static const uint8_t *get(void *self, const hash_t *hash, uint32_t *size) {
    host_run *run = self;
    const uint8_t *bytes = host_cache_get(&run->nodes->cache, &run->context, hash, size);
    if (!bytes) bytes = ask_view(run, hash, size);
    if (!bytes) run->missing = *hash;
    else if (!host_set_add(&run->read, hash)) zk_fail(&run->context, ZK_OUT_OF_MEMORY);
    return bytes;
}

struct zk_nodes host_source(host_run *run) { return (struct zk_nodes){get, run}; }

const hash_t *host_block_hash(void *self, uint64_t number) {
    host_run *run = self;
    uint32_t size = 0;
    const uint8_t *hash = NULL;
    PyEval_RestoreThread(run->thread);
    PyObject *value = PySequence_GetItem(run->block_hashes, (Py_ssize_t)(run->block_number - 1 - number));
    if (value) hash = copy_bytes(run, value, &size);
    else if (!PyErr_ExceptionMatches(PyExc_IndexError)) raised(run);
    else PyErr_Clear();
    run->thread = PyEval_SaveThread();
    return size == sizeof(hash_t) ? (const hash_t *)(const void *)hash : NULL;
}

/* --- Beginning and end --- */

int host_run_open(host_run *run, host_pool *pool, PyObject *failure, host_nodes *nodes, PyObject *block_hashes,
                  uint64_t block_number) {
    memset(run, 0, sizeof *run);
    run->memory = host_memory_take(pool);
    if (!run->memory) {
        PyErr_NoMemory();
        return -1;
    }
    run->context.arena = run->memory->state;
    run->failure = failure;
    run->nodes = (host_nodes *)Py_NewRef((PyObject *)nodes);
    run->block_hashes = Py_NewRef(block_hashes);
    run->block_number = block_number;
    run->read.key_size = sizeof(hash_t);
    run->vm.context = &run->context;
    run->vm.rules = &EVM_CANCUN;
    run->vm.frames = run->memory->frames;
    run->vm.returned = run->memory->returned;
    return 0;
}

void host_run_close(host_run *run, host_pool *pool) {
    if (!run->memory) return;
    host_memory_give(pool, run->memory);
    run->memory = NULL;
    host_set_free(&run->read);
    Py_DECREF((PyObject *)run->nodes);
    run->nodes = NULL;
    Py_CLEAR(run->block_hashes);
}
