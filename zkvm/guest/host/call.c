/* Engine.call: one message call that leaves no trace. */
#include "evm/transaction.h"
#include "host/host.h"
#include "state/accounts.h"

typedef struct {
    host_run run;
    host_watch watch;
    evm_block block;
    hash_t root;
    PyObject *overrides; /* a list of tuples */
    PyObject *accesses;  /* a list of (address, keys) */
    evm_message message;
    u256 cost, charge;
    zk_state *state;
    /* What came of it. */
    bool can_pay;
    u256 balance;
    evm_result result;
} call;

/* --- Reading what is asked for --- */

/* (number, timestamp, gas limit, fee recipient, base fee, mix hash, chain id) */
static int read_block(call *self, PyObject *object) {
    PyObject *recipient, *base_fee, *mix_hash;
    unsigned long long number, timestamp, gas_limit, chain_id;
    if (!PyArg_ParseTuple(object, "KKKSSSK", &number, &timestamp, &gas_limit, &recipient, &base_fee, &mix_hash,
                          &chain_id))
        return -1;
    self->block = (evm_block){.number = number, .timestamp = timestamp, .gas_limit = gas_limit};
    self->block.blob_base_fee = u256_of(1);
    self->block.chain_id = u256_of(chain_id);
    self->block.block_hash = host_block_hash;
    return host_read_bytes(recipient, &self->block.coinbase, sizeof self->block.coinbase, "fee recipient") ||
           host_read_bytes(mix_hash, &self->block.prev_randao, sizeof self->block.prev_randao, "mix hash") ||
           host_read_number(base_fee, &self->block.base_fee, "base fee");
}

/* (sender, to or None, data, value, gas for the call, gas price, cost, charge) */
static int read_request(call *self, PyObject *object) {
    evm_message *message = &self->message;
    PyObject *sender, *to, *data, *value, *price, *cost, *charge;
    unsigned long long gas;
    if (!PyArg_ParseTuple(object, "SOSSKSSS", &sender, &to, &data, &value, &gas, &price, &cost, &charge)) return -1;
    *message = (evm_message){.kind = to == Py_None ? EVM_CREATE : EVM_CALL, .gas = gas};
    message->input = (bytes_t){(const uint8_t *)PyBytes_AsString(data), (uint32_t)PyBytes_Size(data)};
    if (to != Py_None && host_read_bytes(to, &message->target, sizeof message->target, "to")) return -1;
    message->code = message->target;
    return host_read_bytes(sender, &message->caller, sizeof message->caller, "sender") ||
           host_read_number(value, &message->value, "value") ||
           host_read_number(price, &self->run.vm.gas_price, "gas price") ||
           host_read_number(cost, &self->cost, "cost") || host_read_number(charge, &self->charge, "charge");
}

/* --- Overrides: (address, balance or None, nonce or None, code or None, whether storage is replaced, [(key, value)]).
   They come as plain memory: what runs has no Python lock. --- */

typedef struct {
    address_t address;
    bool has_balance, has_nonce, has_code, is_new_storage;
    u256 balance;
    uint64_t nonce;
    bytes_t code;
    u256 *slots; /* key and value in turn */
    Py_ssize_t slot_count;
} override;

typedef struct {
    call *self;
    override *overrides;
    Py_ssize_t override_count;
    evm_access *accesses;
    Py_ssize_t access_count;
} asked;

static int read_slots(override *to, PyObject *slots) {
    to->slot_count = PyList_Size(slots);
    to->slots = PyMem_Calloc((size_t)(2 * to->slot_count + 1), sizeof *to->slots);
    if (!to->slots) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t i = 0; i < to->slot_count; i++) {
        PyObject *key, *value;
        if (!PyArg_ParseTuple(PyList_GetItem(slots, i), "SS", &key, &value)) return -1;
        if (host_read_number(key, &to->slots[2 * i], "slot") || host_read_number(value, &to->slots[2 * i + 1], "value"))
            return -1;
    }
    return 0;
}

static int read_override(override *to, PyObject *object) {
    PyObject *address, *balance, *nonce, *code, *slots;
    int is_new_storage;
    if (!PyArg_ParseTuple(object, "SOOOpO!", &address, &balance, &nonce, &code, &is_new_storage, &PyList_Type, &slots))
        return -1;
    to->has_balance = balance != Py_None;
    to->has_nonce = nonce != Py_None;
    to->has_code = code != Py_None;
    to->is_new_storage = is_new_storage;
    if (to->has_nonce) to->nonce = PyLong_AsUnsignedLongLong(nonce);
    if (PyErr_Occurred()) return -1;
    if (to->has_code) {
        char *bytes;
        Py_ssize_t size;
        if (PyBytes_AsStringAndSize(code, &bytes, &size)) return -1;
        to->code = (bytes_t){(const uint8_t *)bytes, (uint32_t)size};
    }
    return host_read_bytes(address, &to->address, sizeof to->address, "address") ||
           (to->has_balance && host_read_number(balance, &to->balance, "balance")) || read_slots(to, slots);
}

static int read_access(evm_access *to, PyObject *object) {
    PyObject *address, *keys;
    if (!PyArg_ParseTuple(object, "SS", &address, &keys)) return -1;
    to->keys = (const hash_t *)(const void *)PyBytes_AsString(keys);
    to->key_count = (uint32_t)(PyBytes_Size(keys) / (Py_ssize_t)sizeof(hash_t));
    return host_read_bytes(address, &to->address, sizeof to->address, "address");
}

static int read_lists(asked *all, PyObject *overrides, PyObject *accesses) {
    all->overrides = PyMem_Calloc((size_t)PyList_Size(overrides) + 1, sizeof *all->overrides);
    all->accesses = PyMem_Calloc((size_t)PyList_Size(accesses) + 1, sizeof *all->accesses);
    if (!all->overrides || !all->accesses) {
        PyErr_NoMemory();
        return -1;
    }
    for (; all->override_count < PyList_Size(overrides); all->override_count++)
        if (read_override(&all->overrides[all->override_count], PyList_GetItem(overrides, all->override_count)))
            return -1;
    for (; all->access_count < PyList_Size(accesses); all->access_count++)
        if (read_access(&all->accesses[all->access_count], PyList_GetItem(accesses, all->access_count))) return -1;
    return 0;
}

static void free_lists(asked *all) {
    if (all->overrides)
        for (Py_ssize_t i = 0; all->overrides[i].slots; i++) PyMem_Free(all->overrides[i].slots);
    PyMem_Free(all->overrides);
    PyMem_Free(all->accesses);
}

/* --- Running --- */

/* Everything that the account had in storage is gone; the rest of it comes back. */
static void clear_storage(zk_state *state, evm_account *account) {
    const u256 balance = account->balance;
    const uint64_t nonce = account->nonce;
    const bytes_t code = zk_state_code(state, account);
    ZK_STATE.doom(state, account);
    ZK_STATE.finish(state);
    zk_state_begin(state);
    ZK_STATE.set_balance(state, account, &balance);
    ZK_STATE.set_nonce(state, account, nonce);
    if (code.size) ZK_STATE.set_code(state, account, code);
}

static void put_override(zk_state *state, const override *given) {
    evm_account *account = ZK_STATE.account(state, &given->address);
    if (given->is_new_storage && account->has_storage) clear_storage(state, account);
    if (given->has_balance) ZK_STATE.set_balance(state, account, &given->balance);
    if (given->has_nonce) ZK_STATE.set_nonce(state, account, given->nonce);
    if (given->has_code) ZK_STATE.set_code(state, account, given->code);
    for (Py_ssize_t i = 0; i < given->slot_count; i++) {
        evm_slot *slot = ZK_STATE.slot(state, account, &given->slots[2 * i]);
        ZK_STATE.set_slot(state, account, slot, &given->slots[2 * i + 1]);
    }
}

static void warm(evm *vm, const asked *all) {
    const evm_message *message = &all->self->message;
    vm->ops->warm_address(vm->state, &vm->block->coinbase);
    vm->ops->warm_address(vm->state, &message->caller);
    vm->ops->warm_address(vm->state, &message->target);
    for (Py_ssize_t i = 0; i < all->access_count; i++) {
        const evm_access *access = &all->accesses[i];
        vm->ops->warm_address(vm->state, &access->address);
        for (uint32_t k = 0; k < access->key_count; k++) {
            u256 key;
            u256_from_bytes(&key, access->keys[k].bytes);
            vm->ops->warm_key(vm->state, &access->address, &key);
        }
    }
}

static void work(host_run *run, void *what) {
    asked *all = what;
    call *self = all->self;
    evm *vm = &run->vm;
    zk_state *state = zk_state_open(&run->context, host_source(run), &self->root);
    host_remember(&run->reader, &run->nodes->known, &self->root, state);
    vm->ops = &ZK_STATE;
    vm->state = state;
    vm->block = &self->block;
    for (Py_ssize_t i = 0; i < all->override_count; i++) {
        zk_state_begin(state);
        put_override(state, &all->overrides[i]);
    }
    zk_state_begin(state);
    evm_account *sender = ZK_STATE.account(state, &self->message.caller);
    self->balance = sender->balance;
    self->can_pay = !u256_less(&sender->balance, &self->cost);
    if (!self->can_pay) return;
    if (self->message.kind == EVM_CREATE)
        evm_created_address(&self->message.target, &self->message.caller, sender->nonce);
    if (!u256_is_zero(&self->charge)) {
        u256 left;
        u256_sub_borrow(&left, &sender->balance, &self->charge);
        ZK_STATE.set_balance(state, sender, &left);
    }
    ZK_STATE.set_nonce(state, sender, sender->nonce + 1);
    warm(vm, all);
    vm->origin = self->message.caller;
    self->result = evm_call(vm, &self->message);
}

/* --- What came of it: the balance of a sender who cannot pay; else (status, opcode, its place, gas left, refund,
   output, created), and what was seen --- */

static PyObject *answer(const call *self) {
    if (!self->can_pay) return host_number(&self->balance);
    const evm_result *result = &self->result;
    return Py_BuildValue("(iiIKLNy#y#)", (int)result->status, (int)result->opcode, (unsigned int)result->at,
                         (unsigned long long)result->gas_left, (long long)self->run.vm.refund,
                         host_bytes(result->output), (const char *)self->message.target.bytes,
                         (Py_ssize_t)sizeof(address_t), (const char *)self->watch.events_seen.bytes,
                         (Py_ssize_t)self->watch.events_seen.size);
}

static PyObject *run_call(host_engine *engine, asked *all, PyObject *wish) {
    call *self = all->self;
    PyObject *result = NULL;
    if (host_watch_open(&self->watch, &self->run, wish)) return NULL;
    self->run.vm.watch = &self->watch.watch;
    if (!host_protect(&self->run, work, all)) result = answer(self);
    host_watch_close(&self->watch);
    (void)engine;
    return result;
}

PyObject *host_call(host_engine *engine, const host_module *module, PyObject *args) {
    PyObject *nodes, *hashes, *block, *root, *request, *overrides, *accesses, *wish, *result = NULL;
    if (!PyArg_ParseTuple(args, "O!OO!SO!O!O!O!", module->nodes, &nodes, &hashes, &PyTuple_Type, &block, &root,
                          &PyTuple_Type, &request, &PyList_Type, &overrides, &PyList_Type, &accesses, &PyTuple_Type,
                          &wish))
        return NULL;
    call *self = PyMem_Calloc(1, sizeof *self);
    if (!self) return PyErr_NoMemory();
    asked all = {.self = self};
    if (!read_block(self, block) && !host_read_bytes(root, &self->root, sizeof self->root, "state root") &&
        !host_run_open(&self->run, &engine->pool, module->failure, (host_nodes *)nodes, hashes, self->block.number)) {
        self->block.self = &self->run;
        if (!read_request(self, request) && !read_lists(&all, overrides, accesses)) result = run_call(engine, &all, wish);
        host_run_close(&self->run, &engine->pool);
    }
    free_lists(&all);
    PyMem_Free(self);
    return result;
}
