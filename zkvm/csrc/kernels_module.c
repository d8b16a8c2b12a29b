/* zkvm._kernels: the compiled field, hash and polynomial kernels of the CPU backend.
 *
 * Every function that computes takes the number of an instruction set (see instruction_sets) first, reads and writes
 * C-contiguous buffers, works on a range [begin, end) of columns or rows, and lets other threads run meanwhile. The
 * sizes of all buffers are checked here, so that no argument can make a kernel leave them. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdlib.h>
#include <string.h>

#include "field/goldilocks.h"
#include "hash/scatter.h"
#include "kernels.h"

#define MAX_LOG_ROWS 32
#define ALIGNMENT 64

#ifdef ZK_HAS_portable
extern const zk_kernels zk_kernels_portable;
#endif
#ifdef ZK_HAS_avx2
extern const zk_kernels zk_kernels_avx2;
#endif
#ifdef ZK_HAS_avx512
extern const zk_kernels zk_kernels_avx512;
#endif

/* The kernels that this machine can run, best last; returns how many. */
static int available(const zk_kernels *found[3]) {
    int count = 0;
    found[count++] = &zk_kernels_portable;
#ifdef ZK_HAS_avx2
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2")) found[count++] = &zk_kernels_avx2;
#endif
#ifdef ZK_HAS_avx512
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("bmi2")) {
        found[count++] = &zk_kernels_avx512;
    }
#endif
    return count;
}

static const zk_kernels *kernels_at(int number) {
    const zk_kernels *found[3];
    const int count = available(found);
    if (number < 0 || number >= count) {
        PyErr_Format(PyExc_ValueError, "no instruction set %d", number);
        return NULL;
    }
    return found[number];
}

/* --- Arguments -------------------------------------------------------------------------------------------------- */

/* Whether a condition on the sizes holds; sets an exception if not. */
static int fits(int condition) {
    if (!condition) PyErr_SetString(PyExc_ValueError, "buffers and sizes do not belong together");
    return condition;
}

static int is_range(Py_ssize_t begin, Py_ssize_t end, Py_ssize_t size) { return 0 <= begin && begin <= end && end <= size; }

static int is_log_rows(int log_rows) { return 0 <= log_rows && log_rows <= MAX_LOG_ROWS; }

/* The buffer holds `columns` columns of 2^log_rows elements. */
static int holds(const Py_buffer *buffer, Py_ssize_t columns, int log_rows) {
    return (uintptr_t)buffer->buf % sizeof(uint64_t) == 0 && columns >= 0 &&
           (size_t)buffer->len / sizeof(uint64_t) >> log_rows == (size_t)columns &&
           (size_t)buffer->len % (sizeof(uint64_t) << log_rows) == 0;
}

/* Scratch on a cache line's boundary. */
static uint64_t *scratch_of(size_t elements) {
    const size_t bytes = (elements * sizeof(uint64_t) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    void *memory = aligned_alloc(ALIGNMENT, bytes > 0 ? bytes : ALIGNMENT);
    if (memory == NULL) PyErr_NoMemory();
    return memory;
}

static PyObject *none_unless_error(int ok) {
    if (!ok) return NULL;
    Py_RETURN_NONE;
}

/* --- Hashing ---------------------------------------------------------------------------------------------------- */

/* Pointers to all columns of all matrices; the buffers stay held until release_groups. */
typedef struct {
    Py_ssize_t count, width;
    Py_buffer *buffers;
    const uint64_t **columns;
} row_groups;

static void release_groups(row_groups *groups) {
    for (Py_ssize_t i = 0; i < groups->count; i++) PyBuffer_Release(&groups->buffers[i]);
    PyMem_Free(groups->buffers);
    PyMem_Free(groups->columns);
}

static int hold_groups(PyObject *matrices, Py_ssize_t rows, row_groups *groups) {
    memset(groups, 0, sizeof *groups);
    const Py_ssize_t count = PyTuple_Size(matrices);
    if (count < 0 || !fits(rows > 0)) return 0;
    groups->buffers = PyMem_Calloc((size_t)count + 1, sizeof(Py_buffer));
    if (groups->buffers == NULL) return fits(0);
    for (Py_ssize_t i = 0; i < count; i++) {
        Py_buffer *buffer = &groups->buffers[i];
        if (PyObject_GetBuffer(PyTuple_GetItem(matrices, i), buffer, PyBUF_C_CONTIGUOUS) < 0) return 0;
        groups->count = i + 1;
        const Py_ssize_t column_bytes = rows * (Py_ssize_t)sizeof(uint64_t);
        if (!fits(buffer->len % column_bytes == 0 && (uintptr_t)buffer->buf % sizeof(uint64_t) == 0)) return 0;
        groups->width += buffer->len / column_bytes;
    }
    groups->columns = PyMem_Calloc((size_t)groups->width + 1, sizeof(uint64_t *));
    if (groups->columns == NULL) return fits(0);
    const uint64_t **column = groups->columns;
    for (Py_ssize_t i = 0; i < count; i++) {
        const uint64_t *data = groups->buffers[i].buf, *stop = data + groups->buffers[i].len / (Py_ssize_t)sizeof(uint64_t);
        for (; data < stop; data += rows) *column++ = data;
    }
    return 1;
}

static PyObject *digest_rows(PyObject *self, PyObject *args) {
    (void)self;
    int isa, node_bytes, ok = 0;
    Py_ssize_t rows, begin, end;
    PyObject *matrices;
    Py_buffer out;
    if (!PyArg_ParseTuple(args, "iO!nnniw*", &isa, &PyTuple_Type, &matrices, &rows, &begin, &end, &node_bytes, &out)) {
        return NULL;
    }
    const zk_kernels *kernels = kernels_at(isa);
    row_groups groups = {0};
    if (kernels != NULL && fits(is_range(begin, end, rows) && 1 <= node_bytes && node_bytes <= 32 &&
                                out.len / node_bytes == rows && out.len % node_bytes == 0)) {
        ok = hold_groups(matrices, rows, &groups);
        if (ok) {
            Py_BEGIN_ALLOW_THREADS;
            kernels->digest_rows(groups.columns, (size_t)groups.width, (size_t)begin, (size_t)end,
                                 (unsigned)node_bytes, out.buf);
            Py_END_ALLOW_THREADS;
        }
        release_groups(&groups);
    }
    PyBuffer_Release(&out);
    return none_unless_error(ok);
}

static PyObject *hash_nodes(PyObject *self, PyObject *args) {
    (void)self;
    int isa, node_bytes, ok = 0;
    Py_ssize_t begin, end;
    Py_buffer children, injected = {0}, out;
    if (!PyArg_ParseTuple(args, "iy*z*nniw*", &isa, &children, &injected, &begin, &end, &node_bytes, &out)) return NULL;
    const zk_kernels *kernels = kernels_at(isa);
    if (kernels != NULL && fits(1 <= node_bytes && node_bytes <= 32 && out.len % node_bytes == 0 &&
                                children.len == 2 * out.len && is_range(begin, end, out.len / node_bytes) &&
                                (injected.buf == NULL || injected.len == out.len))) {
        ok = 1;
        Py_BEGIN_ALLOW_THREADS;
        kernels->hash_nodes(children.buf, injected.buf, (size_t)begin, (size_t)end, (unsigned)node_bytes, out.buf);
        Py_END_ALLOW_THREADS;
    }
    PyBuffer_Release(&children);
    if (injected.obj != NULL) PyBuffer_Release(&injected);
    PyBuffer_Release(&out);
    return none_unless_error(ok);
}

static PyObject *hash_messages(PyObject *self, PyObject *args) {
    (void)self;
    int isa, ok = 0;
    Py_ssize_t length, begin, end;
    Py_buffer messages, out;
    if (!PyArg_ParseTuple(args, "iy*nnnw*", &isa, &messages, &length, &begin, &end, &out)) return NULL;
    const zk_kernels *kernels = kernels_at(isa);
    if (kernels != NULL && fits(length >= 0 && out.len % 32 == 0 && is_range(begin, end, out.len / 32) &&
                                (length == 0 ? messages.len == 0
                                             : messages.len / length == out.len / 32 && messages.len % length == 0))) {
        ok = 1;
        Py_BEGIN_ALLOW_THREADS;
        kernels->hash_messages(messages.buf, (size_t)length, (size_t)begin, (size_t)end, out.buf);
        Py_END_ALLOW_THREADS;
    }
    PyBuffer_Release(&messages);
    PyBuffer_Release(&out);
    return none_unless_error(ok);
}

static PyObject *grind(PyObject *self, PyObject *args) {
    (void)self;
    int isa, bits, ok = 0;
    unsigned long long begin, end, found = 0;
    Py_buffer state;
    if (!PyArg_ParseTuple(args, "iy*iKK", &isa, &state, &bits, &begin, &end)) return NULL;
    const zk_kernels *kernels = kernels_at(isa);
    if (kernels != NULL && fits(state.len == 32 && 0 <= bits && bits <= 64 && begin <= end && end <= 1ULL << 63)) {
        ok = 1;
        Py_BEGIN_ALLOW_THREADS;
        found = kernels->grind(state.buf, (unsigned)bits, begin, end);
        Py_END_ALLOW_THREADS;
    }
    PyBuffer_Release(&state);
    if (!ok) return NULL;
    if (found == end) Py_RETURN_NONE;
    return PyLong_FromUnsignedLongLong(found);
}

/* out[bitrev(i)] = digests[i], for the digests of tiles [begin, end): see scatter.h. */
static PyObject *scatter_digests(PyObject *self, PyObject *args) {
    (void)self;
    int log_rows, ok = 0;
    Py_ssize_t begin, end;
    Py_buffer digests, out;
    if (!PyArg_ParseTuple(args, "y*innw*", &digests, &log_rows, &begin, &end, &out)) return NULL;
    if (fits(is_log_rows(log_rows) && digests.len == out.len && out.len % ((Py_ssize_t)1 << log_rows) == 0 &&
             is_range(begin, end, (Py_ssize_t)scatter_tiles((unsigned)log_rows)))) {
        ok = 1;
        Py_BEGIN_ALLOW_THREADS;
        scatter_digests_tiles(digests.buf, out.buf, (unsigned)log_rows, (size_t)out.len >> log_rows, (size_t)begin,
                              (size_t)end);
        Py_END_ALLOW_THREADS;
    }
    PyBuffer_Release(&digests);
    PyBuffer_Release(&out);
    return none_unless_error(ok);
}

/* --- Transforms and evaluations --------------------------------------------------------------------------------- */

static PyObject *interpolate(PyObject *self, PyObject *args) {
    (void)self;
    int isa, log_rows, ok = 0;
    Py_ssize_t begin, end;
    Py_buffer values, out;
    if (!PyArg_ParseTuple(args, "iy*innw*", &isa, &values, &log_rows, &begin, &end, &out)) return NULL;
    const zk_kernels *kernels = kernels_at(isa);
    if (kernels != NULL && fits(is_log_rows(log_rows) && values.len == out.len &&
                                holds(&values, out.len / 8 >> log_rows, log_rows) &&
                                is_range(begin, end, out.len / 8 >> log_rows))) {
        uint64_t *scratch = scratch_of(kernels->ntt_scratch((unsigned)log_rows));
        if (scratch != NULL) {
            ok = 1;
            Py_BEGIN_ALLOW_THREADS;
            kernels->interpolate(values.buf, out.buf, (unsigned)log_rows, (size_t)begin, (size_t)end, scratch);
            Py_END_ALLOW_THREADS;
            free(scratch);
        }
    }
    PyBuffer_Release(&values);
    PyBuffer_Release(&out);
    return none_unless_error(ok);
}

static PyObject *evaluate(PyObject *self, PyObject *args) {
    (void)self;
    int isa, log_rows, ok = 0;
    Py_ssize_t begin, end;
    unsigned long long shift;
    Py_buffer coefficients, out;
    if (!PyArg_ParseTuple(args, "iy*innKw*", &isa, &coefficients, &log_rows, &begin, &end, &shift, &out)) return NULL;
    const zk_kernels *kernels = kernels_at(isa);
    if (kernels != NULL && fits(is_log_rows(log_rows) && coefficients.len == out.len && shift < GL_P &&
                                holds(&coefficients, out.len / 8 >> log_rows, log_rows) &&
                                is_range(begin, end, out.len / 8 >> log_rows))) {
        uint64_t *scratch = scratch_of(kernels->ntt_scratch((unsigned)log_rows));
        if (scratch != NULL) {
            ok = 1;
            Py_BEGIN_ALLOW_THREADS;
            kernels->evaluate(coefficients.buf, out.buf, (unsigned)log_rows, (size_t)begin, (size_t)end, shift,
                              scratch);
            Py_END_ALLOW_THREADS;
            free(scratch);
        }
    }
    PyBuffer_Release(&coefficients);
    PyBuffer_Release(&out);
    return none_unless_error(ok);
}

static PyObject *combine(PyObject *self, PyObject *args) {
    (void)self;
    int isa, ok = 0;
    Py_ssize_t rows, begin, end;
    Py_buffer columns, weights, out;
    if (!PyArg_ParseTuple(args, "iy*ny*nnw*", &isa, &columns, &rows, &weights, &begin, &end, &out)) return NULL;
    const zk_kernels *kernels = kernels_at(isa);
    const Py_ssize_t width = weights.len / (3 * (Py_ssize_t)sizeof(uint64_t));
    if (kernels != NULL && fits(rows > 0 && out.len / rows == 24 && out.len % rows == 0 && weights.len == width * 24 &&
                                columns.len / 8 / rows == width && columns.len % (8 * rows) == 0 &&
                                is_range(begin, end, rows))) {
        uint64_t *scratch = scratch_of(9 * (size_t)width);
        if (scratch != NULL) {
            ok = 1;
            Py_BEGIN_ALLOW_THREADS;
            kernels->combine(columns.buf, (size_t)rows, (size_t)width, weights.buf, (size_t)begin, (size_t)end,
                             out.buf, scratch);
            Py_END_ALLOW_THREADS;
            free(scratch);
        }
    }
    PyBuffer_Release(&columns);
    PyBuffer_Release(&weights);
    PyBuffer_Release(&out);
    return none_unless_error(ok);
}

static PyObject *eval_at(PyObject *self, PyObject *args) {
    (void)self;
    int isa, log_rows, ok = 0;
    Py_ssize_t begin, end;
    unsigned long long c0, c1, c2;
    Py_buffer coefficients, out;
    if (!PyArg_ParseTuple(args, "iy*innKKKw*", &isa, &coefficients, &log_rows, &begin, &end, &c0, &c1, &c2, &out)) {
        return NULL;
    }
    const zk_kernels *kernels = kernels_at(isa);
    if (kernels != NULL && fits(is_log_rows(log_rows) && out.len % 24 == 0 && c0 < GL_P && c1 < GL_P && c2 < GL_P &&
                                holds(&coefficients, out.len / 24, log_rows) && is_range(begin, end, out.len / 24))) {
        uint64_t *scratch = scratch_of(kernels->eval_scratch((unsigned)log_rows));
        if (scratch != NULL) {
            ok = 1;
            Py_BEGIN_ALLOW_THREADS;
            kernels->eval_at(coefficients.buf, (unsigned)log_rows, (size_t)begin, (size_t)end, gle_make(c0, c1, c2),
                             out.buf, scratch);
            Py_END_ALLOW_THREADS;
            free(scratch);
        }
    }
    PyBuffer_Release(&coefficients);
    PyBuffer_Release(&out);
    return none_unless_error(ok);
}

static PyObject *eval_rows(PyObject *self, PyObject *args) {
    (void)self;
    int isa, log_rows, ok = 0;
    Py_ssize_t begin, end;
    Py_buffer coefficients, points, out;
    if (!PyArg_ParseTuple(args, "iy*inny*w*", &isa, &coefficients, &log_rows, &begin, &end, &points, &out)) return NULL;
    const zk_kernels *kernels = kernels_at(isa);
    const Py_ssize_t width = is_log_rows(log_rows) ? coefficients.len / 8 >> log_rows : 0;
    if (kernels != NULL && fits(is_log_rows(log_rows) && holds(&coefficients, width, log_rows) && points.len % 8 == 0 &&
                                out.len == points.len * width && is_range(begin, end, width))) {
        uint64_t *scratch = scratch_of(kernels->eval_scratch((unsigned)log_rows));
        if (scratch != NULL) {
            ok = 1;
            Py_BEGIN_ALLOW_THREADS;
            kernels->eval_rows(coefficients.buf, (unsigned)log_rows, (size_t)begin, (size_t)end, points.buf,
                               (size_t)points.len / 8, out.buf, scratch);
            Py_END_ALLOW_THREADS;
            free(scratch);
        }
    }
    PyBuffer_Release(&coefficients);
    PyBuffer_Release(&points);
    PyBuffer_Release(&out);
    return none_unless_error(ok);
}

/* --- Row by row ------------------------------------------------------------------------------------------------- */

static PyObject *invert(PyObject *self, PyObject *args) {
    (void)self;
    int isa, ok = 0, found = 0;
    Py_ssize_t rows, begin, end;
    Py_buffer values, out;
    if (!PyArg_ParseTuple(args, "iy*nnnw*", &isa, &values, &rows, &begin, &end, &out)) return NULL;
    const zk_kernels *kernels = kernels_at(isa);
    if (kernels != NULL && fits(rows > 0 && values.len == out.len && out.len / rows == 24 && out.len % rows == 0 &&
                                is_range(begin, end, rows))) {
        ok = 1;
        Py_BEGIN_ALLOW_THREADS;
        found = kernels->invert(values.buf, (size_t)rows, (size_t)begin, (size_t)end, out.buf);
        Py_END_ALLOW_THREADS;
    }
    PyBuffer_Release(&values);
    PyBuffer_Release(&out);
    return ok ? PyBool_FromLong(found) : NULL;
}

static PyObject *divide(PyObject *self, PyObject *args) {
    (void)self;
    int isa, log_rows, accumulate, ok = 0, found = 0;
    Py_ssize_t begin, end;
    unsigned long long c0, c1, c2, shift;
    Py_buffer values, out;
    if (!PyArg_ParseTuple(args, "iy*innKKKKpw*", &isa, &values, &log_rows, &begin, &end, &c0, &c1, &c2, &shift,
                          &accumulate, &out)) {
        return NULL;
    }
    const zk_kernels *kernels = kernels_at(isa);
    if (kernels != NULL && fits(is_log_rows(log_rows) && values.len == out.len && holds(&values, 3, log_rows) &&
                                c0 < GL_P && c1 < GL_P && c2 < GL_P && shift < GL_P &&
                                is_range(begin, end, (Py_ssize_t)1 << log_rows))) {
        ok = 1;
        Py_BEGIN_ALLOW_THREADS;
        found = kernels->divide(values.buf, (unsigned)log_rows, (size_t)begin, (size_t)end, gle_make(c0, c1, c2), shift,
                                accumulate, out.buf);
        Py_END_ALLOW_THREADS;
    }
    PyBuffer_Release(&values);
    PyBuffer_Release(&out);
    return ok ? PyBool_FromLong(found) : NULL;
}

static PyObject *fold(PyObject *self, PyObject *args) {
    (void)self;
    int isa, log_rows, log_arity, ok = 0;
    Py_ssize_t begin, end;
    unsigned long long c0, c1, c2, shift;
    Py_buffer values, out;
    if (!PyArg_ParseTuple(args, "iy*iinnKKKKw*", &isa, &values, &log_rows, &log_arity, &begin, &end, &shift, &c0, &c1,
                          &c2, &out)) {
        return NULL;
    }
    const zk_kernels *kernels = kernels_at(isa);
    if (kernels != NULL && fits(is_log_rows(log_rows) && 1 <= log_arity && log_arity <= 3 && log_arity <= log_rows &&
                                holds(&values, 3, log_rows) && holds(&out, 3, log_rows - log_arity) && c0 < GL_P &&
                                c1 < GL_P && c2 < GL_P && shift < GL_P &&
                                is_range(begin, end, (Py_ssize_t)1 << (log_rows - log_arity)))) {
        ok = 1;
        Py_BEGIN_ALLOW_THREADS;
        kernels->fold(values.buf, (unsigned)log_rows, (unsigned)log_arity, (size_t)begin, (size_t)end, shift,
                      gle_make(c0, c1, c2), out.buf);
        Py_END_ALLOW_THREADS;
    }
    PyBuffer_Release(&values);
    PyBuffer_Release(&out);
    return none_unless_error(ok);
}

/* out = left + right, elements [begin, end). */
static PyObject *add(PyObject *self, PyObject *args) {
    (void)self;
    int isa, ok = 0;
    Py_ssize_t begin, end;
    Py_buffer left, right, out;
    if (!PyArg_ParseTuple(args, "iy*y*nnw*", &isa, &left, &right, &begin, &end, &out)) return NULL;
    const zk_kernels *kernels = kernels_at(isa);
    if (kernels != NULL && fits(left.len == out.len && right.len == out.len && is_range(begin, end, out.len / 8))) {
        ok = 1;
        Py_BEGIN_ALLOW_THREADS;
        kernels->add(left.buf, right.buf, out.buf, (size_t)begin, (size_t)end);
        Py_END_ALLOW_THREADS;
    }
    PyBuffer_Release(&left);
    PyBuffer_Release(&right);
    PyBuffer_Release(&out);
    return none_unless_error(ok);
}

/* Rows [begin, end) of every column of `columns` times the factors. */
static PyObject *multiply(PyObject *self, PyObject *args) {
    (void)self;
    int isa, ok = 0;
    Py_ssize_t begin, end;
    Py_buffer columns, factors, out;
    if (!PyArg_ParseTuple(args, "iy*y*nnw*", &isa, &columns, &factors, &begin, &end, &out)) return NULL;
    const zk_kernels *kernels = kernels_at(isa);
    const Py_ssize_t rows = factors.len / 8;
    if (kernels != NULL && fits(rows > 0 && columns.len == out.len && out.len % (8 * rows) == 0 &&
                                is_range(begin, end, rows))) {
        ok = 1;
        const uint64_t *from = columns.buf;
        uint64_t *to = out.buf;
        Py_BEGIN_ALLOW_THREADS;
        for (Py_ssize_t at = 0; at < out.len / 8; at += rows) {
            kernels->multiply(from + at, factors.buf, to + at, (size_t)begin, (size_t)end);
        }
        Py_END_ALLOW_THREADS;
    }
    PyBuffer_Release(&columns);
    PyBuffer_Release(&factors);
    PyBuffer_Release(&out);
    return none_unless_error(ok);
}

/* Products in F, rows [begin, end). */
static PyObject *multiply_ext(PyObject *self, PyObject *args) {
    (void)self;
    int isa, ok = 0;
    Py_ssize_t begin, end;
    Py_buffer left, right, out;
    if (!PyArg_ParseTuple(args, "iy*y*nnw*", &isa, &left, &right, &begin, &end, &out)) return NULL;
    const zk_kernels *kernels = kernels_at(isa);
    const Py_ssize_t rows = out.len / 24;
    if (kernels != NULL && fits(left.len == out.len && right.len == out.len && out.len == 24 * rows &&
                                is_range(begin, end, rows))) {
        ok = 1;
        Py_BEGIN_ALLOW_THREADS;
        kernels->multiply_ext(left.buf, right.buf, out.buf, (size_t)rows, (size_t)begin, (size_t)end);
        Py_END_ALLOW_THREADS;
    }
    PyBuffer_Release(&left);
    PyBuffer_Release(&right);
    PyBuffer_Release(&out);
    return none_unless_error(ok);
}

/* Sums of all earlier elements, of one coordinate column. */
static PyObject *prefix_sum(PyObject *self, PyObject *args) {
    (void)self;
    int ok = 0;
    Py_buffer values, out;
    if (!PyArg_ParseTuple(args, "y*w*", &values, &out)) return NULL;
    if (fits(values.len == out.len && values.len % 8 == 0 && (uintptr_t)values.buf % 8 == 0)) {
        ok = 1;
        const uint64_t *from = values.buf;
        uint64_t *to = out.buf, sum = 0;
        Py_BEGIN_ALLOW_THREADS;
        for (Py_ssize_t i = 0; i < values.len / 8; i++) {
            uint64_t value = from[i];
            to[i] = sum;
            sum = gl_add(sum, value);
        }
        Py_END_ALLOW_THREADS;
    }
    PyBuffer_Release(&values);
    PyBuffer_Release(&out);
    return none_unless_error(ok);
}

/* --- The module ------------------------------------------------------------------------------------------------- */

static PyObject *instruction_sets(PyObject *self, PyObject *args) {
    (void)self;
    (void)args;
    const zk_kernels *found[3];
    const int count = available(found);
    PyObject *names = PyTuple_New(count);
    for (int i = 0; names != NULL && i < count; i++) {
        PyObject *name = PyUnicode_FromString(found[i]->name);
        if (name == NULL || PyTuple_SetItem(names, i, name) < 0) {
            Py_DECREF(names);
            return NULL;
        }
    }
    return names;
}

static PyMethodDef methods[] = {
    {"instruction_sets", instruction_sets, METH_NOARGS, "The names this machine can run, best last."},
    {"digest_rows", digest_rows, METH_VARARGS, "Digests of rows of columns."},
    {"hash_nodes", hash_nodes, METH_VARARGS, "One level of a tree from the level below."},
    {"hash_messages", hash_messages, METH_VARARGS, "keccak-256 of equally long messages."},
    {"grind", grind, METH_VARARGS, "The smallest nonce of a range with enough zero bits, or None."},
    {"scatter_digests", scatter_digests, METH_VARARGS, "Rows to bit-reversed positions."},
    {"interpolate", interpolate, METH_VARARGS, "Inverse transforms of columns."},
    {"evaluate", evaluate, METH_VARARGS, "Transforms of columns on a coset."},
    {"combine", combine, METH_VARARGS, "Weighted sum of columns."},
    {"eval_at", eval_at, METH_VARARGS, "Columns at a point of F."},
    {"eval_rows", eval_rows, METH_VARARGS, "Columns at points of F_p."},
    {"invert", invert, METH_VARARGS, "Inverses in F; False if one is zero."},
    {"divide", divide, METH_VARARGS, "Quotients by x - point; False if one denominator is zero."},
    {"fold", fold, METH_VARARGS, "One FRI fold."},
    {"add", add, METH_VARARGS, "Sums, element by element."},
    {"multiply", multiply, METH_VARARGS, "Columns times one column, row by row."},
    {"multiply_ext", multiply_ext, METH_VARARGS, "Products in F."},
    {"prefix_sum", prefix_sum, METH_VARARGS, "Exclusive prefix sums."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef_Slot slots[] = {
    {0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "zkvm._kernels",
    .m_doc = "Compiled kernels of the CPU backend.",
    .m_size = 0,
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__kernels(void) { return PyModuleDef_Init(&module); }
