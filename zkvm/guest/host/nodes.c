/* Trie nodes and codes: a cache that keeps what was used last, above a view that Python has. */
#include <stdlib.h>

#include "host/host.h"

struct host_node {
    host_node *next; /* of its chain */
    host_node *newer, *older;
    hash_t hash;
    uint32_t size;
    uint8_t bytes[];
};

enum { FIRST_WIDTH = 1 << 12 };

bool host_cache_open(host_cache *cache, size_t max_bytes) {
    *cache = (host_cache){.width = FIRST_WIDTH, .max_bytes = max_bytes};
    cache->table = calloc(cache->width, sizeof *cache->table);
    if (!cache->table) return false;
    return pthread_mutex_init(&cache->lock, NULL) == 0;
}

void host_cache_close(host_cache *cache) {
    for (host_node *node = cache->newest, *older; node; node = older) {
        older = node->older;
        free(node);
    }
    free(cache->table);
    pthread_mutex_destroy(&cache->lock);
}

static host_node **chain_of(const host_cache *cache, const hash_t *hash) {
    size_t words;
    memcpy(&words, hash->bytes, sizeof words);
    return &cache->table[words & (cache->width - 1)];
}

static host_node **find(const host_cache *cache, const hash_t *hash) {
    host_node **at = chain_of(cache, hash);
    while (*at && !hash_equal(&(*at)->hash, hash)) at = &(*at)->next;
    return at;
}

static void take_out(host_cache *cache, host_node *node) {
    if (node->newer) node->newer->older = node->older;
    else cache->newest = node->older;
    if (node->older) node->older->newer = node->newer;
    else cache->oldest = node->newer;
}

static void put_first(host_cache *cache, host_node *node) {
    node->newer = NULL;
    node->older = cache->newest;
    if (cache->newest) cache->newest->newer = node;
    else cache->oldest = node;
    cache->newest = node;
}

static void drop_oldest(host_cache *cache) {
    host_node *node = cache->oldest;
    *find(cache, &node->hash) = node->next;
    take_out(cache, node);
    cache->count--;
    cache->bytes -= sizeof *node + node->size;
    free(node);
}

/* Chains stay short; a cache that cannot widen goes on as it is. */
static void widen(host_cache *cache) {
    host_node **table = calloc(2 * cache->width, sizeof *table);
    if (!table) return;
    free(cache->table);
    cache->table = table;
    cache->width *= 2;
    for (host_node *node = cache->newest; node; node = node->older) {
        host_node **chain = chain_of(cache, &node->hash);
        node->next = *chain;
        *chain = node;
    }
}

const uint8_t *host_cache_get(host_cache *cache, zk_context *context, const hash_t *hash, uint32_t *size) {
    pthread_mutex_lock(&cache->lock);
    host_node *node = *find(cache, hash);
    uint8_t *copy = NULL;
    if (node && node->size + 8 <= (size_t)(context->arena.end - context->arena.at)) {
        copy = zk_alloc(context, node->size);
        memcpy(copy, node->bytes, node->size);
        *size = node->size;
        if (node != cache->newest) {
            take_out(cache, node);
            put_first(cache, node);
        }
    }
    pthread_mutex_unlock(&cache->lock);
    return copy;
}

void host_cache_put(host_cache *cache, const hash_t *hash, const uint8_t *bytes, uint32_t size) {
    host_node *node = malloc(sizeof *node + size);
    if (!node) return;
    node->hash = *hash;
    node->size = size;
    memcpy(node->bytes, bytes, size);
    pthread_mutex_lock(&cache->lock);
    host_node **at = find(cache, hash);
    if (*at) {
        free(node);
    } else {
        node->next = NULL;
        *at = node;
        put_first(cache, node);
        cache->bytes += sizeof *node + size;
        if (++cache->count > 2 * cache->width) widen(cache);
        while (cache->bytes > cache->max_bytes && cache->count > 1) drop_oldest(cache);
    }
    pthread_mutex_unlock(&cache->lock);
}

/* --- Nodes: one view and its cache --- */

static PyObject *nodes_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"view", "cache_bytes", NULL};
    PyObject *view;
    Py_ssize_t max_bytes;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "On", names, &view, &max_bytes)) return NULL;
    if (max_bytes < 0) {
        PyErr_SetString(PyExc_ValueError, "cache_bytes is negative");
        return NULL;
    }
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    host_nodes *self = (host_nodes *)allocate(type, 0);
    if (!self) return NULL;
    if (!host_cache_open(&self->cache, (size_t)max_bytes) || !host_known_open(&self->known, (size_t)max_bytes / 2)) {
        Py_DECREF((PyObject *)self);
        return PyErr_NoMemory();
    }
    self->view = Py_NewRef(view);
    return (PyObject *)self;
}

static int nodes_traverse(PyObject *object, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(((host_nodes *)object)->view);
    return 0;
}

static int nodes_clear(PyObject *object) {
    Py_CLEAR(((host_nodes *)object)->view);
    return 0;
}

static void nodes_dealloc(PyObject *object) {
    PyTypeObject *type = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    nodes_clear(object);
    if (((host_nodes *)object)->cache.table) host_cache_close(&((host_nodes *)object)->cache);
    if (((host_nodes *)object)->known.factors[0]) host_known_close(&((host_nodes *)object)->known);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(object);
    Py_DECREF(type);
}

static PyObject *nodes_view(PyObject *object, void *unused) {
    (void)unused;
    return Py_NewRef(((host_nodes *)object)->view);
}

static PyObject *nodes_remembered(PyObject *object, void *unused) {
    (void)unused;
    size_t accounts, slots;
    host_known_count(&((host_nodes *)object)->known, &accounts, &slots);
    return Py_BuildValue("nn", (Py_ssize_t)accounts, (Py_ssize_t)slots);
}

static PyGetSetDef NODES_FIELDS[] = {
    {"remembered", nodes_remembered, NULL, "Accounts and slots of the newest state that are known by name.", NULL},
    {"view", nodes_view, NULL, "Where nodes come from that are not in the cache.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot NODES_SLOTS[] = {
    {Py_tp_new, nodes_new},
    {Py_tp_traverse, nodes_traverse},
    {Py_tp_clear, nodes_clear},
    {Py_tp_dealloc, nodes_dealloc},
    {Py_tp_getset, NODES_FIELDS},
    {Py_tp_doc, "Trie nodes and codes by hash: a view, and a cache of what was used last."},
    {0, NULL},
};

PyType_Spec HOST_NODES_SPEC = {
    .name = "zkvm._evm.Nodes",
    .basicsize = sizeof(host_nodes),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = NODES_SLOTS,
};
