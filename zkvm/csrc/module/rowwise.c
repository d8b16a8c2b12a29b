/* zkvm._kernels: row by row. */
#include "module/arguments.h"
#include "module/functions.h"

PyObject *module_invert(PyObject *self, PyObject *args) {
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

PyObject *module_divide(PyObject *self, PyObject *args) {
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

PyObject *module_fold(PyObject *self, PyObject *args) {
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
PyObject *module_add(PyObject *self, PyObject *args) {
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
PyObject *module_multiply(PyObject *self, PyObject *args) {
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
PyObject *module_multiply_ext(PyObject *self, PyObject *args) {
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
PyObject *module_prefix_sum(PyObject *self, PyObject *args) {
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
