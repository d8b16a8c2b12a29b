/* zkvm._kernels: the compiled field, hash and polynomial kernels of the CPU backend.
 *
 * Every function that computes takes the number of an instruction set (see instruction_sets) first, reads and writes
 * C-contiguous buffers, works on a range [begin, end) of columns or rows, and lets other threads run meanwhile. The
 * sizes of all buffers are checked in module/, so that no argument can make a kernel leave them. */
#include "module/arguments.h"
#include "module/functions.h"

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

const zk_kernels *kernels_at(int number) {
    const zk_kernels *found[3];
    const int count = available(found);
    if (number < 0 || number >= count) {
        PyErr_Format(PyExc_ValueError, "no instruction set %d", number);
        return NULL;
    }
    return found[number];
}

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
    {"digest_rows", module_digest_rows, METH_VARARGS, "Digests of rows of columns."},
    {"hash_nodes", module_hash_nodes, METH_VARARGS, "One level of a tree from the level below."},
    {"hash_messages", module_hash_messages, METH_VARARGS, "keccak-256 of equally long messages."},
    {"grind", module_grind, METH_VARARGS, "The smallest nonce of a range with enough zero bits, or None."},
    {"scatter_digests", module_scatter_digests, METH_VARARGS, "Rows to bit-reversed positions."},
    {"interpolate", module_interpolate, METH_VARARGS, "Inverse transforms of columns."},
    {"evaluate", module_evaluate, METH_VARARGS, "Transforms of columns on a coset."},
    {"combine", module_combine, METH_VARARGS, "Weighted sum of columns."},
    {"eval_at", module_eval_at, METH_VARARGS, "Columns at a point of F."},
    {"eval_rows", module_eval_rows, METH_VARARGS, "Columns at points of F_p."},
    {"invert", module_invert, METH_VARARGS, "Inverses in F; False if one is zero."},
    {"divide", module_divide, METH_VARARGS, "Quotients by x - point; False if one denominator is zero."},
    {"fold", module_fold, METH_VARARGS, "One FRI fold."},
    {"add", module_add, METH_VARARGS, "Sums, element by element."},
    {"multiply", module_multiply, METH_VARARGS, "Columns times one column, row by row."},
    {"multiply_ext", module_multiply_ext, METH_VARARGS, "Products in F."},
    {"prefix_sum", module_prefix_sum, METH_VARARGS, "Exclusive prefix sums."},
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
