/* Row by row on elements of F: inverses, divisions by x - p, FRI folds. Three coordinate columns, `stride` apart. */
#include "field/inverse.h"
#include "field/partial.h"
#include "ntt/dft.h"
#include "ntt/plan.h"
#include "poly/poly.h"

#define BATCH 64 /* vectors that share one inversion */

static ev load_ext(const uint64_t *at, size_t stride, size_t count) {
    return ev_make(fv_load_part(at, count), fv_load_part(at + stride, count), fv_load_part(at + 2 * stride, count));
}

static void store_ext(uint64_t *at, size_t stride, ev a, size_t count) {
    fv_store_part(at, a.c0, count);
    fv_store_part(at + stride, a.c1, count);
    fv_store_part(at + 2 * stride, a.c2, count);
}

/* Ones where a vector is past the end, so that they do not spoil the common product. */
static fv ones_beyond(size_t count) {
    uint64_t lanes[FV_LANES];
    for (size_t i = 0; i < FV_LANES; i++) lanes[i] = i >= count;
    return fv_load(lanes);
}

int ZK_NAME(invert)(const uint64_t *values, size_t stride, size_t begin, size_t end, uint64_t *out) {
    for (size_t first = begin; first < end; first += BATCH * FV_LANES) {
        ev cofactors[BATCH];
        fv norms[BATCH], products[BATCH];
        size_t used = 0, row = first;
        do {
            ev a = load_ext(values + row, stride, end - row);
            if (end - row < FV_LANES) a.c0 = fv_add(a.c0, ones_beyond(end - row));
            cofactors[used] = ev_cofactors(a, &norms[used]);
            row += FV_LANES;
        } while (++used < BATCH && row < end);
        if (!fv_invert_all(norms, products, used)) return 0;
        for (size_t i = 0; i < used; i++) {
            row = first + i * FV_LANES;
            store_ext(out + row, stride, ev_mul_base(cofactors[i], norms[i]), end - row);
        }
    }
    return 1;
}

int ZK_NAME(divide)(const uint64_t *values, unsigned log_rows, size_t begin, size_t end, gle point, uint64_t shift,
                    int accumulate, uint64_t *out) {
    const size_t stride = (size_t)1 << log_rows;
    const uint64_t w = gl_root(log_rows);
    const fv step = fv_set1(gl_pow(w, FV_LANES));
    fv x = fv_powers(gl_mul(shift, gl_pow(w, begin)), w);
    const fv minus1 = fv_set1(gl_neg(point.c[1])), minus2 = fv_set1(gl_neg(point.c[2]));
    for (size_t first = begin; first < end; first += BATCH * FV_LANES) {
        ev cofactors[BATCH];
        fv norms[BATCH], products[BATCH];
        size_t used = 0, row = first;
        do {
            /* Lanes past the end are points of the domain too: a zero there is a zero elsewhere. */
            ev denominator = ev_make(fv_sub(x, fv_set1(point.c[0])), minus1, minus2);
            cofactors[used] = ev_cofactors(denominator, &norms[used]);
            x = fv_mul(x, step);
            row += FV_LANES;
        } while (++used < BATCH && row < end);
        if (!fv_invert_all(norms, products, used)) return 0;
        for (size_t i = 0; i < used; i++) {
            row = first + i * FV_LANES;
            ev quotient = ev_mul(load_ext(values + row, stride, end - row), ev_mul_base(cofactors[i], norms[i]));
            if (accumulate) quotient = ev_add(quotient, load_ext(out + row, stride, end - row));
            store_ext(out + row, stride, quotient, end - row);
        }
    }
    return 1;
}

/* The inverse transform of the a values gives a g_d y^d for d in bit-reversed order; then Horner in beta / y. */
static inline __attribute__((always_inline)) void fold_rows(const uint64_t *values, unsigned log_rows,
                                                            unsigned log_arity, size_t begin, size_t end,
                                                            uint64_t shift, gle beta, uint64_t *out) {
    const unsigned arity = 1u << log_arity;
    const size_t stride = (size_t)1 << log_rows, rows = stride >> log_arity;
    const uint64_t back = gl_inv(gl_root(log_rows));
    const fv step = fv_set1(gl_pow(back, FV_LANES)), scale = fv_set1(gl_inv(arity));
    fv inverse = fv_powers(gl_mul(gl_inv(shift), gl_pow(back, begin)), back);
    for (size_t row = begin; row < end; row += FV_LANES) {
        const size_t count = end - row;
        fv parts[3][8];
        for (int k = 0; k < 3; k++) {
            const uint64_t *at = values + (size_t)k * stride + row;
            for (unsigned u = 0; u < arity; u++) parts[k][u] = fv_load_part(at + u * rows, count);
            dft_inverse(parts[k], arity);
        }
        ev ratio = ev_mul_base(ev_set1(beta.c), inverse), total = ev_zero();
        for (unsigned d = arity; d-- > 0;) {
            unsigned r = reverse_bits(d, log_arity);
            total = ev_add(ev_mul(total, ratio), ev_make(parts[0][r], parts[1][r], parts[2][r]));
        }
        store_ext(out + row, rows, ev_mul_base(total, scale), count);
        inverse = fv_mul(inverse, step);
    }
}

void ZK_NAME(fold)(const uint64_t *values, unsigned log_rows, unsigned log_arity, size_t begin, size_t end,
                   uint64_t shift, gle beta, uint64_t *out) {
    if (log_arity == 3) fold_rows(values, log_rows, 3, begin, end, shift, beta, out);
    if (log_arity == 2) fold_rows(values, log_rows, 2, begin, end, shift, beta, out);
    if (log_arity == 1) fold_rows(values, log_rows, 1, begin, end, shift, beta, out);
}
