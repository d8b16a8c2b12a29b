/* zkvm._kernels: hashing. */
#include "hash/scatter.h"
#include "module/arguments.h"
#include "module/functions.h"

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
    if (groups->buffers == NULL) {
        PyErr_NoMemory();
        return 0;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        Py_buffer *buffer = &groups->buffers[i];
        if (PyObject_GetBuffer(PyTuple_GetItem(matrices, i), buffer, PyBUF_C_CONTIGUOUS) < 0) return 0;
        groups->count = i + 1;
        const Py_ssize_t column_bytes = rows * (Py_ssize_t)sizeof(uint64_t);
        if (!fits(buffer->len % column_bytes == 0 && (uintptr_t)buffer->buf % sizeof(uint64_t) == 0)) return 0;
        groups->width += buffer->len / column_bytes;
    }
    groups->columns = PyMem_Calloc((size_t)groups->width + 1, sizeof(uint64_t *));
    if (groups->columns == NULL) {
        PyErr_NoMemory();
        return 0;
    }
    const uint64_t **column = groups->columns;
    for (Py_ssize_t i = 0; i < count; i++) {
        const uint64_t *data = groups->buffers[i].buf;
        const uint64_t *stop = data + groups->buffers[i].len / (Py_ssize_t)sizeof(uint64_t);
        for (; data < stop; data += rows) *column++ = data;
    }
    return 1;
}

PyObject *module_digest_rows(PyObject *self, PyObject *args) {
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

PyObject *module_hash_nodes(PyObject *self, PyObject *args) {
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

PyObject *module_hash_messages(PyObject *self, PyObject *args) {
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

PyObject *module_grind(PyObject *self, PyObject *args) {
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
PyObject *module_scatter_digests(PyObject *self, PyObject *args) {
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
