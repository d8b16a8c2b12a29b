#include "ntt/plan.h"

#include "ntt/ntt.h"

size_t ZK_NAME(ntt_scratch)(unsigned log_rows) {
    unsigned log_block = plan_log_block(log_rows);
    size_t block = (size_t)1 << log_block, across = (size_t)1 << (log_rows - log_block);
    return block + across + 2 * TILE * across;
}

static uint64_t root(unsigned log2, int inverse) { return inverse ? gl_inv(gl_root(log2)) : gl_root(log2); }

/* Radix 8 mostly; forward, 16 once or twice instead of ending with 2 or 4 (inverse it was measured to be slower). A
 * block begins with 8, which its first pass is. */
static passes cut(unsigned bits, int block, int inverse) {
    passes p = {0, {0}};
    for (unsigned left = bits; left > 0;) {
        const int may_be_16 = !inverse && !(block && left == bits);
        unsigned step = may_be_16 && (left == 4 || left == 8) ? 4 : left < 3 ? left : 3;
        p.bits[p.count++] = step;
        left -= step;
    }
    return p;
}

/* Tables of every pass of a half of 2^bits: element (j, r) is (c w^j)^bitrev(r). `lanes` is how many j lie together. */
static void fill_passes(uint64_t *out, const passes *p, unsigned bits, int inverse, uint64_t shift, size_t lanes) {
    unsigned done = 0;
    for (unsigned pass = 0; pass < p->count; pass++) {
        unsigned step = p->bits[pass], radix = 1u << step;
        size_t size = (size_t)1 << done;
        uint64_t w = root(done + step, inverse), at = gl_pow(shift, (uint64_t)1 << (bits - done - step));
        for (size_t j = 0; j < size; j++) {
            uint64_t powers[MAX_RADIX] = {1, at};
            for (unsigned e = 2; e < radix; e++) powers[e] = gl_mul(powers[e - 1], at);
            /* The first pass has the same factors for all j: it keeps them once. */
            size_t group = done == 0 ? 1 : lanes;
            for (unsigned r = 1; r < radix; r++) {
                out[(j / group * (radix - 1) + r - 1) * group + j % group] = powers[reverse_bits(r, step)];
            }
            at = gl_mul(at, w);
        }
        out += size * (radix - 1);
        done += step;
    }
}

void ZK_NAME(plan_fill)(plan *p, unsigned log_rows, int inverse, uint64_t shift, uint64_t *scratch) {
    p->log_rows = log_rows;
    p->log_block = plan_log_block(log_rows);
    p->log_across = log_rows - p->log_block;
    p->rows = (size_t)1 << log_rows;
    p->block = (size_t)1 << p->log_block;
    p->across = (size_t)1 << p->log_across;
    p->tile = scratch;
    p->joint = p->tile + TILE * p->across;
    p->block_twiddles = p->joint + TILE * p->across;
    p->across_twiddles = p->block_twiddles + p->block;
    p->block_passes = cut(p->log_block, 1, inverse);
    p->across_passes = cut(p->log_across, 0, inverse);
    fill_passes(p->block_twiddles, &p->block_passes, p->log_block, inverse, gl_pow(shift, p->across), FV_LANES);
    fill_passes(p->across_twiddles, &p->across_passes, p->log_across, inverse, 1, 1);
}

void ZK_NAME(plan_joint)(const plan *p, int inverse, uint64_t shift, uint64_t first, size_t at) {
    uint64_t w = root(p->log_rows, inverse), point = gl_mul(shift, gl_pow(w, at));
    uint64_t points[TILE];
    for (int i = 0; i < TILE; i++) {
        points[i] = point;
        point = gl_mul(point, w);
    }
    for (int v = 0; v < TILE_VECTORS; v++) {
        uint64_t *joint = p->joint + v * FV_LANES;
        fv power = fv_load(points + v * FV_LANES); /* to the `step` */
        fv_store(joint, fv_set1(first));
        for (size_t step = 1; step < p->across; step *= 2) {
            /* Exponents below `step` are in place, at multiples of `gap`; those from there to 2 step lie between. */
            size_t gap = p->across / step;
            for (size_t row = 0; row < p->across; row += gap) {
                fv_store(joint + (row + gap / 2) * TILE, fv_mul(fv_load(joint + row * TILE), power));
            }
            power = fv_square(power);
        }
    }
}
