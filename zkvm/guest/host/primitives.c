/* The guest's keccak, its strict reader of RLP and its signatures, for Python. */
#include "base/keccak.h"
#include "chain/rlp.h"
#include "chain/transaction_kinds.h"

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

/* Of type 0x02: what stands in its list, but for an access list, which is empty. */
typedef struct {
    u256 chain_id, tip, fee, value, r, s;
    uint64_t nonce, gas, parity;
    bytes_t to, data;
    hash_t hash, digest;
} dynamic_fee;

static bool read_dynamic_fee(bytes_t raw, dynamic_fee *tx) {
    enum { TYPE = ZK_TX_DYNAMIC_FEE };
    if (raw.size == 0 || raw.data[0] != TYPE) return false;
    bytes_t body = {raw.data + 1, raw.size - 1}, items, accesses;
    if (!rlp_next_list(&body, &items) || body.size) return false;
    bytes_t rest = items;
    if (!rlp_next_u256(&rest, &tx->chain_id) || !rlp_next_u64(&rest, &tx->nonce) || !rlp_next_u256(&rest, &tx->tip) ||
        !rlp_next_u256(&rest, &tx->fee) || !rlp_next_u64(&rest, &tx->gas) || !rlp_next_string(&rest, &tx->to) ||
        !rlp_next_u256(&rest, &tx->value) || !rlp_next_string(&rest, &tx->data) || !rlp_next_list(&rest, &accesses))
        return false;
    if (accesses.size || (tx->to.size && tx->to.size != sizeof(address_t))) return false;
    items.size -= rest.size;
    if (!rlp_next_u64(&rest, &tx->parity) || tx->parity > 1 || !rlp_next_u256(&rest, &tx->r) ||
        !rlp_next_u256(&rest, &tx->s) || rest.size)
        return false;
    uint8_t head[6] = {TYPE};
    keccak_state state;
    keccak_start(&state);
    keccak_update(&state, head, (size_t)(rlp_put_list_head(head + 1, items.size) - head));
    keccak_update(&state, items.data, items.size);
    keccak_finish(&state, &tx->digest);
    keccak256(&tx->hash, raw.data, raw.size);
    return true;
}

PyObject *host_read_dynamic_fee(PyObject *module, PyObject *object) {
    (void)module;
    char *data;
    Py_ssize_t size;
    dynamic_fee tx;
    if (PyBytes_AsStringAndSize(object, &data, &size)) return NULL;
    if ((size_t)size > UINT32_MAX || !read_dynamic_fee((bytes_t){(const uint8_t *)data, (uint32_t)size}, &tx))
        return Py_NewRef(Py_None);
    return Py_BuildValue("(NKNNKNNNKNNNN)", host_number(&tx.chain_id), (unsigned long long)tx.nonce,
                         host_number(&tx.tip), host_number(&tx.fee), (unsigned long long)tx.gas,
                         tx.to.size ? host_bytes(tx.to) : Py_NewRef(Py_None), host_number(&tx.value),
                         host_bytes(tx.data), (unsigned long long)tx.parity, host_number(&tx.r), host_number(&tx.s),
                         host_hash(tx.hash.bytes), host_hash(tx.digest.bytes));
}

bool host_signer(address_t *signer, const hash_t *digest, const uint8_t signature[HOST_SIGNATURE]) {
    u256 r, s;
    u256_from_bytes(&r, signature);
    u256_from_bytes(&s, signature + 32);
    return zk_signer(signer, digest, &r, &s, signature[64]);
}

enum { DIGEST = sizeof(hash_t), SIGNATURE = HOST_SIGNATURE };

/* What zk_signer says of each of `count`; does not need Python's lock. */
static void find_signers(const uint8_t *digests, const uint8_t *signatures, Py_ssize_t count, address_t *signers,
                         uint8_t *found) {
    for (Py_ssize_t i = 0; i < count; i++) {
        hash_t digest;
        memcpy(&digest, digests + i * DIGEST, sizeof digest);
        found[i] = host_signer(&signers[i], &digest, signatures + i * SIGNATURE);
    }
}

PyObject *host_signers(PyObject *module, PyObject *args) {
    (void)module;
    const char *digests, *signatures;
    Py_ssize_t size, signatures_size;
    if (!PyArg_ParseTuple(args, "y#y#:signers", &digests, &size, &signatures, &signatures_size)) return NULL;
    Py_ssize_t count = size / DIGEST;
    if (size % DIGEST || signatures_size % SIGNATURE || signatures_size / SIGNATURE != count)
        return refuse("expected 32 bytes and 65 bytes for each signature");
    address_t *signers = PyMem_Malloc((size_t)count * (sizeof *signers + 1) + 1);
    if (!signers) return PyErr_NoMemory();
    uint8_t *found = (uint8_t *)(signers + count);
    Py_BEGIN_ALLOW_THREADS
    find_signers((const uint8_t *)digests, (const uint8_t *)signatures, count, signers, found);
    Py_END_ALLOW_THREADS
    PyObject *list = PyList_New(count);
    for (Py_ssize_t i = 0; list && i < count; i++) {
        PyObject *signer = found[i] ? host_bytes((bytes_t){signers[i].bytes, sizeof signers[i]}) : Py_NewRef(Py_None);
        if (!signer || PyList_SetItem(list, i, signer)) Py_CLEAR(list);
    }
    PyMem_Free(signers);
    return list;
}
