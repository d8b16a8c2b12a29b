/* The guest's keccak and its strict reader of RLP, for Python. */
#include "base/keccak.h"
#include "chain/rlp.h"

#include "host/host.h"

/* Nothing of Ethereum nests deeper than a few lists; a reader that recurses needs a bound. */
enum { DEEPEST = 32 };

static PyObject *refuse(const char *why) {
    PyErr_SetString(PyExc_ValueError, why);
    return NULL;
}

static PyObject *next_object(bytes_t *rest, int depth) {
    rlp_item item;
    if (!rlp_next(rest, &item)) return refuse("not RLP in its one form");
    if (!item.is_list) return PyBytes_FromStringAndSize((const char *)item.payload.data, item.payload.size);
    if (depth == 0) return refuse("lists nest too deep");
    PyObject *list = PyList_New(0);
    bytes_t items = item.payload;
    while (list && items.size) {
        PyObject *child = next_object(&items, depth - 1);
        if (!child || PyList_Append(list, child)) Py_CLEAR(list);
        Py_XDECREF(child);
    }
    return list;
}

PyObject *host_rlp_decode(PyObject *module, PyObject *object) {
    (void)module;
    char *data;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(object, &data, &size)) return NULL;
    if ((size_t)size > UINT32_MAX) return refuse("too long");
    bytes_t rest = {(const uint8_t *)data, (uint32_t)size};
    PyObject *decoded = next_object(&rest, DEEPEST);
    if (decoded && rest.size) {
        Py_DECREF(decoded);
        return refuse("bytes follow the item");
    }
    return decoded;
}

PyObject *host_keccak(PyObject *module, PyObject *object) {
    (void)module;
    char *data;
    Py_ssize_t size;
    hash_t hash;
    if (PyBytes_AsStringAndSize(object, &data, &size)) return NULL;
    keccak256(&hash, (const uint8_t *)data, (size_t)size);
    return PyBytes_FromStringAndSize((const char *)hash.bytes, sizeof hash.bytes);
}
