/* Row by row on elements of F: inverses, divisions by x - p, FRI folds. Three coordinate columns of `rows` each.
 *
 * A thread takes INVERT_EACH rows a grid apart and inverts their norms together. */
#include "field/goldilocks.h"
#include "field/inverse.h"
#include "kernel.h"

#define INVERT_EACH 8 /* rows a thread; rowwise.py knows it */

static inline ZK_DEVICE ev load(const uint64_t *at, uint64_t rows, uint64_t row) {
    return ev_load3(at + row, at + rows + row, at + 2 * rows + row);
}

static inline ZK_DEVICE void store(uint64_t *at, uint64_t rows, uint64_t row, ev value) {
    ev_store3(at + row, at + rows + row, at + 2 * rows + row, value);
}

/* A norm to invert, 1 in place of 0, which is reported. */
static inline ZK_DEVICE uint64_t invertible(uint64_t norm, uint64_t row, uint64_t *zero) {
    if (norm != 0) return norm;
    zk_report_least(zero, row);
    return 1;
}

/* `zero` becomes the first row that has no inverse, if there is one. */
ZK_KERNEL invert(const uint64_t *values, uint64_t rows, uint64_t *out, uint64_t *zero) {
    uint64_t norms[INVERT_EACH], products[INVERT_EACH], product = 1;
#pragma unroll
    for (unsigned i = 0; i < INVERT_EACH; i++) {
        const uint64_t row = zk_thread() + (uint64_t)i * zk_threads();
        norms[i] = 1;
        if (row < rows) {
            ev_cofactors(load(values, rows, row), &norms[i]);
            norms[i] = invertible(norms[i], row, zero);
        }
        products[i] = product;
        product = gl_mul(product, norms[i]);
    }
    uint64_t inverse = fv_inv(product);
#pragma unroll
    for (int i = INVERT_EACH - 1; i >= 0; i--) {
        const uint64_t row = zk_thread() + (uint64_t)i * zk_threads();
        uint64_t norm;
        if (row < rows) {
            ev cofactors = ev_cofactors(load(values, rows, row), &norm);
            store(out, rows, row, ev_mul_base(cofactors, gl_mul(inverse, products[i])));
        }
        inverse = gl_mul(inverse, norms[i]);
    }
}

static inline ZK_DEVICE ev distance(uint64_t x, uint64_t c0, uint64_t c1, uint64_t c2) {
    return ev_make(gl_sub(x, c0), gl_neg(c1), gl_neg(c2));
}

/* out[row] (+)= values[row] / (shift w^row - point); `zero` becomes the first row where that is no number. */
ZK_KERNEL divide(const uint64_t *values, uint64_t log_rows, uint64_t c0, uint64_t c1, uint64_t c2, uint64_t shift,
                 uint64_t accumulate, uint64_t *out, uint64_t *zero) {
    const uint64_t rows = (uint64_t)1 << log_rows, w = gl_root((unsigned)log_rows);
    const uint64_t step = gl_pow(w, zk_threads());
    uint64_t norms[INVERT_EACH], products[INVERT_EACH], points[INVERT_EACH], product = 1;
    uint64_t x = gl_mul(shift, gl_pow(w, zk_thread()));
#pragma unroll
    for (unsigned i = 0; i < INVERT_EACH; i++) {
        const uint64_t row = zk_thread() + (uint64_t)i * zk_threads();
        points[i] = x;
        norms[i] = 1;
        if (row < rows) {
            ev_cofactors(distance(x, c0, c1, c2), &norms[i]);
            norms[i] = invertible(norms[i], row, zero);
        }
        products[i] = product;
        product = gl_mul(product, norms[i]);
        x = gl_mul(x, step);
    }
    uint64_t inverse = fv_inv(product);
#pragma unroll
    for (int i = INVERT_EACH - 1; i >= 0; i--) {
        const uint64_t row = zk_thread() + (uint64_t)i * zk_threads();
        uint64_t norm;
        if (row < rows) {
            ev cofactors = ev_cofactors(distance(points[i], c0, c1, c2), &norm);
            ev quotient = ev_mul(load(values, rows, row), ev_mul_base(cofactors, gl_mul(inverse, products[i])));
            if (accumulate) quotient = ev_add(quotient, load(out, rows, row));
            store(out, rows, row, quotient);
        }
        inverse = gl_mul(inverse, norms[i]);
    }
}

/* The arity's values f_u at y w^u give (1/a) sum_u w^(-ud) f_u = y^d f_d(y^a); then Horner in beta / y. */
ZK_KERNEL fold(const uint64_t *values, uint64_t log_rows, uint64_t log_arity, uint64_t shift, uint64_t b0, uint64_t b1,
               uint64_t b2, uint64_t *out) {
    const uint64_t stride = (uint64_t)1 << log_rows, rows = stride >> log_arity;
    const unsigned arity = 1u << log_arity;
    const uint64_t turn = gl_inv(gl_root((unsigned)log_arity)), scale = gl_inv(arity);
    const uint64_t back = gl_inv(gl_root((unsigned)log_rows));
    for (uint64_t row = zk_thread(); row < rows; row += zk_threads()) {
        const uint64_t inverse = gl_mul(gl_inv(shift), gl_pow(back, row));
        const ev ratio = ev_mul_base(ev_make(b0, b1, b2), inverse);
        ev total = ev_zero();
        for (unsigned d = arity; d-- > 0;) {
            const uint64_t step = gl_pow(turn, d);
            uint64_t factor = scale;
            ev part = ev_zero();
            for (unsigned u = 0; u < arity; u++, factor = gl_mul(factor, step)) {
                part = ev_add(part, ev_mul_base(load(values, stride, u * rows + row), factor));
            }
            total = ev_add(ev_mul(total, ratio), part);
        }
        store(out, rows, row, total);
    }
}
