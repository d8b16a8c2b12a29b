/* zkvm._expand: trace expansion. Every function fills rows [begin, end) of one table and releases the GIL. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "expand.h"

/* Buffers of a call, released together. */
typedef struct {
    Py_buffer log, steps, rom, columns, counts;
    Py_ssize_t begin, end;
} call;

static void release(call *c) {
    Py_buffer *buffers[] = {&c->log, &c->steps, &c->rom, &c->columns, &c->counts};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) {
        if (buffers[i]->obj != NULL) PyBuffer_Release(buffers[i]);
    }
}

static PyObject *refuse(call *c, const char *why) {
    release(c);
    PyErr_SetString(PyExc_ValueError, why);
    return NULL;
}

/* Checks that the row range lies in the log (whose records have `record` bytes; 0: rows beyond it are made) and in the
 * columns (`width` of them). Returns the height, or 0. */
static size_t checked_height(const call *c, size_t record, size_t width) {
    size_t row_bytes = width * sizeof(uint64_t), height = (size_t)c->columns.len / row_bytes;
    if (c->begin < 0 || c->end < c->begin || (size_t)c->end > height) return 0;
    if ((size_t)c->columns.len % row_bytes != 0 || c->counts.len != sizeof(lookups)) return 0;
    if (record != 0 && (size_t)c->end > (size_t)c->log.len / record) return 0;
    return height;
}

static run run_of(const call *c) {
    run r = {c->steps.buf, (size_t)c->steps.len / sizeof(step_record), c->rom.buf,
             (size_t)c->rom.len / sizeof(rom_row)};
    return r;
}

static PyObject *finish(call *c, int failed) {
    if (failed) return refuse(c, "the log refers to what is not there");
    release(c);
    Py_RETURN_NONE;
}

static const char *const BAD_SHAPES = "rows, columns and counts do not fit each other";

static PyObject *py_main(PyObject *self, PyObject *args) {
    (void)self;
    call c = {0};
    if (!PyArg_ParseTuple(args, "y*y*w*w*nn", &c.steps, &c.rom, &c.columns, &c.counts, &c.begin, &c.end)) {
        return release(&c), NULL;
    }
    size_t height = checked_height(&c, 0, MAIN_WIDTH);
    run r = run_of(&c);
    if (height == 0 || r.count == 0) return refuse(&c, BAD_SHAPES);
    int failed;
    Py_BEGIN_ALLOW_THREADS;
    failed = expand_main(&r, c.columns.buf, height, c.counts.buf, (size_t)c.begin, (size_t)c.end);
    Py_END_ALLOW_THREADS;
    return finish(&c, failed);
}

static PyObject *py_memw(PyObject *self, PyObject *args) {
    (void)self;
    call c = {0};
    if (!PyArg_ParseTuple(args, "y*w*w*nn", &c.log, &c.columns, &c.counts, &c.begin, &c.end)) {
        return release(&c), NULL;
    }
    size_t height = checked_height(&c, sizeof(word_access), MEMW_WIDTH);
    if (height == 0) return refuse(&c, BAD_SHAPES);
    int failed;
    Py_BEGIN_ALLOW_THREADS;
    failed = expand_memw(c.log.buf, c.columns.buf, height, c.counts.buf, (size_t)c.begin, (size_t)c.end);
    Py_END_ALLOW_THREADS;
    return finish(&c, failed);
}

static PyObject *py_memb(PyObject *self, PyObject *args) {
    (void)self;
    call c = {0};
    if (!PyArg_ParseTuple(args, "y*y*w*w*nn", &c.log, &c.steps, &c.columns, &c.counts, &c.begin, &c.end)) {
        return release(&c), NULL;
    }
    size_t height = checked_height(&c, sizeof(byte_access), MEMB_WIDTH);
    if (height == 0) return refuse(&c, BAD_SHAPES);
    run r = run_of(&c);
    int failed;
    Py_BEGIN_ALLOW_THREADS;
    failed = expand_memb(c.log.buf, &r, c.columns.buf, height, c.counts.buf, (size_t)c.begin, (size_t)c.end);
    Py_END_ALLOW_THREADS;
    return finish(&c, failed);
}

/* What `below` and `solid` say of the cells is theirs to keep; here, that no row is looked for beyond them. */
static int words_fit(const ram_words *w) {
    size_t spare = w->height - w->count;
    return w->count <= w->height && w->below <= w->count && w->below + w->solid <= w->height && spare <= w->solid &&
           w->solid - spare <= w->count - w->below;
}

static PyObject *py_ram(PyObject *self, PyObject *args) {
    (void)self;
    call c = {0};
    Py_ssize_t below, solid;
    if (!PyArg_ParseTuple(args, "y*nnw*w*nn", &c.log, &below, &solid, &c.columns, &c.counts, &c.begin, &c.end)) {
        return release(&c), NULL;
    }
    size_t height = checked_height(&c, 0, RAM_WIDTH), count = (size_t)c.log.len / sizeof(cell_record);
    ram_words w = {c.log.buf, count, (size_t)below, (size_t)solid, height};
    if (height == 0 || below < 0 || solid < 0 || solid > PY_SSIZE_T_MAX / 2 || !words_fit(&w)) {
        return refuse(&c, BAD_SHAPES);
    }
    int failed;
    Py_BEGIN_ALLOW_THREADS;
    failed = expand_ram(&w, c.columns.buf, c.counts.buf, (size_t)c.begin, (size_t)c.end);
    Py_END_ALLOW_THREADS;
    return finish(&c, failed);
}

/* Here `log` holds asks and `columns` receives requests. */
static PyObject *py_requests(PyObject *self, PyObject *args) {
    (void)self;
    call c = {0};
    if (!PyArg_ParseTuple(args, "y*y*y*w*nn", &c.steps, &c.rom, &c.log, &c.columns, &c.begin, &c.end)) {
        return release(&c), NULL;
    }
    size_t count = (size_t)c.log.len / sizeof(uint32_t);
    if (c.begin < 0 || c.end < c.begin || (size_t)c.end > count || (size_t)c.columns.len != count * sizeof(request)) {
        return refuse(&c, BAD_SHAPES);
    }
    run r = run_of(&c);
    int failed;
    Py_BEGIN_ALLOW_THREADS;
    failed = expand_requests(&r, c.log.buf, c.columns.buf, (size_t)c.begin, (size_t)c.end);
    Py_END_ALLOW_THREADS;
    return finish(&c, failed);
}

typedef void (*alu_table)(const request *, uint64_t *, size_t, lookups *, size_t, size_t);

static PyObject *alu(PyObject *args, alu_table expand, size_t width) {
    call c = {0};
    if (!PyArg_ParseTuple(args, "y*w*w*nn", &c.log, &c.columns, &c.counts, &c.begin, &c.end)) {
        return release(&c), NULL;
    }
    size_t height = checked_height(&c, sizeof(request), width);
    if (height == 0) return refuse(&c, BAD_SHAPES);
    Py_BEGIN_ALLOW_THREADS;
    expand(c.log.buf, c.columns.buf, height, c.counts.buf, (size_t)c.begin, (size_t)c.end);
    Py_END_ALLOW_THREADS;
    return finish(&c, 0);
}

static PyObject *py_binary(PyObject *self, PyObject *args) {
    return (void)self, alu(args, expand_binary, BINARY_WIDTH);
}

static PyObject *py_shift(PyObject *self, PyObject *args) {
    return (void)self, alu(args, expand_shift, SHIFT_WIDTH);
}

static PyObject *py_muldiv(PyObject *self, PyObject *args) {
    return (void)self, alu(args, expand_muldiv, MULDIV_WIDTH);
}

static PyMethodDef methods[] = {
    {"main", py_main, METH_VARARGS, "main(steps, rom, columns, counts, begin, end)"},
    {"memw", py_memw, METH_VARARGS, "memw(log, columns, counts, begin, end)"},
    {"memb", py_memb, METH_VARARGS, "memb(log, steps, columns, counts, begin, end)"},
    {"ram", py_ram, METH_VARARGS, "ram(cells, below, solid, columns, counts, begin, end)"},
    {"requests", py_requests, METH_VARARGS, "requests(steps, rom, asks, out, begin, end)"},
    {"binary", py_binary, METH_VARARGS, "binary(requests, columns, counts, begin, end)"},
    {"shift", py_shift, METH_VARARGS, "shift(requests, columns, counts, begin, end)"},
    {"muldiv", py_muldiv, METH_VARARGS, "muldiv(requests, columns, counts, begin, end)"},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef_Slot slots[] = {
    {0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "zkvm._expand",
    .m_doc = "Expansion of execution logs into tables.",
    .m_size = 0,
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__expand(void) { return PyModuleDef_Init(&module); }
