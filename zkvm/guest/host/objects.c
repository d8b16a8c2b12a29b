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

/* The descriptor of a slot of the class, which stores values in its objects. */
static int open_field(host_record *record, Py_ssize_t field, PyObject *name) {
    PyObject *slot = PyObject_GetAttr((PyObject *)record->type, name);
    if (!slot) return -1;
    record->slots[field] = slot;
    record->store[field] = (descrsetfunc)PyType_GetSlot(Py_TYPE(slot), Py_tp_descr_set);
    if (record->store[field]) return 0;
    PyErr_Format(PyExc_TypeError, "%R of %R is no slot", name, record->type);
    return -1;
}

int host_record_open(host_record *record, PyObject *given) {
    PyObject *type, *names;
    if (!PyArg_ParseTuple(given, "O!O!", &PyType_Type, &type, &PyTuple_Type, &names)) return -1;
    if (PyTuple_Size(names) > HOST_FIELDS) {
        PyErr_SetString(PyExc_ValueError, "a record has too many fields");
        return -1;
    }
    record->type = (PyTypeObject *)Py_NewRef(type);
    record->count = PyTuple_Size(names);
    for (Py_ssize_t field = 0; field < record->count; field++)
        if (open_field(record, field, PyTuple_GetItem(names, field))) return -1;
    return 0;
}

void host_record_close(host_record *record) {
    for (Py_ssize_t field = 0; field < record->count; field++) Py_XDECREF(record->slots[field]);
    Py_XDECREF((PyObject *)record->type);
}

PyObject *host_record_make(const host_record *record, PyObject *const values[]) {
    bool is_whole = true;
    for (Py_ssize_t i = 0; i < record->count; i++) is_whole &= values[i] != NULL;
    PyObject *object = is_whole ? PyType_GenericAlloc(record->type, 0) : NULL;
    for (Py_ssize_t i = 0; i < record->count; i++) {
        /* The class forbids changes by a __setattr__ of its own, which this goes past. */
        if (object && record->store[i](record->slots[i], object, values[i])) Py_CLEAR(object);
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
