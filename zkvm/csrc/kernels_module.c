/* zkvm._kernels: the compiled field, hash and polynomial kernels of the CPU backend. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static struct PyModuleDef_Slot slots[] = {
    {0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "zkvm._kernels",
    .m_doc = "Compiled kernels of the CPU backend.",
    .m_size = 0,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__kernels(void) { return PyModuleDef_Init(&module); }
