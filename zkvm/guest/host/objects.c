/* Numbers and bytes between C and Python. */
#include "host/host.h"

PyObject *host_bytes(bytes_t bytes) {
    return PyBytes_FromStringAndSize((const char *)bytes.data, (Py_ssize_t)bytes.size);
}

PyObject *host_number(const u256 *number) {
    if (u256_fits64(number)) return PyLong_FromUnsignedLongLong(u256_low(number));
    uint8_t bytes[32];
    u256_to_bytes(bytes, number);
    return PyObject_CallMethod((PyObject *)&PyLong_Type, "from_bytes", "y#s", (char *)bytes, (Py_ssize_t)sizeof bytes,
                               "big");
}

int host_read_bytes(PyObject *object, void *to, Py_ssize_t size, const char *what) {
    char *bytes;
    Py_ssize_t length;
    if (PyBytes_AsStringAndSize(object, &bytes, &length)) return -1;
    if (length != size) {
        PyErr_Format(PyExc_ValueError, "%s has %zd bytes; expected %zd", what, length, size);
        return -1;
    }
    memcpy(to, bytes, (size_t)size);
    return 0;
}

int host_read_number(PyObject *object, u256 *to, const char *what) {
    uint8_t bytes[32];
    if (host_read_bytes(object, bytes, sizeof bytes, what)) return -1;
    u256_from_bytes(to, bytes);
    return 0;
}

int host_record_open(host_record *record, PyObject *given) {
    PyObject *type, *names;
    if (!PyArg_ParseTuple(given, "O!O!", &PyType_Type, &type, &PyTuple_Type, &names)) return -1;
    if (PyTuple_Size(names) > HOST_FIELDS) {
        PyErr_SetString(PyExc_ValueError, "a record has too many fields");
        return -1;
    }
    record->type = (PyTypeObject *)Py_NewRef(type);
    record->names = Py_NewRef(names);
    return 0;
}

void host_record_close(host_record *record) {
    Py_XDECREF((PyObject *)record->type);
    Py_XDECREF(record->names);
}

PyObject *host_record_make(const host_record *record, PyObject *const values[]) {
    const Py_ssize_t count = PyTuple_Size(record->names);
    bool is_whole = true;
    for (Py_ssize_t i = 0; i < count; i++) is_whole &= values[i] != NULL;
    PyObject *object = is_whole ? PyType_GenericAlloc(record->type, 0) : NULL;
    for (Py_ssize_t i = 0; i < count; i++) {
        /* The class forbids changes by a __setattr__ of its own, which this goes past. */
        if (object && PyObject_GenericSetAttr(object, PyTuple_GetItem(record->names, i), values[i])) Py_CLEAR(object);
        Py_XDECREF(values[i]);
    }
    /* No cycle goes through what holds bytes and numbers: the collector need not look at thousands of them. */
    if (object) PyObject_GC_UnTrack(object);
    return object;
}

PyObject *host_frozenset(const host_set *set, PyObject *(*item)(const uint8_t *key)) {
    PyObject *result = PyFrozenSet_New(NULL);
    for (uint32_t i = 0; i < set->count && result; i++) {
        PyObject *one = item(set->keys + (size_t)i * set->key_size);
        if (!one || PySet_Add(result, one)) Py_CLEAR(result);
        Py_XDECREF(one);
    }
    return result;
}
