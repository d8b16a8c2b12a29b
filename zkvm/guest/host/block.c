/* Block: one block being executed. */
#include <stdlib.h>

#include "host/host.h"

typedef struct {
    PyObject_HEAD
    host_run run;
    host_engine *engine;
    zk_rules rules;
    zk_block_context given;
    zk_state *state;
    zk_block *block;
    PyObject *kept; /* what the block refers to */
    host_watch *watch;
    host_buffer fresh; /* new nodes: hash, size, bytes */
    bool is_busy, is_spent;
} Block;

/* --- Opening --- */

static int read_rules(PyObject *object, zk_rules *rules) {
    unsigned long long chain_id;
    int to_coinbase, has_holder;
    unsigned int max_pubdata;
    if (!PyArg_ParseTuple(object, "KppI", &chain_id, &to_coinbase, &has_holder, &max_pubdata)) return -1;
    *rules = (zk_rules){chain_id, to_coinbase, has_holder, max_pubdata};
    return 0;
}

/* The parent's header comes as bytes, to which extra_data refers. */
static int read_context(Block *self, PyObject *object, PyObject **hashes) {
    zk_block_context *given = &self->given;
    PyObject *header, *parent_hash, *recipient, *base_fee, *extra, *mix_hash;
    unsigned long long timestamp, gas_limit, max_pubdata;
    if (!PyArg_ParseTuple(object, "SSKSKSSSKO", &header, &parent_hash, &timestamp, &recipient, &gas_limit, &base_fee,
                          &extra, &mix_hash, &max_pubdata, hashes))
        return -1;
    bytes_t bytes = {(const uint8_t *)PyBytes_AsString(header), (uint32_t)PyBytes_Size(header)};
    if (!zk_header_decode(bytes, &given->parent)) {
        PyErr_SetString(PyExc_ValueError, "the parent is no header");
        return -1;
    }
    given->timestamp = timestamp;
    given->gas_limit = gas_limit;
    given->max_pubdata_bytes = max_pubdata;
    given->extra_data = (bytes_t){(const uint8_t *)PyBytes_AsString(extra), (uint32_t)PyBytes_Size(extra)};
    self->kept = Py_BuildValue("[OO]", header, extra);
    if (!self->kept) return -1;
    return host_read_bytes(parent_hash, &given->parent_hash, sizeof given->parent_hash, "parent hash") ||
           host_read_bytes(recipient, &given->fee_recipient, sizeof given->fee_recipient, "fee recipient") ||
           host_read_bytes(mix_hash, &given->mix_hash, sizeof given->mix_hash, "mix hash") ||
           host_read_number(base_fee, &given->base_fee, "base fee");
}

static void begin(host_run *run, void *what) {
    Block *self = what;
    self->given.block_hash = host_block_hash;
    self->given.self = run;
    const hash_t *root = &self->given.parent.state_root;
    self->state = zk_state_open(&run->context, host_source(run), root);
    host_remember(&run->reader, &run->nodes->known, root, self->state);
    self->block = zk_block_begin(&run->context, &run->vm, &self->rules, &self->given, self->state);
}

static int open_block(Block *self, const host_module *module, PyObject *args) {
    PyObject *engine, *nodes, *rules, *context, *hashes = NULL;
    if (!PyArg_ParseTuple(args, "O!O!O!O!", module->engine, &engine, module->nodes, &nodes, &PyTuple_Type, &rules,
                          &PyTuple_Type, &context))
        return -1;
    if (read_rules(rules, &self->rules) || read_context(self, context, &hashes)) return -1;
    self->engine = (host_engine *)Py_NewRef(engine);
    if (host_run_open(&self->run, &self->engine->pool, module->failure, (host_nodes *)nodes, hashes,
                      self->given.parent.number + 1))
        return -1;
    return host_protect(&self->run, begin, self);
}

static PyObject *block_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    if (kwargs && PyDict_Size(kwargs)) {
        PyErr_SetString(PyExc_TypeError, "Block takes no names");
        return NULL;
    }
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    Block *self = (Block *)allocate(type, 0);
    if (!self) return NULL;
    if (open_block(self, PyType_GetModuleState(type), args)) Py_CLEAR(self);
    return (PyObject *)self;
}

static void block_dealloc(PyObject *object) {
    Block *self = (Block *)object;
    PyTypeObject *type = Py_TYPE(object);
    if (self->engine) host_run_close(&self->run, &self->engine->pool);
    if (self->watch) host_watch_close(self->watch);
    free(self->watch);
    host_buffer_free(&self->fresh);
    Py_XDECREF((PyObject *)self->engine);
    Py_XDECREF(self->kept);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(object);
    Py_DECREF(type);
}

/* True, with an error set, while another thread runs the block, and once it is sealed or has given up. */
static bool is_closed(const Block *self) {
    if (self->is_busy) PyErr_SetString(PyExc_RuntimeError, "the block is being executed in another thread");
    else if (self->is_spent) PyErr_SetString(PyExc_RuntimeError, "the block is sealed, or has failed");
    return self->is_busy || self->is_spent;
}

static void take_back(host_run *run, void *what) {
    Block *self = what;
    run->vm.frames = run->memory->frames;
    zk_state_take_back(self->state);
    zk_state_begin(self->state);
}

/* As host_protect. Where Python raised an error, what was under way is taken back and the block can go on without it;
   a run that gave up by itself cannot. */
static int run(Block *self, void (*work)(host_run *run, void *what), void *what) {
    self->is_busy = true;
    int result = host_protect(&self->run, work, what);
    if (result) {
        PyObject *type, *value, *traceback;
        PyErr_Fetch(&type, &value, &traceback);
        self->is_spent = !self->run.is_raised || host_protect(&self->run, take_back, self);
        PyErr_Restore(type, value, traceback);
    }
    self->is_busy = false;
    return result;
}

/* --- Applying --- */

typedef struct {
    Block *self;
    Py_ssize_t count, done;
    const char **raws;
    Py_ssize_t *sizes;
    const address_t **senders;
    zk_verdict *verdicts;
} batch;

static void apply_all(host_run *run, void *what) {
    batch *all = what;
    const u256 chain_id = u256_of(all->self->rules.chain_id);
    all->verdicts = zk_alloc(&run->context, (size_t)all->count * sizeof *all->verdicts);
    for (Py_ssize_t i = 0; i < all->count; i++) {
        bytes_t raw = {(const uint8_t *)all->raws[i], (uint32_t)all->sizes[i]};
        zk_transaction tx;
        if (!zk_decode_transaction(&run->context, &chain_id, raw, all->senders[i], &tx))
            zk_fail(&run->context, ZK_TRANSACTION);
        all->verdicts[i] = zk_block_apply(all->self->block, &tx);
        all->done = i + 1;
        if (all->verdicts[i].kind >= ZK_WRONG_PHASE) return;
    }
}

/* One attribute of a transaction, which keeps it. */
static int read_attribute(PyObject *transaction, PyObject *name, char **bytes, Py_ssize_t *size) {
    PyObject *value = PyObject_GetAttr(transaction, name);
    int result = value ? PyBytes_AsStringAndSize(value, bytes, size) : -1;
    Py_XDECREF(value);
    return result;
}

static int read_batch(batch *all, PyObject *transactions) {
    const host_engine *engine = all->self->engine;
    all->count = PyTuple_Size(transactions);
    size_t count = (size_t)all->count + 1;
    all->raws = PyMem_Malloc(count * sizeof *all->raws);
    all->sizes = PyMem_Malloc(count * sizeof *all->sizes);
    all->senders = PyMem_Malloc(count * sizeof *all->senders);
    if (!all->raws || !all->sizes || !all->senders) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t i = 0; i < all->count; i++) {
        PyObject *transaction = PyTuple_GetItem(transactions, i);
        char *sender;
        Py_ssize_t size;
        if (read_attribute(transaction, engine->raw, (char **)&all->raws[i], &all->sizes[i]) ||
            read_attribute(transaction, engine->sender, &sender, &size))
            return -1;
        if (size != sizeof(address_t) || all->sizes[i] > INT32_MAX) {
            PyErr_SetString(PyExc_ValueError, "a sender has 20 bytes, a transaction less than 2^31");
            return -1;
        }
        all->senders[i] = (const address_t *)(const void *)sender;
    }
    return PyList_Append(all->self->kept, transactions);
}

static PyObject *verdicts_object(const batch *all, PyObject *transactions) {
    const host_engine *engine = all->self->engine;
    /* Thousands of objects that stay: looking among them for garbage again and again finds none. */
    const int collects = PyGC_Disable();
    PyObject *result = PyList_New(all->done);
    for (Py_ssize_t i = 0; i < all->done && result; i++) {
        const zk_verdict *verdict = &all->verdicts[i];
        PyObject *one = verdict->included
                            ? host_included(engine, verdict->included, PyTuple_GetItem(transactions, i))
                            : host_refused(verdict);
        if (!one || PyList_SetItem(result, i, one)) Py_CLEAR(result);
    }
    if (collects) PyGC_Enable();
    return result;
}

static PyObject *block_apply(PyObject *object, PyObject *given) {
    Block *self = (Block *)object;
    if (is_closed(self)) return NULL;
    PyObject *transactions = PySequence_Tuple(given), *result = NULL;
    if (!transactions) return NULL;
    batch all = {.self = self};
    if (!read_batch(&all, transactions) && !run(self, apply_all, &all)) result = verdicts_object(&all, transactions);
    /* Of those before the one that failed nobody was told. */
    if (!result && all.done) self->is_spent = true;
    Py_DECREF(transactions);
    PyMem_Free(all.raws);
    PyMem_Free(all.sizes);
    PyMem_Free(all.senders);
    return result;
}

/* --- Watching one transaction after the other --- */

static PyObject *block_watch(PyObject *object, PyObject *wish) {
    Block *self = (Block *)object;
    if (is_closed(self)) return NULL;
    if (self->watch) host_watch_close(self->watch);
    free(self->watch);
    self->watch = NULL;
    self->run.vm.watch = NULL;
    if (wish == Py_None) Py_RETURN_NONE;
    self->watch = malloc(sizeof *self->watch);
    if (!self->watch) return PyErr_NoMemory();
    if (host_watch_open(self->watch, &self->run, wish)) {
        free(self->watch);
        self->watch = NULL;
        return NULL;
    }
    self->run.vm.watch = &self->watch->watch;
    Py_RETURN_NONE;
}

static PyObject *block_seen(PyObject *object, PyObject *unused) {
    (void)unused;
    const Block *self = (const Block *)object;
    if (!self->watch || self->is_busy) {
        PyErr_SetString(PyExc_RuntimeError, "nobody watches the block");
        return NULL;
    }
    const host_buffer *seen = &self->watch->events_seen;
    return PyBytes_FromStringAndSize((const char *)seen->bytes, (Py_ssize_t)seen->size);
}

/* --- Sealing --- */

typedef struct {
    Block *self;
    zk_header header;
    hash_t hash;
    host_set touched;
} sealing;

enum { TOUCHED = sizeof(address_t) + 1 + 32 };

static void put_fresh(void *what, const hash_t *hash, bytes_t node) {
    Block *self = what;
    if (!host_buffer_add(&self->fresh, hash, sizeof *hash) ||
        !host_buffer_add(&self->fresh, &node.size, sizeof node.size) ||
        !host_buffer_add(&self->fresh, node.data, node.size))
        zk_fail(&self->run.context, ZK_OUT_OF_MEMORY);
    host_cache_put(&self->run.nodes->cache, hash, node.data, node.size);
}

static void seal(host_run *run, void *what) {
    sealing *end = what;
    trie_sink sink = {put_fresh, end->self};
    zk_block_seal(end->self->block, &end->header, &end->hash, &sink);
    host_learn(&run->reader, &end->header.state_root, end->self->state);
    uint32_t count;
    const zk_touched *touched = zk_block_touched(end->self->block, &count);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t key[TOUCHED] = {0};
        memcpy(key, &touched[i].account->address, sizeof(address_t));
        key[sizeof(address_t)] = touched[i].key != NULL;
        if (touched[i].key) u256_to_bytes(key + sizeof(address_t) + 1, touched[i].key);
        if (!host_set_add(&end->touched, key)) zk_fail(&run->context, ZK_OUT_OF_MEMORY);
    }
}

static PyObject *touched_object(const uint8_t *key) {
    PyObject *slot;
    if (key[sizeof(address_t)]) {
        u256 number;
        u256_from_bytes(&number, key + sizeof(address_t) + 1);
        slot = host_number(&number);
    } else {
        slot = Py_NewRef(Py_None);
    }
    return Py_BuildValue("(y#N)", (const char *)key, (Py_ssize_t)sizeof(address_t), slot);
}

static PyObject *fresh_object(const host_buffer *fresh) {
    PyObject *nodes = PyDict_New();
    for (size_t at = 0; at < fresh->size && nodes;) {
        uint32_t size;
        memcpy(&size, fresh->bytes + at + sizeof(hash_t), sizeof size);
        PyObject *key = host_hash(fresh->bytes + at);
        PyObject *value = host_bytes((bytes_t){fresh->bytes + at + sizeof(hash_t) + sizeof size, size});
        if (!key || !value || PyDict_SetItem(nodes, key, value)) Py_CLEAR(nodes);
        Py_XDECREF(key);
        Py_XDECREF(value);
        at += sizeof(hash_t) + sizeof size + size;
    }
    return nodes;
}

/* (hash, state root, transactions root, receipts root, bloom, gas used, new nodes, hashes read, touched) */
static PyObject *sealed_object(const sealing *end) {
    const zk_header *header = &end->header;
    return Py_BuildValue("(NNNNy#KNNN)", host_hash(end->hash.bytes), host_hash(header->state_root.bytes),
                         host_hash(header->transactions_root.bytes), host_hash(header->receipts_root.bytes),
                         (const char *)header->bloom.bytes, (Py_ssize_t)sizeof header->bloom,
                         (unsigned long long)header->gas_used, fresh_object(&end->self->fresh),
                         host_frozenset(&end->self->run.read, host_hash),
                         host_frozenset(&end->touched, touched_object));
}

static PyObject *block_seal(PyObject *object, PyObject *unused) {
    (void)unused;
    Block *self = (Block *)object;
    if (is_closed(self)) return NULL;
    sealing end = {.self = self, .touched = {.key_size = TOUCHED}};
    PyObject *result = NULL;
    if (!run(self, seal, &end)) result = sealed_object(&end);
    self->is_spent = true;
    host_set_free(&end.touched);
    host_run_close(&self->run, &self->engine->pool);
    return result;
}

static PyObject *block_gas_used(PyObject *object, void *unused) {
    (void)unused;
    const Block *self = (const Block *)object;
    return is_closed(self) ? NULL : PyLong_FromUnsignedLongLong(zk_block_gas_used(self->block));
}

static PyGetSetDef FIELDS[] = {
    {"gas_used", block_gas_used, NULL, "Gas of what is included so far.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMethodDef METHODS[] = {
    {"apply", block_apply, METH_O, "Tries transactions in order, up to one that makes the block invalid."},
    {"watch", block_watch, METH_O, "Looks on from now on, or no more."},
    {"seen", block_seen, METH_NOARGS, "What was seen since then."},
    {"seal", block_seal, METH_NOARGS, "Writes the tries and makes the header."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot SLOTS[] = {
    {Py_tp_new, block_new},     {Py_tp_dealloc, block_dealloc},
    {Py_tp_methods, METHODS},   {Py_tp_getset, FIELDS},
    {Py_tp_doc, "One block being executed."}, {0, NULL},
};

PyType_Spec HOST_BLOCK_SPEC = {
    .name = "zkvm._evm.Block",
    .basicsize = sizeof(Block),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = SLOTS,
};
