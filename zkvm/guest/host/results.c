/* What a block says of each transaction, as Python objects. */
#include "host/host.h"

PyObject *host_hash(const uint8_t *hash) { return PyBytes_FromStringAndSize((const char *)hash, sizeof(hash_t)); }

static PyObject *address_object(const address_t *address) {
    return PyBytes_FromStringAndSize((const char *)address->bytes, sizeof *address);
}

static PyObject *log_object(const host_engine *engine, const evm_log *log) {
    PyObject *topics = PyTuple_New((Py_ssize_t)log->topic_count);
    for (uint32_t i = 0; i < log->topic_count && topics; i++) {
        uint8_t bytes[32];
        u256_to_bytes(bytes, &log->topics[i]);
        PyObject *topic = PyBytes_FromStringAndSize((const char *)bytes, sizeof bytes);
        if (!topic || PyTuple_SetItem(topics, (Py_ssize_t)i, topic)) Py_CLEAR(topics);
    }
    PyObject *values[] = {address_object(&log->address), topics, host_bytes(log->data)};
    return host_record_make(&engine->log, values);
}

static PyObject *logs_object(const host_engine *engine, const zk_receipt *receipt) {
    PyObject *logs = PyTuple_New((Py_ssize_t)receipt->log_count);
    for (uint32_t i = 0; i < receipt->log_count && logs; i++) {
        PyObject *one = log_object(engine, &receipt->logs[i]);
        if (!one || PyTuple_SetItem(logs, (Py_ssize_t)i, one)) Py_CLEAR(logs);
    }
    return logs;
}

static PyObject *l2_logs_object(const host_engine *engine, const zk_included *included) {
    PyObject *logs = PyTuple_New((Py_ssize_t)included->l2_log_count);
    for (uint32_t i = 0; i < included->l2_log_count && logs; i++) {
        const zk_l2_log *log = &included->l2_logs[i];
        PyObject *values[] = {Py_NewRef(Py_True),
                              PyLong_FromUnsignedLong(log->tx_index),
                              Py_NewRef(log->is_message ? engine->messenger : engine->bootloader),
                              host_hash(log->key.bytes),
                              host_hash(log->value.bytes),
                              log->is_message ? host_bytes(log->message) : Py_NewRef(Py_None)};
        PyObject *one = host_record_make(&engine->l2_log, values);
        if (!one || PyTuple_SetItem(logs, (Py_ssize_t)i, one)) Py_CLEAR(logs);
    }
    return logs;
}

static PyObject *bloom_object(const host_engine *engine, const zk_receipt *receipt) {
    if (!receipt->log_count) return Py_NewRef(engine->no_bloom);
    return host_bytes((bytes_t){receipt->bloom.bytes, sizeof receipt->bloom});
}

static PyObject *receipt_object(const host_engine *engine, const zk_included *included) {
    const zk_receipt *receipt = &included->receipt;
    PyObject *values[] = {PyLong_FromLong(receipt->type),
                          PyLong_FromLong(receipt->success),
                          PyLong_FromUnsignedLongLong(included->outcome.gas_used),
                          PyLong_FromUnsignedLongLong(receipt->cumulative_gas),
                          host_number(&included->effective_gas_price),
                          logs_object(engine, receipt),
                          bloom_object(engine, receipt),
                          included->tx.call.is_creation ? address_object(&included->created) : Py_NewRef(Py_None)};
    return host_record_make(&engine->receipt, values);
}

PyObject *host_included(const host_engine *engine, const zk_included *included, PyObject *transaction) {
    PyObject *values[] = {Py_NewRef(transaction), receipt_object(engine, included),
                          host_bytes(included->outcome.output), l2_logs_object(engine, included)};
    return host_record_make(&engine->included, values);
}

PyObject *host_refused(const zk_verdict *verdict) {
    return Py_BuildValue("(iiKNiiI)", (int)verdict->kind, (int)verdict->refusal, (unsigned long long)verdict->nonce,
                         host_number(&verdict->balance), (int)verdict->outcome.status, (int)verdict->outcome.opcode,
                         (unsigned int)verdict->outcome.at);
}
