/* ARITH256's rows, and what they look up. */
#include "expand/precompiles.h"

size_t zk_arith256_rows(const arith256_call *calls, size_t height, size_t begin, size_t end, uint64_t *main) {
    for (size_t number = begin; number < end; number++) {
        const zk_cells first = {main + ARITH256_ROWS * number, height};
        for (unsigned part = 0; part < ARITH256_PARTS; part++) {
            if (!arith256_part(&calls[number], first, part)) return number;
        }
    }
    return end;
}

int zk_arith256_lookups(const uint64_t *main, size_t height, size_t begin, size_t end, lookups *counts) {
    for (size_t row = begin; row < end; row++) {
        uint64_t limbs = 0;
        for (unsigned lane = ARITH256_W0; lane <= ARITH256_W4; lane++) limbs |= main[lane * height + row];
        if (limbs >> 16 || (main[ARITH256_E0 * height + row] | main[ARITH256_E1 * height + row]) >> 8) return 0;
        arith256_lookups(main + row, height, counts);
    }
    return 1;
}
