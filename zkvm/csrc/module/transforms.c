/* zkvm._kernels: transforms, evaluations, weighted sums. */
#include "module/arguments.h"
#include "module/functions.h"

PyObject *module_interpolate(PyObject *self, PyObject *args) {
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

PyObject *module_evaluate(PyObject *self, PyObject *args) {
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

PyObject *module_combine(PyObject *self, PyObject *args) {
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

PyObject *module_eval_at(PyObject *self, PyObject *args) {
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

PyObject *module_eval_rows(PyObject *self, PyObject *args) {
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
