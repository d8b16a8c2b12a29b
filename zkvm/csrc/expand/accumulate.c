/* The accumulator columns: a row's weighted sum, then running sums over the rows. */
#include "expand/precompiles.h"
#include "field/goldilocks.h"

typedef unsigned __int128 u128;

static uint64_t cell(const uint64_t *main, size_t height, int32_t column, size_t row) {
    return column < 0 ? 1 : main[(size_t)column * height + row];
}

/* Honest cells are below 2^32, so products with weights below 2^96, and their sums need no reduction on the way. */
static gle weighted_sum(const uint64_t *weights, const uint64_t *values, size_t count) {
    u128 sum[3] = {0, 0, 0};
    for (size_t m = 0; m < count; m++) {
        uint64_t v = values[m];
        for (size_t i = 0; i < 3; i++) {
            uint64_t w = weights[3 * m + i];
            sum[i] += v >> 32 ? gl_mul(w, v) : (u128)w * v;
        }
    }
    gle result;
    for (size_t i = 0; i < 3; i++) result.c[i] = gl_reduce((uint64_t)(sum[i] >> 64), (uint64_t)sum[i]);
    return result;
}

/* Columns are a power of two apart, so the cells of one row share a cache set: take whole lines of each column. */
enum { ROWS_AT_ONCE = 8 };

static void read_rows(const zk_affine *form, const uint64_t *main, size_t height, size_t row, size_t rows,
                      uint64_t values[ROWS_AT_ONCE][ZK_MAX_MONOMIALS]) {
    for (size_t m = 0; m < form->monomials; m++) {
        int32_t first = form->monomial[2 * m], second = form->monomial[2 * m + 1];
        for (size_t r = 0; r < rows; r++) {
            uint64_t left = cell(main, height, first, row + r);
            values[r][m] = second < 0 ? left : gl_mul(left, cell(main, height, second, row + r));
        }
    }
}

static void add_row(const zk_affine *form, const uint64_t *main, size_t height, size_t row, const uint64_t *values,
                    uint64_t *out) {
    size_t of_form = 3 * form->monomials, of_flag = form->forms * of_form;
    for (size_t f = 0; f < 3 * form->forms; f++) out[f * height + row] = 0;
    for (size_t k = 0; k < form->flags; k++) {
        uint64_t flag = cell(main, height, form->flag[k], row);
        if (flag == 0) continue;
        const uint64_t *weights = form->weights + (row % form->period * form->flags + k) * of_flag;
        for (size_t f = 0; f < form->forms; f++) {
            gle sum = weighted_sum(weights + f * of_form, values, form->monomials);
            if (flag != 1) sum = gle_mul_base(sum, flag);
            for (size_t i = 0; i < 3; i++) {
                uint64_t *target = out + (3 * f + i) * height + row;
                *target = gl_add(*target, sum.c[i]);
            }
        }
    }
}

void zk_affine_rows(const zk_affine *form, const uint64_t *main, size_t height, size_t begin, size_t end,
                    uint64_t *out) {
    uint64_t values[ROWS_AT_ONCE][ZK_MAX_MONOMIALS];
    for (size_t row = begin; row < end; row += ROWS_AT_ONCE) {
        size_t rows = end - row < ROWS_AT_ONCE ? end - row : ROWS_AT_ONCE;
        read_rows(form, main, height, row, rows, values);
        for (size_t r = 0; r < rows; r++) add_row(form, main, height, row + r, values[r], out);
    }
}

void zk_keccak_scan(const uint64_t *step, size_t period, size_t height, uint64_t *sums) {
    gle sum = gle_make(0, 0, 0);
    for (size_t row = 0; row < height; row++) {
        gle added = gle_load(sums, height, row);
        gle_store(sums, height, row, sum);
        const uint64_t *s = step + 3 * (row % period);
        int unchanged = s[0] == 1 && s[1] == 0 && s[2] == 0;
        sum = gle_add(unchanged ? sum : gle_mul(sum, gle_make(s[0], s[1], s[2])), added);
    }
}

void zk_arith256_scan(size_t height, size_t begin, size_t end, uint64_t *sums) {
    for (size_t operation = begin; operation < end; operation++) arith256_scan_rows(sums, height, operation);
}
