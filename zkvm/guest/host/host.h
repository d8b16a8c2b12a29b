/* What the parts of zkvm._evm share: a run of the EVM on the host, its memory, where its trie nodes come from.

   A run owns everything it changes, so any number of them go on at once; Python's lock is held by none of them, but
   while it asks the state view for a node, or a block for the hashes before it. */
#ifndef ZK_HOST_H
#define ZK_HOST_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <pthread.h>
#include <setjmp.h>

#include "base/base.h"
#include "base/u256.h"
#include "chain/block.h"
#include "evm/evm.h"

/* --- Lists that grow; each gives up where there is no memory --- */

typedef struct {
    uint8_t *bytes;
    size_t size, room;
} host_buffer;

/* Keys of one size, each once, in the order of their coming. */
typedef struct {
    uint8_t *keys;
    uint32_t *places; /* number of a key + 1; as many as `room`, a power of two */
    uint32_t key_size, count, room;
} host_set;

bool host_buffer_add(host_buffer *buffer, const void *bytes, size_t size);
void host_buffer_free(host_buffer *buffer);
bool host_set_add(host_set *set, const void *key);
void host_set_free(host_set *set);

/* --- Memory: address space, whose pages come with their first use --- */

typedef struct host_memory {
    struct host_memory *next;
    zk_arena state, frames, returned;
} host_memory;

/* Memory that is not in use; the Python lock guards it. */
typedef struct {
    host_memory *first;
    uint32_t count;
} host_pool;

host_memory *host_memory_take(host_pool *pool);
void host_memory_give(host_pool *pool, host_memory *memory);
void host_pool_free(host_pool *pool);

/* --- Trie nodes and codes by hash: a view of Python's, and a bounded cache above it --- */

typedef struct host_node host_node;

typedef struct {
    pthread_mutex_t lock;
    host_node **table; /* chains; `width` of them, a power of two */
    host_node *newest, *oldest;
    size_t width, count, bytes, max_bytes;
} host_cache;

/* --- What the newest state holds, by name: a bounded memory beside the cache --- */

typedef struct {
    void *entries;
    uint32_t bits; /* its size is 2^bits */
    size_t count;
} host_known_table;

typedef struct {
    pthread_mutex_t lock;
    hash_t root; /* of the state that it is of, if it is of one */
    bool is_of_a_root;
    host_known_table accounts[2], slots[2]; /* young, old */
    size_t max_bytes;                       /* of a table */
    uint64_t factors[7];
} host_known;

/* One who reads it: for the state with this root. */
typedef struct {
    zk_memory asked;
    host_known *known;
    hash_t root;
} host_reader;

bool host_known_open(host_known *known, size_t max_bytes);
void host_known_close(host_known *known);
/* How many entries it has; a name that both of a pair have counts twice. */
void host_known_count(host_known *known, size_t *accounts, size_t *slots);
/* The state, opened with this root, asks it; the reader stays as long as the state. */
void host_remember(host_reader *reader, host_known *known, const hash_t *root, zk_state *state);
/* From now on it is of the root that the reader's state was sealed with. */
void host_learn(const host_reader *reader, const hash_t *root, const zk_state *state);

typedef struct {
    PyObject_HEAD
    host_cache cache;
    host_known known;
    PyObject *view;
} host_nodes;

bool host_cache_open(host_cache *cache, size_t max_bytes);
void host_cache_close(host_cache *cache);
/* A copy in the arena, or NULL. */
const uint8_t *host_cache_get(host_cache *cache, zk_context *context, const hash_t *hash, uint32_t *size);
void host_cache_put(host_cache *cache, const hash_t *hash, const uint8_t *bytes, uint32_t size);

extern PyType_Spec HOST_NODES_SPEC;

/* --- A run --- */

typedef struct {
    zk_context context; /* first */
    jmp_buf entry;
    zk_reason reason;
    bool is_raised;  /* a Python error is set */
    hash_t missing;  /* of ZK_MISSING_NODE */
    PyThreadState *thread;
    PyObject *failure; /* the exception for a reason; borrowed */
    host_memory *memory;
    host_nodes *nodes;
    PyObject *block_hashes; /* latest first */
    uint64_t block_number;
    host_set read;
    host_reader reader;
    evm vm;
} host_run;

/* Sets up the run and its machine; 0, or -1 with an error set. Takes references of its own. */
int host_run_open(host_run *run, host_pool *pool, PyObject *failure, host_nodes *nodes, PyObject *block_hashes,
                  uint64_t block_number);
void host_run_close(host_run *run, host_pool *pool);

/* Does the work without Python's lock; 0, or -1 with an error set when the run gave up. */
int host_protect(host_run *run, void (*work)(host_run *run, void *what), void *what);

/* What the run reads; every hash is noted. */
struct zk_nodes host_source(host_run *run);

const hash_t *host_block_hash(void *self, uint64_t number);

/* --- Watching --- */

/* Why a run gives up, beyond zk_reason: its time is up, or more steps are to be seen than there is room for. */
enum { HOST_LATE = 100, HOST_TOO_MANY_STEPS = 101 };

enum { HOST_CALLS = 1, HOST_ACCESSES = 2, HOST_STEPS = 4, HOST_LOGS = 8 };
enum { HOST_WITH_STACK = 1, HOST_WITH_MEMORY = 2, HOST_WITH_RETURNED = 4, HOST_WITH_STORAGE = 8 };

typedef struct {
    evm_watch watch; /* first */
    host_run *run;
    uint32_t events;  /* HOST_CALLS ... */
    uint32_t details; /* of steps */
    uint32_t steps, max_steps, most_steps;
    int64_t deadline_ns; /* of the monotonic clock; INT64_MAX for none */
    uint32_t until_clock;
    uint8_t wanted[256];
    uint64_t gas_before; /* of the wanted opcode seen last */
    size_t pending;      /* place + 1 of the step whose cost is not known yet */
    size_t asked;        /* the same of the one that asked for the call begun last */
    uint64_t handed_on;  /* what that call's gas took off its cost */
    uint8_t bad_opcode;
    uint32_t bad_at;
    host_buffer events_seen;
} host_watch;

/* (events, details, max_steps, most_steps, deadline in seconds or None); 0, or -1 with an error set. */
int host_watch_open(host_watch *watch, host_run *run, PyObject *wish);
void host_watch_close(host_watch *watch);

/* --- Python objects --- */

PyObject *host_bytes(bytes_t bytes);
PyObject *host_number(const u256 *number);
/* Exactly `size` bytes; -1 with an error set otherwise. */
int host_read_bytes(PyObject *object, void *to, Py_ssize_t size, const char *what);
int host_read_number(PyObject *object, u256 *to, const char *what);
/* A class of Python's whose objects are filled field by field: as its constructor would, in a tenth of the time. */
enum { HOST_FIELDS = 8 };
typedef struct {
    PyTypeObject *type;
    Py_ssize_t count;
    PyObject *slots[HOST_FIELDS];
    descrsetfunc store[HOST_FIELDS];
} host_record;

/* From (class with slots, names of them); 0, or -1 with an error set. */
int host_record_open(host_record *record, PyObject *given);
void host_record_close(host_record *record);
/* An object with these values, whose references are taken over; NULL with an error set, also where one is NULL. */
PyObject *host_record_make(const host_record *record, PyObject *const values[]);

PyObject *host_frozenset(const host_set *set, PyObject *(*item)(const uint8_t *key));

/* --- The types of the module --- */

typedef struct {
    PyTypeObject *engine, *nodes, *block, *recoverer;
    PyObject *failure;
} host_module;

typedef struct {
    PyObject_HEAD
    host_pool pool;
    host_record included, receipt, log, l2_log;
    PyObject *bootloader, *messenger; /* senders of L2 logs */
    PyObject *raw, *sender;           /* names of what is asked of a transaction */
    PyObject *no_bloom;               /* of a transaction without logs */
} host_engine;

extern PyType_Spec HOST_BLOCK_SPEC, HOST_RECOVERER_SPEC;

/* --- What a block says of each transaction --- */

PyObject *host_hash(const uint8_t *hash);
/* An object of the class that stands for what is included. */
PyObject *host_included(const host_engine *engine, const zk_included *included, PyObject *transaction);
/* (verdict, refusal, nonce, balance, status, opcode, its place) */
PyObject *host_refused(const zk_verdict *verdict);

/* Engine.call. */
PyObject *host_call(host_engine *engine, const host_module *module, PyObject *args);

/* --- Primitives --- */

PyObject *host_keccak(PyObject *module, PyObject *object);
PyObject *host_rlp_decode(PyObject *module, PyObject *object);
PyObject *host_read_dynamic_fee(PyObject *module, PyObject *object);
PyObject *host_signers(PyObject *module, PyObject *args);

enum { HOST_SIGNATURE = 65 }; /* r, s, parity */

/* What zk_signer says. */
bool host_signer(address_t *signer, const hash_t *digest, const uint8_t signature[HOST_SIGNATURE]);

#endif
