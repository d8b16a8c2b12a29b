/* zkvm._constraints: the compiled constraints of the machines in the registry. Every kernel works on rows [begin, end)
 * and releases the GIL. Shapes are checked here once more, so that no call can reach outside its buffers; values are
 * taken as canonical. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <string.h>

#include "constraints/support.h"
#include "field/goldilocks.h"

/* Row ranges are multiples of the widest vector. */
#define ROWS_STEP 8
#define COORDINATES 3

static const char *const ISA_NAMES[ZK_ISA_COUNT] = {"portable", "avx2", "avx512"};

static int machine_has(int isa) {
#if defined(__x86_64__)
    if (isa == ZK_AVX2) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
    if (isa == ZK_AVX512) {
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
    }
#endif
    return isa == ZK_PORTABLE;
}

static int isa_usable(int isa) {
    return machine_has(isa) && zk_registry_size > 0 && zk_registry[0].quotient[isa] != NULL;
}

static const zk_entry *find_entry(const char *machine, const char *table) {
    for (size_t i = 0; i < zk_registry_size; i++) {
        const zk_entry *entry = &zk_registry[i];
        if (strcmp(entry->machine, machine) == 0 && strcmp(entry->table, table) == 0) return entry;
    }
    return NULL;
}

/* Buffers of a call, released together. `extra` are the two arrays a kernel writes, or the weights and its output. */
typedef struct {
    const char *machine, *table;
    int isa;
    Py_buffer fixed, main, aux, first, periodic, scalars, extra[2];
    Py_ssize_t begin, end;
} call;

static void release(call *c) {
    Py_buffer *buffers[] = {&c->fixed, &c->main, &c->aux, &c->first, &c->periodic, &c->scalars, c->extra, c->extra + 1};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) {
        if (buffers[i]->obj != NULL) PyBuffer_Release(buffers[i]);
    }
}

static PyObject *refuse(call *c, const char *why) {
    release(c);
    PyErr_SetString(PyExc_ValueError, why);
    return NULL;
}

static int holds(const Py_buffer *buffer, size_t words) {
    return (size_t)buffer->len == words * sizeof(uint64_t) && (uintptr_t)buffer->buf % sizeof(uint64_t) == 0;
}

/* Checks everything but `extra`, and fills `t`. Returns the table's entry, or NULL with an exception set. */
static const zk_entry *checked(call *c, zk_rows *t, int with_aux) {
    const zk_entry *entry = find_entry(c->machine, c->table);
    const char *why = NULL;
    size_t rows = (size_t)c->first.len / sizeof(uint64_t);
    if (entry == NULL) {
        why = "no such machine or table in this build";
    } else if (c->isa < 0 || c->isa >= ZK_ISA_COUNT || !isa_usable(c->isa)) {
        why = "this machine or this build has no such instruction set";
    } else if (rows < ROWS_STEP || (rows & (rows - 1)) != 0) {
        why = "the number of rows must be a power of two, at least 8";
    } else if (c->begin < 0 || c->end < c->begin || (size_t)c->end > rows || c->begin % ROWS_STEP != 0 ||
               c->end % ROWS_STEP != 0) {
        why = "begin and end must be multiples of 8 within the rows";
    } else if (!holds(&c->first, rows) || !holds(&c->fixed, entry->fixed_width * rows) ||
               !holds(&c->main, entry->main_width * rows) || (with_aux && !holds(&c->aux, entry->aux_width * rows))) {
        why = "the columns have another shape than the table's";
    } else if (!holds(&c->periodic, entry->periodic_words) || !holds(&c->scalars, COORDINATES * entry->scalars)) {
        why = "the scalars or periodic values have another layout than the table's";
    }
    if (why != NULL) return refuse(c, why), NULL;
    *t = (zk_rows){c->fixed.buf, c->main.buf,  c->aux.buf,      rows,           rows,
                   rows,         c->first.buf, c->periodic.buf, c->scalars.buf, rows};
    return entry;
}

PyDoc_STRVAR(quotient_doc, "Add the weighted constraints to out in rows [begin, end).");

static PyObject *py_quotient(PyObject *self, PyObject *args) {
    (void)self;
    call c = {0};
    if (!PyArg_ParseTuple(args, "ssiy*y*y*y*y*y*y*w*nn", &c.machine, &c.table, &c.isa, &c.fixed, &c.main, &c.aux,
                          &c.first, &c.periodic, &c.scalars, &c.extra[0], &c.extra[1], &c.begin, &c.end)) {
        return release(&c), NULL;
    }
    zk_rows t;
    const zk_entry *entry = checked(&c, &t, 1);
    if (entry == NULL) return NULL;
    if (!holds(&c.extra[0], COORDINATES * entry->constraints) || !holds(&c.extra[1], COORDINATES * t.rows)) {
        return refuse(&c, "the weights or the output have the wrong shape");
    }
    Py_BEGIN_ALLOW_THREADS;
    entry->quotient[c.isa](&t, c.extra[0].buf, c.extra[1].buf, t.rows, (size_t)c.begin, (size_t)c.end);
    Py_END_ALLOW_THREADS;
    release(&c);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(logup_doc, "Write each group's numerator and denominator in rows [begin, end).");

static PyObject *py_logup(PyObject *self, PyObject *args) {
    (void)self;
    call c = {0};
    if (!PyArg_ParseTuple(args, "ssiy*y*y*y*y*w*w*nn", &c.machine, &c.table, &c.isa, &c.fixed, &c.main, &c.first,
                          &c.periodic, &c.scalars, &c.extra[0], &c.extra[1], &c.begin, &c.end)) {
        return release(&c), NULL;
    }
    zk_rows t;
    const zk_entry *entry = checked(&c, &t, 0);
    if (entry == NULL) return NULL;
    size_t words = COORDINATES * entry->groups * t.rows;
    if (!holds(&c.extra[0], words) || !holds(&c.extra[1], words)) {
        return refuse(&c, "the numerators or the denominators have the wrong shape");
    }
    Py_BEGIN_ALLOW_THREADS;
    entry->logup[c.isa](&t, c.extra[0].buf, c.extra[1].buf, (size_t)c.begin, (size_t)c.end);
    Py_END_ALLOW_THREADS;
    release(&c);
    Py_RETURN_NONE;
}

/* scale / (shift * root^r - 1) for all rows r: Montgomery's trick, the products kept in `out` on the way up. */
static void first_selector(uint64_t *out, size_t rows, uint64_t shift, uint64_t root, uint64_t scale) {
    uint64_t point = shift, product = 1;
    for (size_t r = 0; r < rows; r++) {
        out[r] = product;
        product = gl_mul(product, gl_sub(point, 1));
        point = gl_mul(point, root);
    }
    uint64_t inverse = gl_mul(gl_inv(product), scale), back = gl_inv(root);
    for (size_t r = rows; r-- > 0;) {
        point = gl_mul(point, back);
        out[r] = gl_mul(out[r], inverse);
        inverse = gl_mul(inverse, gl_sub(point, 1));
    }
}

PyDoc_STRVAR(first_doc, "Write scale/(shift root^r - 1) to out, for all its rows; none may be 1/0.");

static PyObject *py_first_selector(PyObject *self, PyObject *args) {
    (void)self;
    Py_buffer out = {0};
    unsigned long long shift, root, scale;
    if (!PyArg_ParseTuple(args, "w*KKK", &out, &shift, &root, &scale)) return NULL;
    if (out.len % (Py_ssize_t)sizeof(uint64_t) != 0 || shift >= GL_P || root >= GL_P || scale >= GL_P) {
        PyBuffer_Release(&out);
        PyErr_SetString(PyExc_ValueError, "out must hold words, the numbers must be canonical");
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS;
    first_selector(out.buf, (size_t)out.len / sizeof(uint64_t), shift, root, scale);
    Py_END_ALLOW_THREADS;
    PyBuffer_Release(&out);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(machines_doc, "The digest of each compiled machine, by name.");

static PyObject *py_machines(PyObject *self, PyObject *unused) {
    (void)self, (void)unused;
    PyObject *result = PyDict_New();
    for (size_t i = 0; result != NULL && i < zk_registry_size; i++) {
        PyObject *digest = PyUnicode_FromString(zk_registry[i].digest);
        if (digest == NULL || PyDict_SetItemString(result, zk_registry[i].machine, digest) < 0) Py_CLEAR(result);
        Py_XDECREF(digest);
    }
    return result;
}

PyDoc_STRVAR(isas_doc, "The instruction sets that this build has and this machine runs: name and number, best last.");

static PyObject *py_isas(PyObject *self, PyObject *unused) {
    (void)self, (void)unused;
    PyObject *result = PyDict_New();
    for (int isa = 0; result != NULL && isa < ZK_ISA_COUNT; isa++) {
        if (!isa_usable(isa)) continue;
        PyObject *number = PyLong_FromLong(isa);
        if (number == NULL || PyDict_SetItemString(result, ISA_NAMES[isa], number) < 0) Py_CLEAR(result);
        Py_XDECREF(number);
    }
    return result;
}

static PyMethodDef methods[] = {
    {"quotient", py_quotient, METH_VARARGS, quotient_doc},
    {"logup", py_logup, METH_VARARGS, logup_doc},
    {"first_selector", py_first_selector, METH_VARARGS, first_doc},
    {"machines", py_machines, METH_NOARGS, machines_doc},
    {"isas", py_isas, METH_NOARGS, isas_doc},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef_Slot slots[] = {{0, NULL}};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "zkvm._constraints",
    .m_doc = "Compiled constraints.",
    .m_size = 0,
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__constraints(void) { return PyModuleDef_Init(&module); }
