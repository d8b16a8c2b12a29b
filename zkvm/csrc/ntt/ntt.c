/* Number-theoretic transforms between values in natural order and coefficients in bit-reversed order. */
#include "ntt/ntt.h"

#include <string.h>

#include "ntt/dft.h"
#include "ntt/plan.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* Columns that share a tile's joint factors: as many as stay in the outer cache between the two halves. */
#define MOST_TOGETHER 8
#define ELEMENTS_TOGETHER ((size_t)1 << 21)

/* --- One block of B elements ------------------------------------------------------------------------------------ */

/* From elements to sub-transforms of 8, a vector's worth of groups at a time. */
static void block_first_forward(const plan *p, const uint64_t *from, uint64_t *to) {
    const uint64_t *shifts = p->block_twiddles;
    const int shifted = shifts[3] != 1; /* the shift itself: 4 is 1 reversed */
    for (size_t at = 0; at < p->block; at += 8 * FV_LANES) {
        fv x[8];
        for (int r = 0; r < 8; r++) x[r] = fv_load(from + at + r * FV_LANES);
        fv_gather8(x);
        if (shifted) {
            for (int r = 1; r < 8; r++) x[r] = fv_mul(x[r], fv_set1(shifts[r - 1]));
        }
        dft8_forward(x);
        fv_scatter8(x);
        for (int r = 0; r < 8; r++) fv_store(to + at + r * FV_LANES, x[r]);
    }
}

static void block_last_inverse(const plan *p, const uint64_t *from, uint64_t *to, uint64_t scale) {
    for (size_t at = 0; at < p->block; at += 8 * FV_LANES) {
        fv x[8];
        for (int r = 0; r < 8; r++) x[r] = fv_load(from + at + r * FV_LANES);
        fv_gather8(x);
        dft8_inverse(x);
        if (scale != 1) {
            for (int r = 0; r < 8; r++) x[r] = fv_mul(x[r], fv_set1(scale));
        }
        fv_scatter8(x);
        for (int r = 0; r < 8; r++) fv_store(to + at + r * FV_LANES, x[r]);
    }
}

ALWAYS_INLINE void block_pass_forward(uint64_t *data, size_t block, size_t size, unsigned radix, const uint64_t *twiddles) {
    for (size_t base = 0; base < block; base += radix * size) {
        const uint64_t *factor = twiddles;
        for (size_t j = 0; j < size; j += FV_LANES, factor += (radix - 1) * FV_LANES) {
            fv x[MAX_RADIX];
            x[0] = fv_load(data + base + j);
            for (unsigned r = 1; r < radix; r++) {
                x[r] = fv_mul(fv_load(data + base + r * size + j), fv_load(factor + (r - 1) * FV_LANES));
            }
            dft_forward(x, radix);
            for (unsigned r = 0; r < radix; r++) fv_store(data + base + r * size + j, x[r]);
        }
    }
}

ALWAYS_INLINE void block_pass_inverse(const uint64_t *from, uint64_t *to, size_t block, size_t size, unsigned radix,
                                      const uint64_t *twiddles) {
    for (size_t base = 0; base < block; base += radix * size) {
        const uint64_t *factor = twiddles;
        for (size_t j = 0; j < size; j += FV_LANES, factor += (radix - 1) * FV_LANES) {
            fv x[MAX_RADIX];
            for (unsigned r = 0; r < radix; r++) x[r] = fv_load(from + base + r * size + j);
            dft_inverse(x, radix);
            fv_store(to + base + j, x[0]);
            for (unsigned r = 1; r < radix; r++) {
                fv_store(to + base + r * size + j, fv_mul(x[r], fv_load(factor + (r - 1) * FV_LANES)));
            }
        }
    }
}

static void block_forward(const plan *p, const uint64_t *from, uint64_t *to) {
    block_first_forward(p, from, to);
    const uint64_t *twiddles = p->block_twiddles + 7;
    size_t size = 8;
    for (unsigned pass = 1; pass < p->block_passes.count; pass++) {
        const unsigned bits = p->block_passes.bits[pass];
        if (bits == 4) block_pass_forward(to, p->block, size, 16, twiddles);
        if (bits == 3) block_pass_forward(to, p->block, size, 8, twiddles);
        if (bits == 2) block_pass_forward(to, p->block, size, 4, twiddles);
        if (bits == 1) block_pass_forward(to, p->block, size, 2, twiddles);
        twiddles += (size << bits) - size;
        size <<= bits;
    }
}

static void block_inverse(const plan *p, const uint64_t *from, uint64_t *to, uint64_t scale) {
    const uint64_t *twiddles = p->block_twiddles + p->block - 1;
    size_t size = p->block;
    for (unsigned pass = p->block_passes.count; pass-- > 1;) {
        const unsigned bits = p->block_passes.bits[pass];
        size >>= bits;
        twiddles -= (size << bits) - size;
        if (bits == 4) block_pass_inverse(from, to, p->block, size, 16, twiddles);
        if (bits == 3) block_pass_inverse(from, to, p->block, size, 8, twiddles);
        if (bits == 2) block_pass_inverse(from, to, p->block, size, 4, twiddles);
        if (bits == 1) block_pass_inverse(from, to, p->block, size, 2, twiddles);
        from = to;
    }
    block_last_inverse(p, from, to, scale);
}

/* --- Across the blocks, one tile -------------------------------------------------------------------------------- */

/* One pass over M rows; row i of source and target lies at i times its stride. With `joint`, rows are multiplied by
 * their joint factors first. */
ALWAYS_INLINE void tile_pass_forward(const uint64_t *from, size_t from_stride, uint64_t *to, size_t to_stride,
                                     size_t across, size_t size, unsigned radix, const uint64_t *twiddles,
                                     const uint64_t *joint) {
    for (size_t base = 0; base < across; base += radix * size) {
        for (size_t j = 0; j < size; j++) {
            const uint64_t *factor = twiddles + j * (radix - 1);
            for (int v = 0; v < TILE_VECTORS; v++) {
                fv x[MAX_RADIX];
                for (unsigned r = 0; r < radix; r++) {
                    size_t row = base + r * size + j;
                    x[r] = fv_load(from + row * from_stride + v * FV_LANES);
                    if (joint != NULL) x[r] = fv_mul(x[r], fv_load(joint + row * TILE + v * FV_LANES));
                    if (joint == NULL && r > 0) x[r] = fv_mul(x[r], fv_set1(factor[r - 1]));
                }
                dft_forward(x, radix);
                for (unsigned r = 0; r < radix; r++) {
                    fv_store(to + (base + r * size + j) * to_stride + v * FV_LANES, x[r]);
                }
            }
        }
    }
}

ALWAYS_INLINE void tile_pass_inverse(const uint64_t *from, size_t from_stride, uint64_t *to, size_t to_stride,
                                     size_t across, size_t size, unsigned radix, const uint64_t *twiddles,
                                     const uint64_t *joint) {
    for (size_t base = 0; base < across; base += radix * size) {
        for (size_t j = 0; j < size; j++) {
            const uint64_t *factor = twiddles + j * (radix - 1);
            for (int v = 0; v < TILE_VECTORS; v++) {
                fv x[MAX_RADIX];
                for (unsigned r = 0; r < radix; r++) {
                    x[r] = fv_load(from + (base + r * size + j) * from_stride + v * FV_LANES);
                }
                dft_inverse(x, radix);
                for (unsigned r = 0; r < radix; r++) {
                    size_t row = base + r * size + j;
                    if (joint != NULL) x[r] = fv_mul(x[r], fv_load(joint + row * TILE + v * FV_LANES));
                    if (joint == NULL && r > 0) x[r] = fv_mul(x[r], fv_set1(factor[r - 1]));
                    fv_store(to + row * to_stride + v * FV_LANES, x[r]);
                }
            }
        }
    }
}

/* In place on the rows data, data + B, ...: the first pass reads them, the last one writes them. */
static void tile_forward(const plan *p, uint64_t *data) {
    const uint64_t *twiddles = p->across_twiddles, *from = data, *joint = p->joint;
    size_t from_stride = p->block, size = 1;
    for (unsigned pass = 0; pass < p->across_passes.count; pass++) {
        const unsigned bits = p->across_passes.bits[pass];
        const int last = pass + 1 == p->across_passes.count;
        uint64_t *to = last ? data : p->tile;
        const size_t to_stride = last ? p->block : TILE;
        if (joint != NULL) {
            if (bits == 4) tile_pass_forward(from, from_stride, to, to_stride, p->across, 1, 16, twiddles, joint);
            if (bits == 3) tile_pass_forward(from, from_stride, to, to_stride, p->across, 1, 8, twiddles, joint);
            if (bits == 2) tile_pass_forward(from, from_stride, to, to_stride, p->across, 1, 4, twiddles, joint);
            if (bits == 1) tile_pass_forward(from, from_stride, to, to_stride, p->across, 1, 2, twiddles, joint);
        } else {
            if (bits == 4) tile_pass_forward(from, TILE, to, to_stride, p->across, size, 16, twiddles, NULL);
            if (bits == 3) tile_pass_forward(from, TILE, to, to_stride, p->across, size, 8, twiddles, NULL);
            if (bits == 2) tile_pass_forward(from, TILE, to, to_stride, p->across, size, 4, twiddles, NULL);
            if (bits == 1) tile_pass_forward(from, TILE, to, to_stride, p->across, size, 2, twiddles, NULL);
        }
        joint = NULL;
        from = p->tile;
        twiddles += (size << bits) - size;
        size <<= bits;
    }
}

/* From the rows of `values` to those of `data`. */
static void tile_inverse(const plan *p, const uint64_t *values, uint64_t *data) {
    const uint64_t *twiddles = p->across_twiddles + p->across - 1, *from = values;
    size_t stride = p->block, size = p->across;
    for (unsigned pass = p->across_passes.count; pass-- > 0;) {
        const unsigned bits = p->across_passes.bits[pass];
        size >>= bits;
        twiddles -= (size << bits) - size;
        if (pass > 0) {
            if (bits == 4) tile_pass_inverse(from, stride, p->tile, TILE, p->across, size, 16, twiddles, NULL);
            if (bits == 3) tile_pass_inverse(from, stride, p->tile, TILE, p->across, size, 8, twiddles, NULL);
            if (bits == 2) tile_pass_inverse(from, stride, p->tile, TILE, p->across, size, 4, twiddles, NULL);
            if (bits == 1) tile_pass_inverse(from, stride, p->tile, TILE, p->across, size, 2, twiddles, NULL);
        } else {
            if (bits == 4) tile_pass_inverse(from, stride, data, p->block, p->across, 1, 16, twiddles, p->joint);
            if (bits == 3) tile_pass_inverse(from, stride, data, p->block, p->across, 1, 8, twiddles, p->joint);
            if (bits == 2) tile_pass_inverse(from, stride, data, p->block, p->across, 1, 4, twiddles, p->joint);
            if (bits == 1) tile_pass_inverse(from, stride, data, p->block, p->across, 1, 2, twiddles, p->joint);
        }
        from = p->tile;
        stride = TILE;
    }
}

/* --- Whole columns ---------------------------------------------------------------------------------------------- */

/* Transforms too small for vectors, an element at a time. */
static void small_forward(const uint64_t *from, uint64_t *to, unsigned log_rows, uint64_t shift) {
    memcpy(to, from, sizeof(uint64_t) << log_rows);
    for (unsigned level = 1; level <= log_rows; level++) {
        size_t half = (size_t)1 << (level - 1);
        uint64_t w = gl_root(level), factor = gl_pow(shift, (uint64_t)1 << (log_rows - level));
        for (size_t j = 0; j < half; j++, factor = gl_mul(factor, w)) {
            for (size_t at = j; at < (size_t)1 << log_rows; at += 2 * half) {
                uint64_t a = to[at], b = gl_mul(to[at + half], factor);
                to[at] = gl_add(a, b);
                to[at + half] = gl_sub(a, b);
            }
        }
    }
}

static void small_inverse(const uint64_t *from, uint64_t *to, unsigned log_rows) {
    const uint64_t scale = gl_inv((uint64_t)1 << log_rows);
    for (size_t i = 0; i < (size_t)1 << log_rows; i++) to[i] = gl_mul(from[i], scale);
    for (unsigned level = log_rows; level > 0; level--) {
        size_t half = (size_t)1 << (level - 1);
        uint64_t w = gl_inv(gl_root(level)), factor = 1;
        for (size_t j = 0; j < half; j++, factor = gl_mul(factor, w)) {
            for (size_t at = j; at < (size_t)1 << log_rows; at += 2 * half) {
                uint64_t a = to[at], b = to[at + half];
                to[at] = gl_add(a, b);
                to[at + half] = gl_mul(gl_sub(a, b), factor);
            }
        }
    }
}

static size_t together(const plan *p) {
    size_t columns = ELEMENTS_TOGETHER / p->rows;
    return columns < 1 ? 1 : columns > MOST_TOGETHER ? MOST_TOGETHER : columns;
}

void ZK_NAME(evaluate)(const uint64_t *coefficients, uint64_t *values, unsigned log_rows, size_t begin, size_t end,
                       uint64_t shift, uint64_t *scratch) {
    const size_t rows = (size_t)1 << log_rows;
    if (log_rows < LEAST_LOG_BLOCK) {
        for (size_t c = begin; c < end; c++) small_forward(coefficients + c * rows, values + c * rows, log_rows, shift);
        return;
    }
    plan p;
    ZK_NAME(plan_fill)(&p, log_rows, 0, shift, scratch);
    const size_t step = together(&p);
    for (size_t first = begin; first < end; first += step) {
        const size_t last = end - first < step ? end : first + step;
        for (size_t at = first * rows; at < last * rows; at += p.block) block_forward(&p, coefficients + at, values + at);
        if (p.across == 1) continue;
        for (size_t at = 0; at < p.block; at += TILE) {
            ZK_NAME(plan_joint)(&p, 0, shift, 1, at);
            for (size_t c = first; c < last; c++) tile_forward(&p, values + c * rows + at);
        }
    }
}

void ZK_NAME(interpolate)(const uint64_t *values, uint64_t *coefficients, unsigned log_rows, size_t begin, size_t end,
                          uint64_t *scratch) {
    const size_t rows = (size_t)1 << log_rows;
    if (log_rows < LEAST_LOG_BLOCK) {
        for (size_t c = begin; c < end; c++) small_inverse(values + c * rows, coefficients + c * rows, log_rows);
        return;
    }
    plan p;
    ZK_NAME(plan_fill)(&p, log_rows, 1, 1, scratch);
    const uint64_t scale = gl_inv(rows);
    const size_t step = together(&p);
    for (size_t first = begin; first < end; first += step) {
        const size_t last = end - first < step ? end : first + step;
        if (p.across == 1) {
            for (size_t c = first; c < last; c++) block_inverse(&p, values + c * rows, coefficients + c * rows, scale);
            continue;
        }
        for (size_t at = 0; at < p.block; at += TILE) {
            ZK_NAME(plan_joint)(&p, 1, 1, scale, at);
            for (size_t c = first; c < last; c++) {
                tile_inverse(&p, values + c * rows + at, coefficients + c * rows + at);
            }
        }
        for (size_t at = first * rows; at < last * rows; at += p.block) {
            block_inverse(&p, coefficients + at, coefficients + at, 1);
        }
    }
}
