/* A thread that finds signers and never asks for Python's lock: who serves requests goes on meanwhile. */
#include "host/host.h"

#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct job {
    struct job *next;
    unsigned long long id;
    hash_t digest;
    uint8_t signature[HOST_SIGNATURE];
    bool found;
    address_t signer;
} job;

typedef struct {
    job *first, **end;
} queue;

typedef struct {
    PyObject_HEAD
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t more;
    queue waiting, done;
    int bell; /* gets a byte when there is something done where nothing was */
    bool is_running, ends;
} recoverer;

static void push(queue *to, job *one) {
    one->next = NULL;
    *to->end = one;
    to->end = &one->next;
}

static job *take_all(queue *from) {
    job *first = from->first;
    *from = (queue){NULL, &from->first};
    return first;
}

static void free_all(job *one) {
    for (job *next; one; one = next) {
        next = one->next;
        free(one);
    }
}

static job *next_job(recoverer *self) {
    while (!self->waiting.first && !self->ends) pthread_cond_wait(&self->more, &self->lock);
    if (self->ends) return NULL;
    job *one = self->waiting.first;
    self->waiting.first = one->next;
    if (!one->next) self->waiting.end = &self->waiting.first;
    return one;
}

/* Who wakes this thread has Python's lock, and is not to wait for a processor until a signer is found. */
static void yield_to_others(void) {
#if defined(SCHED_BATCH)
    const struct sched_param parameters = {0};
    pthread_setschedparam(pthread_self(), SCHED_BATCH, &parameters);
#endif
}

static void *work(void *object) {
    recoverer *self = object;
    yield_to_others();
    pthread_mutex_lock(&self->lock);
    for (job *one; (one = next_job(self));) {
        pthread_mutex_unlock(&self->lock);
        one->found = host_signer(&one->signer, &one->digest, one->signature);
        pthread_mutex_lock(&self->lock);
        bool is_first = !self->done.first;
        push(&self->done, one);
        /* A pipe that is full has rung already. */
        if (is_first && write(self->bell, "", 1) < 0) continue;
    }
    pthread_mutex_unlock(&self->lock);
    return NULL;
}

static PyObject *recoverer_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"bell", NULL};
    int bell;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "i", names, &bell)) return NULL;
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    recoverer *self = (recoverer *)allocate(type, 0);
    if (!self) return NULL;
    self->bell = bell;
    take_all(&self->waiting);
    take_all(&self->done);
    pthread_mutex_init(&self->lock, NULL);
    pthread_cond_init(&self->more, NULL);
    self->is_running = pthread_create(&self->thread, NULL, work, self) == 0;
    if (self->is_running) return (PyObject *)self;
    Py_DECREF(self);
    PyErr_SetString(PyExc_RuntimeError, "no thread can be started");
    return NULL;
}

static void stop(recoverer *self) {
    if (!self->is_running) return;
    self->is_running = false;
    pthread_mutex_lock(&self->lock);
    self->ends = true;
    pthread_cond_signal(&self->more);
    pthread_mutex_unlock(&self->lock);
    Py_BEGIN_ALLOW_THREADS
    pthread_join(self->thread, NULL);
    Py_END_ALLOW_THREADS
}

static void recoverer_dealloc(PyObject *object) {
    PyTypeObject *type = Py_TYPE(object);
    recoverer *self = (recoverer *)object;
    stop(self);
    free_all(take_all(&self->waiting));
    free_all(take_all(&self->done));
    pthread_cond_destroy(&self->more);
    pthread_mutex_destroy(&self->lock);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(object);
    Py_DECREF(type);
}

static PyObject *put(PyObject *object, PyObject *args) {
    recoverer *self = (recoverer *)object;
    unsigned long long id;
    PyObject *digest, *signature;
    if (!PyArg_ParseTuple(args, "KOO:put", &id, &digest, &signature)) return NULL;
    if (!self->is_running) {
        PyErr_SetString(PyExc_RuntimeError, "stopped");
        return NULL;
    }
    job *one = malloc(sizeof *one);
    if (!one) return PyErr_NoMemory();
    one->id = id;
    if (host_read_bytes(digest, &one->digest, sizeof one->digest, "a digest") ||
        host_read_bytes(signature, one->signature, sizeof one->signature, "a signature")) {
        free(one);
        return NULL;
    }
    pthread_mutex_lock(&self->lock);
    push(&self->waiting, one);
    pthread_mutex_unlock(&self->lock);
    pthread_cond_signal(&self->more);
    Py_RETURN_NONE;
}

static PyObject *take(PyObject *object, PyObject *unused) {
    (void)unused;
    recoverer *self = (recoverer *)object;
    pthread_mutex_lock(&self->lock);
    job *all = take_all(&self->done);
    pthread_mutex_unlock(&self->lock);
    PyObject *list = PyList_New(0);
    for (job *one = all; list && one; one = one->next) {
        PyObject *signer = one->found ? host_bytes((bytes_t){one->signer.bytes, sizeof one->signer}) : Py_NewRef(Py_None);
        PyObject *pair = Py_BuildValue("(KN)", one->id, signer);
        if (!pair || PyList_Append(list, pair)) Py_CLEAR(list);
        Py_XDECREF(pair);
    }
    free_all(all);
    return list;
}

static PyObject *close_it(PyObject *object, PyObject *unused) {
    (void)unused;
    stop((recoverer *)object);
    Py_RETURN_NONE;
}

static PyMethodDef METHODS[] = {
    {"put", put, METH_VARARGS, "Has the signer found of a digest."},
    {"take", take, METH_NOARGS, "What has been found."},
    {"close", close_it, METH_NOARGS, "Ends the thread."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot SLOTS[] = {
    {Py_tp_new, recoverer_new},
    {Py_tp_dealloc, recoverer_dealloc},
    {Py_tp_methods, METHODS},
    {Py_tp_doc, "A thread that finds signers."},
    {0, NULL},
};

PyType_Spec HOST_RECOVERER_SPEC = {
    .name = "zkvm._evm.Recoverer",
    .basicsize = sizeof(recoverer),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = SLOTS,
};
