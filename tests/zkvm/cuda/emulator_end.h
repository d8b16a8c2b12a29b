// After the kernels' text: the shared memory they speak of, and the grid.
uint64_t zk_shared[(emulator::SHARED_BYTES >> 3) + emulator::GUARD_WORDS];

namespace emulator {

template <auto kernel>
static int launch(const uint64_t *words, const unsigned grid[2], unsigned threads, unsigned shared_bytes, uint64_t seed) {
    if (grid[0] == 0 || grid[0] > 0x7FFFFFFF || grid[1] == 0 || grid[1] > 0xFFFF || threads == 0 ||
        threads > MOST_THREADS || shared_bytes > SHARED_BYTES) {
        return TOO_LARGE;
    }
    noise = seed | 1;
    run_thread = call<kernel>::run;
    arguments = words;
    gridDim = {grid[0], grid[1], 1};
    blockDim = {threads, 1, 1};
    const size_t given = (shared_bytes + 7) / 8, guard = 0xA5A5A5A5A5A5A5A5;
    for (unsigned y = 0; y < grid[1]; y++) {
        for (unsigned x = 0; x < grid[0]; x++) {
            blockIdx = {x, y, 0};
            for (size_t i = 0; i < given; i++) zk_shared[i] = draw();
            for (size_t i = 0; i < GUARD_WORDS; i++) zk_shared[given + i] = guard;
            const int result = run_block(threads);
            if (result != DONE) return result;
            for (size_t i = 0; i < GUARD_WORDS; i++) {
                if (zk_shared[given + i] != guard) return SHARED_OVERRUN;
            }
        }
    }
    return DONE;
}

}  // namespace emulator
