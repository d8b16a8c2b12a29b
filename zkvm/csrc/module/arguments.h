/* What the functions of zkvm._kernels check and need before a kernel runs. */
#ifndef ZKHUB_MODULE_ARGUMENTS_H
#define ZKHUB_MODULE_ARGUMENTS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdlib.h>
#include <string.h>

#include "field/goldilocks.h"
#include "kernels.h"

#define MAX_LOG_ROWS 32
#define ALIGNMENT 64

/* The kernels of an instruction set by its number; NULL and an exception if there is none. */
const zk_kernels *kernels_at(int number);

/* Whether a condition on the sizes holds; sets an exception if not. */
static inline int fits(int condition) {
    if (!condition) PyErr_SetString(PyExc_ValueError, "buffers and sizes do not belong together");
    return condition;
}

static inline int is_range(Py_ssize_t begin, Py_ssize_t end, Py_ssize_t size) {
    return 0 <= begin && begin <= end && end <= size;
}

static inline int is_log_rows(int log_rows) { return 0 <= log_rows && log_rows <= MAX_LOG_ROWS; }

/* The buffer holds `columns` columns of 2^log_rows elements. */
static inline int holds(const Py_buffer *buffer, Py_ssize_t columns, int log_rows) {
    return (uintptr_t)buffer->buf % sizeof(uint64_t) == 0 && columns >= 0 &&
           (size_t)buffer->len / sizeof(uint64_t) >> log_rows == (size_t)columns &&
           (size_t)buffer->len % (sizeof(uint64_t) << log_rows) == 0;
}

/* Scratch on a cache line's boundary. */
static inline uint64_t *scratch_of(size_t elements) {
    const size_t bytes = (elements * sizeof(uint64_t) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    void *memory = aligned_alloc(ALIGNMENT, bytes > 0 ? bytes : ALIGNMENT);
    if (memory == NULL) PyErr_NoMemory();
    return memory;
}

static inline PyObject *none_unless_error(int ok) {
    if (!ok) return NULL;
    Py_RETURN_NONE;
}

#endif
