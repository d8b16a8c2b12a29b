/* zkvm._emulator: the class Machine, one run of one guest. zkvm/emulator/emulator.py is what others use. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "emulator/machine.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    PyObject_HEAD
    Machine machine;
    uint32_t input_words;
    bool busy;
} Object;

static int no_memory(void) {
    PyErr_NoMemory();
    return -1;
}

static int refuse(const char *message) {
    PyErr_SetString(PyExc_ValueError, message);
    return -1;
}

/* True, with an error set, while another thread runs the machine. */
static bool is_busy(const Object *self) {
    if (self->busy) PyErr_SetString(PyExc_RuntimeError, "the machine is running in another thread");
    return self->busy;
}

/* What a list held, owned by Python from now on, as a read-only buffer. */
typedef struct {
    PyObject_HEAD
    void *data;
    Py_ssize_t size;
} Taken;

static int taken_buffer(PyObject *object, Py_buffer *view, int flags) {
    Taken *self = (Taken *)object;
    return PyBuffer_FillInfo(view, object, self->data ? self->data : self, self->size, 1, flags);
}

static void taken_dealloc(PyObject *object) {
    PyTypeObject *type = Py_TYPE(object);
    free(((Taken *)object)->data);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(object);
    Py_DECREF(type);
}

static PyType_Slot taken_slots[] = {
    {Py_bf_getbuffer, taken_buffer},
    {Py_tp_dealloc, taken_dealloc},
    {Py_tp_doc, "One list of a log, as a read-only buffer."},
    {0, NULL},
};

static PyType_Spec taken_spec = {
    .name = "zkvm._emulator.Taken",
    .basicsize = sizeof(Taken),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = taken_slots,
};

typedef struct {
    PyTypeObject *machine, *taken;
} State;

/* A private copy of a buffer and its number of elements; NULL with an error set. */
static void *copy_buffer(PyObject *object, size_t size, size_t *count) {
    Py_buffer view;
    if (PyObject_GetBuffer(object, &view, PyBUF_C_CONTIGUOUS)) return NULL;
    void *copy = NULL;
    if ((size_t)view.len % size) {
        refuse("the buffer holds no whole number of elements");
    } else {
        *count = (size_t)view.len / size;
        copy = malloc(view.len ? (size_t)view.len : 1);
        if (copy) memcpy(copy, view.buf, (size_t)view.len);
        else no_memory();
    }
    PyBuffer_Release(&view);
    return copy;
}

static bool is_kind(uint32_t kind) {
    return kind <= KIND_SRA || (kind >= KIND_SUB && kind <= KIND_JAL) || kind == KIND_MUL ||
           (kind >= KIND_MULHU && kind <= KIND_MULH) || kind == KIND_DIVU || kind == KIND_DIV || kind == KIND_REMU ||
           kind == KIND_REM || (kind >= KIND_KECCAK && kind <= KIND_ECDBL);
}

static bool row_is_valid(const Row *row, size_t count) {
    return is_kind(row->kind) && row->rs1 < DUMMY && row->rs2 < DUMMY && row->rd <= DUMMY && row->rd != 0 &&
           row->next[0] >= -1 && row->next[0] < (int64_t)count && row->next[1] >= -1 &&
           row->next[1] < (int64_t)count;
}

static int load_code(Machine *m, PyObject *rows, PyObject *row_at, uint32_t entry) {
    size_t words = 0;
    if (!(m->rows = copy_buffer(rows, sizeof(Row), &m->row_count))) return -1;
    if (!(m->row_at = copy_buffer(row_at, sizeof(int32_t), &words))) return -1;
    if (m->row_count > INT32_MAX || words > UINT32_MAX / 4) return refuse("the program is too large");
    m->code_words = (uint32_t)words;
    if (entry >= m->row_count) return refuse("the entry is no row");
    m->index = entry;
    for (size_t i = 0; i < m->row_count; i++)
        if (!row_is_valid(m->rows + i, m->row_count)) return refuse("a row is invalid");
    for (size_t i = 0; i < words; i++)
        if (m->row_at[i] < -1 || m->row_at[i] >= (int64_t)m->row_count) return refuse("an address has no such row");
    return 0;
}

static int load_image(Machine *m, PyObject *image) {
    size_t count = 0;
    uint32_t *words = copy_buffer(image, 2 * sizeof(uint32_t), &count);
    if (!words) return -1;
    int result = 0;
    for (size_t i = 0; i < count && !result; i++) {
        if (words[2 * i] >= IN_LO) result = refuse("an image word lies above the image");
        else if (!memory_place(&m->memory, words[2 * i], words[2 * i + 1])) result = no_memory();
    }
    free(words);
    return result;
}

static int add_input(Object *self, PyObject *input) {
    size_t count = 0;
    uint32_t *words = copy_buffer(input, sizeof(uint32_t), &count);
    if (!words) return -1;
    int result = 0;
    if (count > (size_t)(ZERO_LO - IN_LO) - self->input_words) result = refuse("the input is too large");
    for (size_t i = 0; i < count && !result; i++)
        if (!memory_place(&self->machine.memory, IN_LO + self->input_words++, words[i])) result = no_memory();
    free(words);
    return result;
}

static PyObject *object_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"rows", "row_at", "code_low", "entry", "image", "input", "memory_limit", NULL};
    PyObject *rows, *row_at, *image, *input;
    unsigned int code_low, entry;
    unsigned long long limit;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OOIIOOK", names, &rows, &row_at, &code_low, &entry, &image, &input,
                                     &limit))
        return NULL;
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    Object *self = (Object *)allocate(type, 0);
    if (!self) return NULL;
    Machine *m = &self->machine;
    m->code_low = code_low;
    m->memory.limit = limit;
    m->memory.pages = calloc(PAGES, sizeof(Cell *));
    if (!m->memory.pages) no_memory();
    else if (!load_code(m, rows, row_at, entry) && !load_image(m, image) && !add_input(self, input))
        return (PyObject *)self;
    Py_DECREF(self);
    return NULL;
}

static void object_dealloc(Object *self) {
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    machine_clear(&self->machine);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}

static PyObject *object_run(Object *self, PyObject *args) {
    int mode;
    unsigned long long limit;
    long long stop;
    if (!PyArg_ParseTuple(args, "iKL", &mode, &limit, &stop) || is_busy(self)) return NULL;
    Machine *m = &self->machine;
    if (mode < COUNT || mode > PROFILE || (mode == PROFILE && !m->profiler.function_of)) {
        refuse("no such mode, or no functions to profile");
        return NULL;
    }
    if (mode == LOG && limit > 1u << 29) {
        refuse("a log cannot be that long");
        return NULL;
    }
    self->busy = true;
    int status;
    Py_BEGIN_ALLOW_THREADS
    status = machine_run(m, (enum Mode)mode, limit, stop);
    Py_END_ALLOW_THREADS
    self->busy = false;
    if (status == NO_HOST_MEMORY) return PyErr_NoMemory();
    return Py_BuildValue("iKII", status, (unsigned long long)m->cycle, m->index, m->fault_address);
}

static PyObject *object_extend_input(Object *self, PyObject *words) {
    if (is_busy(self) || add_input(self, words)) return NULL;
    Py_RETURN_NONE;
}

static PyObject *object_registers(Object *self, PyObject *Py_UNUSED(none)) {
    if (is_busy(self)) return NULL;
    return PyBytes_FromStringAndSize((const char *)self->machine.registers, sizeof self->machine.registers);
}

static PyObject *object_cells(Object *self, PyObject *addresses) {
    if (is_busy(self)) return NULL;
    size_t count = 0;
    uint32_t *words = copy_buffer(addresses, sizeof(uint32_t), &count);
    if (!words) return NULL;
    PyObject *result = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(count * sizeof(Cell)));
    Cell *cells = result ? (Cell *)PyBytes_AsString(result) : NULL;
    for (size_t i = 0; cells && i < count; i++) {
        bool outside = words[i] >> 30;
        const Cell *page = outside ? NULL : self->machine.memory.pages[words[i] >> PAGE_BITS];
        uint32_t untouched = outside || words[i] < ZERO_LO ? ABSENT : 0;
        cells[i] = page ? page[words[i] & (PAGE_WORDS - 1)] : (Cell){.value = 0, .time = untouched};
    }
    free(words);
    return result;
}

typedef struct {
    const char *name;
    size_t offset, size;
} Named;

static const Named LISTS[] = {
    {"steps", offsetof(Machine, steps), sizeof(step_record)},
    {"memw", offsetof(Machine, memw), sizeof(word_access)},
    {"memb", offsetof(Machine, memb), sizeof(byte_access)},
    {"binary", offsetof(Machine, binary), sizeof(uint32_t)},
    {"shift", offsetof(Machine, shift), sizeof(uint32_t)},
    {"muldiv", offsetof(Machine, muldiv), sizeof(uint32_t)},
    {"arith256", offsetof(Machine, arith256), sizeof(arith256_call)},
    {"keccak", offsetof(Machine, keccak), sizeof(KeccakCall)},
    {"touched", offsetof(Machine, memory.touched), sizeof(uint32_t)},
};

static PyObject *object_take(Object *self, PyTypeObject *defining, PyObject *const *args, Py_ssize_t count,
                             PyObject *Py_UNUSED(names)) {
    if (count != 1) {
        refuse("take wants one name");
        return NULL;
    }
    const char *name = PyUnicode_AsUTF8AndSize(args[0], NULL);
    if (!name || is_busy(self)) return NULL;
    PyTypeObject *type = ((State *)PyType_GetModuleState(defining))->taken;
    for (size_t i = 0; i < sizeof LISTS / sizeof *LISTS; i++) {
        if (strcmp(name, LISTS[i].name)) continue;
        List *list = (List *)((char *)&self->machine + LISTS[i].offset);
        allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
        Taken *taken = (Taken *)allocate(type, 0);
        if (!taken) return NULL;
        taken->data = list->data;
        taken->size = (Py_ssize_t)(list->length * LISTS[i].size);
        *list = (List){0};
        return (PyObject *)taken;
    }
    refuse("no list of that name");
    return NULL;
}

static PyObject *object_counts(Object *self, PyObject *Py_UNUSED(none)) {
    if (is_busy(self)) return NULL;
    const Machine *m = &self->machine;
    PyObject *kinds = PyBytes_FromStringAndSize((const char *)m->counts, sizeof m->counts);
    if (!kinds) return NULL;
    return Py_BuildValue("NKn", kinds, (unsigned long long)m->divisions_by_zero, (Py_ssize_t)m->memory.touched.length);
}

static PyObject *object_set_functions(Object *self, PyObject *args) {
    PyObject *function_of;
    unsigned int functions;
    if (!PyArg_ParseTuple(args, "OI", &function_of, &functions) || is_busy(self)) return NULL;
    Profiler *p = &self->machine.profiler;
    size_t count = 0;
    uint32_t *of = copy_buffer(function_of, sizeof(uint32_t), &count);
    if (!of) return NULL;
    bool valid = !p->function_of && count == self->machine.row_count && functions < FIRST_OF_FUNCTION;
    for (size_t i = 0; valid && i < count; i++) valid = (of[i] & ~FIRST_OF_FUNCTION) < functions;
    if (!valid) {
        free(of);
        refuse("every row needs a function, once");
        return NULL;
    }
    p->function_of = of;
    p->functions = functions;
    p->flat = calloc((size_t)functions * COSTS, sizeof(uint64_t));
    p->inclusive = calloc((size_t)functions * COSTS, sizeof(uint64_t));
    p->calls = calloc(functions, sizeof(uint64_t));
    p->active = calloc(functions, sizeof(uint64_t));
    if (!p->flat || !p->inclusive || !p->calls || !p->active) return PyErr_NoMemory();
    Py_RETURN_NONE;
}

static PyObject *object_profile(Object *self, PyObject *Py_UNUSED(none)) {
    if (is_busy(self)) return NULL;
    Profiler *p = &self->machine.profiler;
    profile_finish(p);
    Py_ssize_t size = (Py_ssize_t)(p->functions * sizeof(uint64_t));
    return Py_BuildValue("y#y#y#", (const char *)p->flat, size * COSTS, (const char *)p->inclusive, size * COSTS,
                         (const char *)p->calls, size);
}

static PyMethodDef methods[] = {
    {"run", (PyCFunction)object_run, METH_VARARGS, "run(mode, limit, stop) -> (status, cycle, index, address)"},
    {"extend_input", (PyCFunction)object_extend_input, METH_O, "Appends words to the input region."},
    {"registers", (PyCFunction)object_registers, METH_NOARGS, "Value and time of the 33 registers."},
    {"cells", (PyCFunction)object_cells, METH_O, "Value and time of memory words."},
    {"take", (PyCFunction)(void (*)(void))object_take, METH_METHOD | METH_FASTCALL | METH_KEYWORDS,
     "Hands over one list of the log."},
    {"counts", (PyCFunction)object_counts, METH_NOARGS, "(runs by kind, divisions by zero, words touched)"},
    {"set_functions", (PyCFunction)object_set_functions, METH_VARARGS, "Says to which function a row belongs."},
    {"profile", (PyCFunction)object_profile, METH_NOARGS, "(flat, inclusive, calls) by function"},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot type_slots[] = {
    {Py_tp_new, object_new},
    {Py_tp_dealloc, object_dealloc},
    {Py_tp_methods, methods},
    {Py_tp_doc, "One run of one guest."},
    {0, NULL},
};

static PyType_Spec type_spec = {
    .name = "zkvm._emulator.Machine",
    .basicsize = sizeof(Object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = type_slots,
};

static int add_type(PyObject *module, PyType_Spec *spec, PyTypeObject **type) {
    *type = (PyTypeObject *)PyType_FromModuleAndSpec(module, spec, NULL);
    return *type ? PyModule_AddType(module, *type) : -1;
}

static int module_exec(PyObject *module) {
    State *state = PyModule_GetState(module);
    return add_type(module, &taken_spec, &state->taken) || add_type(module, &type_spec, &state->machine) ? -1 : 0;
}

static int module_traverse(PyObject *module, visitproc visit, void *arg) {
    State *state = PyModule_GetState(module);
    Py_VISIT(state->taken);
    Py_VISIT(state->machine);
    return 0;
}

static int module_clear(PyObject *module) {
    State *state = PyModule_GetState(module);
    Py_CLEAR(state->taken);
    Py_CLEAR(state->machine);
    return 0;
}

static struct PyModuleDef_Slot slots[] = {
    {Py_mod_exec, module_exec},
    {0, NULL},
};

static struct PyModuleDef module = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "zkvm._emulator",
    .m_doc = "Runs RV32IM guests.",
    .m_size = sizeof(State),
    .m_slots = slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
};

PyMODINIT_FUNC PyInit__emulator(void) { return PyModuleDef_Init(&module); }
