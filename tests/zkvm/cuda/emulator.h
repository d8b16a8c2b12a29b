// An emulator for tests: runs a grid of CUDA threads on one core of the host, from the kernels' own text.
//
// The threads of a block are fibers that give way at barriers only; in which order they run is drawn anew after every
// barrier, so that a missing one shows. Shared memory holds noise when a block begins, and words beyond what the launch
// asked for must be as they were when it ends. What a real grid refuses is refused here.
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <cstdlib>
#include <type_traits>
#include <utility>

#define __CUDACC__ 1
#define __CUDA_ARCH__ 900
#define __global__
#define __device__
#define __constant__
#define __shared__
#define __launch_bounds__(...)

struct emulated_index {
    unsigned x, y, z;
};
static emulated_index threadIdx, blockIdx, blockDim, gridDim;

static inline uint64_t __umul64hi(uint64_t a, uint64_t b) { return (uint64_t)(((unsigned __int128)a * b) >> 64); }
static inline unsigned __clzll(long long a) { return a == 0 ? 64 : (unsigned)__builtin_clzll((unsigned long long)a); }

static inline uint64_t __brevll(uint64_t a) {
    uint64_t result = 0;
    for (int i = 0; i < 64; i++) result |= (a >> i & 1) << (63 - i);
    return result;
}

static inline uint32_t __byte_perm(uint32_t a, uint32_t b, uint32_t selector) {
    const uint64_t bytes = (uint64_t)b << 32 | a;
    uint32_t result = 0;
    for (int i = 0; i < 4; i++) result |= (uint32_t)(bytes >> 8 * (selector >> 4 * i & 7) & 0xFF) << 8 * i;
    return result;
}

static inline unsigned long long atomicMin(unsigned long long *at, unsigned long long value) {
    const unsigned long long before = *at;
    if (value < before) *at = value;
    return before;
}

template <class T>
static inline T atomicAdd(T *at, T value) {
    const T before = *at;
    *at = before + value;
    return before;
}

namespace emulator {

enum { MOST_THREADS = 1024, SHARED_BYTES = 48 << 10, GUARD_WORDS = 64, STACK_BYTES = 1 << 20, GUARD_BYTES = 1 << 16 };
enum { DONE, TOO_LARGE, DIVERGENT, SHARED_OVERRUN, WRONG_ARGUMENTS };

struct fiber {
    ucontext_t context;
    jmp_buf at;
    bool begun, finished;
    char *stack;
};

static fiber fibers[MOST_THREADS];
static fiber *current;
static jmp_buf scheduler;
static uint64_t noise = 1;

// What a thread runs: set before a grid begins.
static void (*run_thread)(const uint64_t *);
static const uint64_t *arguments;

static uint64_t draw() {
    noise ^= noise << 13;
    noise ^= noise >> 7;
    noise ^= noise << 17;
    return noise;
}

// Back to the scheduler; returns when it is this fiber's turn again.
static void give_way() {
    if (!_setjmp(current->at)) _longjmp(scheduler, 1);
}

static void fiber_main() {
    for (;;) {
        run_thread(arguments);
        current->finished = true;
        give_way();
    }
}

static void resume(fiber *next) {
    current = next;
    if (_setjmp(scheduler)) return;
    if (next->begun) _longjmp(next->at, 1);
    next->begun = true;
    // Only the pages that are used take memory; the lowest one stops an overflow.
    if (!next->stack) {
        void *stack = mmap(nullptr, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (stack == MAP_FAILED || mprotect(stack, GUARD_BYTES, PROT_NONE)) abort();
        next->stack = (char *)stack;
    }
    getcontext(&next->context);
    next->context.uc_stack.ss_sp = next->stack;
    next->context.uc_stack.ss_size = STACK_BYTES;
    next->context.uc_link = nullptr;
    makecontext(&next->context, fiber_main, 0);
    setcontext(&next->context);
}

// All threads of a block from barrier to barrier. Either all of them come to a barrier, or none does.
static int run_block(unsigned threads) {
    unsigned order[MOST_THREADS];
    for (unsigned i = 0; i < threads; i++) order[i] = i, fibers[i].finished = false;
    for (;;) {
        for (unsigned i = threads; i > 1; i--) {
            const unsigned j = (unsigned)(draw() % i), held = order[i - 1];
            order[i - 1] = order[j];
            order[j] = held;
        }
        unsigned finished = 0;
        for (unsigned i = 0; i < threads; i++) {
            threadIdx.x = order[i];
            resume(&fibers[order[i]]);
            finished += fibers[order[i]].finished;
        }
        if (finished == threads) return DONE;
        if (finished != 0) {
            for (unsigned i = 0; i < MOST_THREADS; i++) fibers[i].begun = false;
            return DIVERGENT;
        }
    }
}

template <class T>
static T argument(uint64_t word) {
    static_assert(sizeof(T) == 8, "an argument of a kernel is eight bytes");
    T value;
    memcpy(&value, &word, sizeof value);
    return value;
}

template <auto kernel>
struct call;

template <class... A, void (*kernel)(A...)>
struct call<kernel> {
    template <size_t... I>
    static void with(const uint64_t *words, std::integer_sequence<size_t, I...>) {
        kernel(argument<A>(words[I])...);
    }
    static void run(const uint64_t *words) { with(words, std::make_index_sequence<sizeof...(A)>()); }
    static constexpr size_t count = sizeof...(A);
};

}  // namespace emulator

static void __syncthreads() { emulator::give_way(); }
