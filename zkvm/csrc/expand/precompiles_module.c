/* zkvm._precompiles: rows and accumulators of ARITH256 and KECCAK. Shapes and bounds are checked here, in one place. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "expand/precompiles.h"

enum { MAX_SLICES = 8 };

typedef struct {
    Py_buffer buffers[8];
    int count;
} held;

static void release(held *h) {
    while (h->count > 0) PyBuffer_Release(&h->buffers[--h->count]);
}

/* The bytes of an object that has exactly `size` of them; NULL with an exception set otherwise. */
static void *take(held *h, PyObject *object, int writable, size_t size, const char *what) {
    Py_buffer *buffer = &h->buffers[h->count];
    int flags = PyBUF_C_CONTIGUOUS | (writable ? PyBUF_WRITABLE : 0);
    if (PyObject_GetBuffer(object, buffer, flags) < 0) return NULL;
    h->count++;
    if ((size_t)buffer->len != size) {
        PyErr_Format(PyExc_ValueError, "%s has %zd bytes, not %zu", what, buffer->len, size);
        return NULL;
    }
    return buffer->buf;
}

static int check_range(Py_ssize_t begin, Py_ssize_t end, Py_ssize_t limit) {
    if (0 <= begin && begin <= end && end <= limit) return 1;
    PyErr_Format(PyExc_ValueError, "range %zd to %zd is not within %zd", begin, end, limit);
    return 0;
}

static int check_slices(Py_ssize_t k) {
    if (k == 1 || k == 2 || k == 4 || k == MAX_SLICES) return 1;
    PyErr_Format(PyExc_ValueError, "%zd slices a row; possible are 1, 2, 4 and 8", k);
    return 0;
}

static int check_height(Py_ssize_t height) {
    if (ARITH256_ROWS <= height && height <= (Py_ssize_t)1 << 32 && (height & (height - 1)) == 0) return 1;
    PyErr_Format(PyExc_ValueError, "height %zd is not a power of two from 64 to 2^32", height);
    return 0;
}

static PyObject *keccak_rows(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *calls_object, *second_object, *cells_object, *main_object;
    Py_ssize_t count, k, height, begin, end;
    if (!PyArg_ParseTuple(args, "OOnnOnnnO", &calls_object, &second_object, &count, &k, &cells_object, &height, &begin,
                          &end, &main_object))
        return NULL;
    if (!check_slices(k) || !check_height(height) || !check_range(begin, end, count)) return NULL;
    if (!check_range(0, count * 25 * (64 / k), height)) return NULL;
    held h = {.count = 0};
    PyObject *result = NULL;
    size_t slices = (size_t)k;
    const uint32_t *calls = take(&h, calls_object, 0, 4 * ZK_KECCAK_CALL_WORDS * (size_t)count, "calls");
    const uint32_t *second = calls ? take(&h, second_object, 0, 4 * (size_t)count, "second") : NULL;
    const int32_t *cells = second ? take(&h, cells_object, 0, 4 * (2 * slices + 3), "cells") : NULL;
    uint64_t *main = cells ? take(&h, main_object, 1, 8 * (CELLS * slices + 2) * (size_t)height, "main") : NULL;
    if (main) {
        int valid = cells[2 * slices + 2] >= 0 && cells[2 * slices + 2] < 64 / k;
        for (size_t i = 0; i < 2 * slices + 2; i++) valid &= cells[i] >= 0 && cells[i] < 5 * k;
        if (valid) {
            zk_keccak_call_cells where = {cells, cells + slices, cells[2 * slices], cells[2 * slices + 1],
                                          (size_t)cells[2 * slices + 2]};
            size_t done;
            Py_BEGIN_ALLOW_THREADS
            done = zk_keccak_rows(calls, second, slices, &where, (size_t)height, (size_t)begin, (size_t)end, main);
            Py_END_ALLOW_THREADS
            result = PyLong_FromSize_t(done);
        } else {
            PyErr_SetString(PyExc_ValueError, "a cell of the call is not in the row");
        }
    }
    release(&h);
    return result;
}

static PyObject *keccak_lookups(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *main_object, *counts_object;
    Py_ssize_t k, height, begin, end, keys;
    if (!PyArg_ParseTuple(args, "OnnnnOn", &main_object, &k, &height, &begin, &end, &counts_object, &keys)) return NULL;
    if (!check_slices(k) || !check_height(height) || !check_range(begin, end, height)) return NULL;
    held h = {.count = 0};
    PyObject *result = NULL;
    size_t width = CELLS * (size_t)k + 2;
    const uint64_t *main = take(&h, main_object, 0, 8 * width * (size_t)height, "main");
    uint64_t *counts = main ? take(&h, counts_object, 1, 8 * (size_t)keys, "counts") : NULL;
    if (counts) {
        int ok;
        Py_BEGIN_ALLOW_THREADS
        ok = zk_keccak_lookups(main, (size_t)k, (size_t)height, (size_t)begin, (size_t)end, counts, (size_t)keys);
        Py_END_ALLOW_THREADS
        if (ok)
            result = Py_NewRef(Py_None);
        else
            PyErr_SetString(PyExc_ValueError, "a key is not a row of the looked-up table");
    }
    release(&h);
    return result;
}

static PyObject *arith256_rows(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *calls_object, *main_object;
    Py_ssize_t count, height, begin, end;
    if (!PyArg_ParseTuple(args, "OnnnnO", &calls_object, &count, &height, &begin, &end, &main_object)) return NULL;
    if (!check_height(height) || !check_range(begin, end, count)) return NULL;
    if (!check_range(0, count, height / ARITH256_ROWS)) return NULL;
    held h = {.count = 0};
    PyObject *result = NULL;
    const arith256_call *calls = take(&h, calls_object, 0, sizeof(arith256_call) * (size_t)count, "calls");
    uint64_t *main = calls ? take(&h, main_object, 1, 8 * ARITH256_WIDTH * (size_t)height, "main") : NULL;
    if (main) {
        size_t done;
        Py_BEGIN_ALLOW_THREADS
        done = zk_arith256_rows(calls, (size_t)height, (size_t)begin, (size_t)end, main);
        Py_END_ALLOW_THREADS
        result = PyLong_FromSize_t(done);
    }
    release(&h);
    return result;
}

static PyObject *py_arith256_lookups(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *main_object, *counts_object;
    Py_ssize_t height, begin, end;
    if (!PyArg_ParseTuple(args, "OnnnO", &main_object, &height, &begin, &end, &counts_object)) return NULL;
    if (!check_height(height) || !check_range(begin, end, height)) return NULL;
    held h = {.count = 0};
    PyObject *result = NULL;
    const uint64_t *main = take(&h, main_object, 0, 8 * ARITH256_WIDTH * (size_t)height, "main");
    lookups *counts = main ? take(&h, counts_object, 1, sizeof(lookups), "counts") : NULL;
    if (counts) {
        int ok;
        Py_BEGIN_ALLOW_THREADS
        ok = zk_arith256_lookups(main, (size_t)height, (size_t)begin, (size_t)end, counts);
        Py_END_ALLOW_THREADS
        if (ok)
            result = Py_NewRef(Py_None);
        else
            PyErr_SetString(PyExc_ValueError, "a cell is not in the range that is looked up");
    }
    release(&h);
    return result;
}

static int columns_exist(const int32_t *columns, size_t count, Py_ssize_t width) {
    for (size_t i = 0; i < count; i++) {
        if (columns[i] < -1 || columns[i] >= width) {
            PyErr_Format(PyExc_ValueError, "column %d is not among %zd", (int)columns[i], width);
            return 0;
        }
    }
    return 1;
}

static PyObject *affine_rows(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *flag_object, *monomial_object, *weights_object, *main_object, *out_object;
    Py_ssize_t flags, monomials, forms, period, width, height, begin, end;
    if (!PyArg_ParseTuple(args, "OOOnnnnOnnnnO", &flag_object, &monomial_object, &weights_object, &flags, &monomials,
                          &forms, &period, &main_object, &width, &height, &begin, &end, &out_object))
        return NULL;
    if (!check_height(height) || !check_range(begin, end, height)) return NULL;
    if (flags < 1 || monomials < 1 || monomials > ZK_MAX_MONOMIALS || forms < 1 || forms > 8 || period < 1 ||
        period > ARITH256_ROWS || flags > 8 || width < 1 || width > ZK_MAX_MONOMIALS) {
        PyErr_SetString(PyExc_ValueError, "the sums have an impossible shape");
        return NULL;
    }
    held h = {.count = 0};
    zk_affine form = {.flags = (size_t)flags, .monomials = (size_t)monomials, .forms = (size_t)forms,
                      .period = (size_t)period};
    form.flag = take(&h, flag_object, 0, 4 * form.flags, "flag");
    form.monomial = form.flag ? take(&h, monomial_object, 0, 8 * form.monomials, "monomial") : NULL;
    form.weights = form.monomial ? take(&h, weights_object, 0,
                                        24 * form.period * form.flags * form.forms * form.monomials, "weights")
                                 : NULL;
    const uint64_t *main =
        form.weights ? take(&h, main_object, 0, 8 * (size_t)width * (size_t)height, "main") : NULL;
    uint64_t *out = main ? take(&h, out_object, 1, 24 * form.forms * (size_t)height, "out") : NULL;
    int ok = out && columns_exist(form.flag, form.flags, width) &&
             columns_exist(form.monomial, 2 * form.monomials, width);
    if (ok) {
        Py_BEGIN_ALLOW_THREADS
        zk_affine_rows(&form, main, (size_t)height, (size_t)begin, (size_t)end, out);
        Py_END_ALLOW_THREADS
    }
    release(&h);
    return ok ? Py_NewRef(Py_None) : NULL;
}

static PyObject *keccak_scan(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *step_object, *sums_object;
    Py_ssize_t period, height;
    if (!PyArg_ParseTuple(args, "OnnO", &step_object, &period, &height, &sums_object)) return NULL;
    if (!check_height(height)) return NULL;
    if (period < 1 || period > ARITH256_ROWS) {
        PyErr_Format(PyExc_ValueError, "period %zd is not from 1 to 64", period);
        return NULL;
    }
    held h = {.count = 0};
    const uint64_t *step = take(&h, step_object, 0, 24 * (size_t)period, "step");
    uint64_t *sums = step ? take(&h, sums_object, 1, 24 * (size_t)height, "sums") : NULL;
    if (sums) {
        Py_BEGIN_ALLOW_THREADS
        zk_keccak_scan(step, (size_t)period, (size_t)height, sums);
        Py_END_ALLOW_THREADS
    }
    release(&h);
    return sums ? Py_NewRef(Py_None) : NULL;
}

static PyObject *arith256_scan(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *sums_object;
    Py_ssize_t height, begin, end;
    if (!PyArg_ParseTuple(args, "nnnO", &height, &begin, &end, &sums_object)) return NULL;
    if (!check_height(height) || !check_range(begin, end, height / ARITH256_ROWS)) return NULL;
    held h = {.count = 0};
    uint64_t *sums = take(&h, sums_object, 1, 72 * (size_t)height, "sums");
    if (sums) {
        Py_BEGIN_ALLOW_THREADS
        zk_arith256_scan((size_t)height, (size_t)begin, (size_t)end, sums);
        Py_END_ALLOW_THREADS
    }
    release(&h);
    return sums ? Py_NewRef(Py_None) : NULL;
}

static PyMethodDef methods[] = {
    {"keccak_rows", keccak_rows, METH_VARARGS,
     "keccak_rows(calls, second, count, k, cells, height, begin, end, main) -> first wrong call, or end"},
    {"keccak_lookups", keccak_lookups, METH_VARARGS,
     "keccak_lookups(main, k, height, begin, end, counts, keys): add the rows' lookups in CHI"},
    {"arith256_rows", arith256_rows, METH_VARARGS,
     "arith256_rows(calls, count, height, begin, end, main) -> first wrong call, or end"},
    {"arith256_lookups", py_arith256_lookups, METH_VARARGS,
     "arith256_lookups(main, height, begin, end, counts): add the rows' lookups in BYTE"},
    {"affine_rows", affine_rows, METH_VARARGS,
     "affine_rows(flag, monomial, weights, flags, monomials, forms, period, main, width, height, begin, end, out)"},
    {"keccak_scan", keccak_scan, METH_VARARGS, "keccak_scan(step, period, height, sums): running sums in place"},
    {"arith256_scan", arith256_scan, METH_VARARGS, "arith256_scan(height, begin, end, sums): running sums in place"},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
    {0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "zkvm._precompiles",
    .m_doc = "Rows and accumulators of the precompiles' tables.",
    .m_size = 0,
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__precompiles(void) { return PyModuleDef_Init(&module); }
