/* zkvm._batch: the batch program on this machine, as it is proven but for the words' size. */
#define _DEFAULT_SOURCE
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <setjmp.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "program.h"

static const size_t STATE_BYTES = (size_t)1 << 34, FRAME_BYTES = (size_t)1 << 32, RETURNED_BYTES = (size_t)1 << 30;

typedef struct {
    zk_context context; /* first */
    jmp_buf entry;
    zk_batch_memory memory;
    zk_batch_run run;
} machine;

_Noreturn void zk_fail(zk_context *context, zk_reason reason) {
    longjmp(((machine *)(void *)context)->entry, (int)reason);
}

/* Address space; pages come with their first use. */
static bool reserve(zk_arena *arena, size_t size) {
    uint8_t *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) return false;
    *arena = (zk_arena){at, at + size};
    return true;
}

static void give_back(zk_arena *arena, size_t size) {
    if (arena->end) munmap(arena->end - size, size);
}

static void machine_free(machine *m) {
    give_back(&m->context.arena, STATE_BYTES);
    give_back(&m->memory.frames, FRAME_BYTES);
    give_back(&m->memory.returned, RETURNED_BYTES);
    free(m);
}

static machine *machine_new(void) {
    machine *m = calloc(1, sizeof *m);
    if (!m) return NULL;
    if (reserve(&m->context.arena, STATE_BYTES) && reserve(&m->memory.frames, FRAME_BYTES) &&
        reserve(&m->memory.returned, RETURNED_BYTES))
        return m;
    machine_free(m);
    return NULL;
}

static zk_reason execute(machine *m, bytes_t input) {
    int told = setjmp(m->entry);
    if (told) return zk_batch_reason(&m->run, (zk_reason)told);
    zk_run_batch(&m->context, &m->memory, input, &m->run);
    return ZK_OK;
}

static PyObject *result(const machine *m, zk_reason reason) {
    if (reason != ZK_OK) return Py_BuildValue("(iy#y#)", (int)reason, "", (Py_ssize_t)0, "", (Py_ssize_t)0);
    const zk_batch_run *run = &m->run;
    return Py_BuildValue("(iy#y#)", 0, (const char *)&run->public_input, (Py_ssize_t)sizeof run->public_input,
                         (const char *)run->pubdata.data, (Py_ssize_t)run->pubdata.size);
}

/* Only bytes: nobody changes them while the lock is given up. */
static PyObject *run(PyObject *module, PyObject *input) {
    char *data;
    Py_ssize_t size;
    (void)module;
    if (PyBytes_AsStringAndSize(input, &data, &size)) return NULL;
    if ((size_t)size > UINT32_MAX) {
        PyErr_SetString(PyExc_OverflowError, "no batch input has 4 GiB");
        return NULL;
    }
    machine *m = machine_new();
    if (!m) return PyErr_NoMemory();
    zk_reason reason;
    Py_BEGIN_ALLOW_THREADS
    reason = execute(m, (bytes_t){(const uint8_t *)data, (uint32_t)size});
    Py_END_ALLOW_THREADS
    PyObject *made = result(m, reason);
    machine_free(m);
    return made;
}

static PyMethodDef METHODS[] = {
    {"run", run, METH_O, "Re-executes a batch: (reason, 0 where it is good; its public input; its pubdata)."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot SLOTS[] = {{0, NULL}};

static struct PyModuleDef MODULE = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_batch",
    .m_doc = "The batch program in C. Use zkvm.guest.",
    .m_methods = METHODS,
    .m_slots = SLOTS,
};

PyMODINIT_FUNC PyInit__batch(void);
PyMODINIT_FUNC PyInit__batch(void) { return PyModuleDef_Init(&MODULE); }
