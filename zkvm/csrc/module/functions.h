/* The functions of zkvm._kernels. */
#ifndef ZKHUB_MODULE_FUNCTIONS_H
#define ZKHUB_MODULE_FUNCTIONS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* hashing.c */
PyObject *module_digest_rows(PyObject *self, PyObject *args);
PyObject *module_hash_nodes(PyObject *self, PyObject *args);
PyObject *module_hash_messages(PyObject *self, PyObject *args);
PyObject *module_grind(PyObject *self, PyObject *args);
PyObject *module_scatter_digests(PyObject *self, PyObject *args);

/* transforms.c */
PyObject *module_interpolate(PyObject *self, PyObject *args);
PyObject *module_evaluate(PyObject *self, PyObject *args);
PyObject *module_combine(PyObject *self, PyObject *args);
PyObject *module_eval_at(PyObject *self, PyObject *args);
PyObject *module_eval_rows(PyObject *self, PyObject *args);

/* rowwise.c */
PyObject *module_invert(PyObject *self, PyObject *args);
PyObject *module_divide(PyObject *self, PyObject *args);
PyObject *module_fold(PyObject *self, PyObject *args);
PyObject *module_add(PyObject *self, PyObject *args);
PyObject *module_multiply(PyObject *self, PyObject *args);
PyObject *module_multiply_ext(PyObject *self, PyObject *args);
PyObject *module_prefix_sum(PyObject *self, PyObject *args);

#endif
