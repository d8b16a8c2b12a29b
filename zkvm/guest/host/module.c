/* zkvm._evm: the batch program's sources on the host. chain_template/executor/native is what others use. */
#include "host/host.h"

static PyObject *engine_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"included", "receipt", "log", "l2_log", "bootloader", "messenger", NULL};
    PyObject *included, *receipt, *log, *l2_log, *bootloader, *messenger;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OOOOSS", names, &included, &receipt, &log, &l2_log, &bootloader,
                                     &messenger))
        return NULL;
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    host_engine *self = (host_engine *)allocate(type, 0);
    if (!self) return NULL;
    self->bootloader = Py_NewRef(bootloader);
    self->messenger = Py_NewRef(messenger);
    self->raw = PyUnicode_InternFromString("raw");
    self->sender = PyUnicode_InternFromString("sender");
    self->no_bloom = host_bytes((bytes_t){(const uint8_t[sizeof(bloom_t)]){0}, sizeof(bloom_t)});
    if (!self->raw || !self->sender || !self->no_bloom || host_record_open(&self->included, included) ||
        host_record_open(&self->receipt, receipt) || host_record_open(&self->log, log) ||
        host_record_open(&self->l2_log, l2_log))
        Py_CLEAR(self);
    return (PyObject *)self;
}

static void engine_dealloc(PyObject *object) {
    PyTypeObject *type = Py_TYPE(object);
    host_engine *self = (host_engine *)object;
    host_pool_free(&self->pool);
    host_record_close(&self->included);
    host_record_close(&self->receipt);
    host_record_close(&self->log);
    host_record_close(&self->l2_log);
    Py_XDECREF(self->bootloader);
    Py_XDECREF(self->messenger);
    Py_XDECREF(self->raw);
    Py_XDECREF(self->sender);
    Py_XDECREF(self->no_bloom);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(object);
    Py_DECREF(type);
}

static PyObject *engine_call(PyObject *object, PyObject *args) {
    return host_call((host_engine *)object, PyType_GetModuleState(Py_TYPE(object)), args);
}

static PyMethodDef ENGINE_METHODS[] = {
    {"call", engine_call, METH_VARARGS, "Runs a message call that leaves no trace."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot ENGINE_SLOTS[] = {
    {Py_tp_new, engine_new},
    {Py_tp_dealloc, engine_dealloc},
    {Py_tp_methods, ENGINE_METHODS},
    {Py_tp_doc, "Memory for runs, kept from one to the next."},
    {0, NULL},
};

static PyType_Spec ENGINE_SPEC = {
    .name = "zkvm._evm.Engine",
    .basicsize = sizeof(host_engine),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = ENGINE_SLOTS,
};

static PyTypeObject *add_type(PyObject *module, PyType_Spec *spec) {
    PyTypeObject *type = (PyTypeObject *)PyType_FromModuleAndSpec(module, spec, NULL);
    if (type && PyModule_AddType(module, type)) Py_CLEAR(type);
    return type;
}

static int module_exec(PyObject *module) {
    host_module *state = PyModule_GetState(module);
    state->failure = PyErr_NewExceptionWithDoc(
        "zkvm._evm.Failure", "A run gave up: (reason of base.h, hash of the node that is missing).", NULL, NULL);
    if (!state->failure || PyModule_AddObjectRef(module, "Failure", state->failure)) return -1;
    state->engine = add_type(module, &ENGINE_SPEC);
    state->nodes = add_type(module, &HOST_NODES_SPEC);
    state->block = add_type(module, &HOST_BLOCK_SPEC);
    state->recoverer = add_type(module, &HOST_RECOVERER_SPEC);
    return state->engine && state->nodes && state->block && state->recoverer ? 0 : -1;
}

static int module_traverse(PyObject *module, visitproc visit, void *arg) {
    host_module *state = PyModule_GetState(module);
    Py_VISIT(state->engine);
    Py_VISIT(state->nodes);
    Py_VISIT(state->block);
    Py_VISIT(state->recoverer);
    Py_VISIT(state->failure);
    return 0;
}

static int module_clear(PyObject *module) {
    host_module *state = PyModule_GetState(module);
    Py_CLEAR(state->engine);
    Py_CLEAR(state->nodes);
    Py_CLEAR(state->block);
    Py_CLEAR(state->recoverer);
    Py_CLEAR(state->failure);
    return 0;
}

static PyModuleDef_Slot MODULE_SLOTS[] = {
    {Py_mod_exec, module_exec},
    {0, NULL},
};

static PyMethodDef FUNCTIONS[] = {
    {"keccak", host_keccak, METH_O, "Keccak-256 of bytes."},
    {"read_dynamic_fee", host_read_dynamic_fee, METH_O, "The fields of a transaction of type 0x02."},
    {"signers", host_signers, METH_VARARGS, "Who made each of many signatures."},
    {"rlp_decode", host_rlp_decode, METH_O, "Bytes, and lists of them, from RLP in its one form."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef MODULE = {
    PyModuleDef_HEAD_INIT,
    .m_name = "zkvm._evm",
    .m_doc = "The EVM in C: blocks and calls over a view of trie nodes.",
    .m_size = sizeof(host_module),
    .m_methods = FUNCTIONS,
    .m_slots = MODULE_SLOTS,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
};

PyMODINIT_FUNC PyInit__evm(void) { return PyModuleDef_Init(&MODULE); }
