/* Weighted sums of columns, and evaluations. */
#include "field/partial.h"
#include "poly/limbs.h"
#include "poly/poly.h"

/* --- Weighted sums ---------------------------------------------------------------------------------------------- */

/* `scratch` has room for 9 elements a column: the limbs of its weight, coordinate by coordinate. */
void ZK_NAME(combine)(const uint64_t *columns, size_t stride, size_t width, const uint64_t *weights, size_t begin,
                      size_t end, uint64_t *out, uint64_t *scratch) {
    for (size_t i = 0; i < width * SUMS; i++) {
        for (int l = 0; l < LIMBS; l++) scratch[i * LIMBS + (size_t)l] = limb_of(weights[i], l);
    }
    for (size_t row = begin; row < end; row += FV_LANES) {
        const size_t count = end - row;
        ev total = ev_zero();
        for (size_t first = 0; first < width; first += SUM_TERMS) {
            const size_t last = width - first < SUM_TERMS ? width : first + SUM_TERMS;
            limb_sums sums;
            sums_clear(&sums);
            for (size_t c = first; c < last; c++) {
                const uint64_t *limbs = scratch + c * SUMS * LIMBS;
                fv low = fv_load_part(columns + c * stride + row, count), high = fv_high(low);
                for (int k = 0; k < SUMS; k++) {
                    for (int l = 0; l < LIMBS; l++) sums_add(&sums, k, l, low, high, fv_set1(limbs[k * LIMBS + l]));
                }
            }
            total = ev_add(total, ev_make(sums_take(&sums, 0), sums_take(&sums, 1), sums_take(&sums, 2)));
        }
        fv_store_part(out + row, total.c0, count);
        fv_store_part(out + stride + row, total.c1, count);
        fv_store_part(out + 2 * stride + row, total.c2, count);
    }
}

/* --- Evaluations ------------------------------------------------------------------------------------------------
 *
 * Index i = (high, low) in bit-reversed order has exponent bitrev(low) 2^bits(high) + bitrev(high): the value is the
 * sum over high of z^bitrev(high) times a sum over low that has the same powers for every high. */

#define LOG_LOW 10

static unsigned log_low(unsigned log_rows) { return log_rows < LOG_LOW ? log_rows : LOG_LOW; }

/* Three sums over `count` coefficients; the table has 9 vectors of limbs for each vector of coefficients. */
static ev dot3(const uint64_t *coefficients, size_t count, const uint64_t *table) {
    limb_sums sums;
    sums_clear(&sums);
    for (size_t i = 0; i < count; i += FV_LANES, table += SUMS * LIMBS * FV_LANES) {
        fv low = fv_load_part(coefficients + i, count - i), high = fv_high(low);
        for (int k = 0; k < SUMS; k++) {
            for (int l = 0; l < LIMBS; l++) {
                sums_add(&sums, k, l, low, high, fv_load(table + (k * LIMBS + l) * FV_LANES));
            }
        }
    }
    return ev_make(sums_take(&sums, 0), sums_take(&sums, 1), sums_take(&sums, 2));
}

/* Put the limbs of factor number `i` of sum k into the table. */
static void table_put(uint64_t *table, size_t i, int k, uint64_t factor) {
    uint64_t *at = table + (i / FV_LANES) * SUMS * LIMBS * FV_LANES + i % FV_LANES;
    for (int l = 0; l < LIMBS; l++) at[(k * LIMBS + l) * FV_LANES] = limb_of(factor, l);
}

/* powers[i] = z^bitrev(i) for i < 2^bits. */
static void ext_powers(gle *powers, unsigned bits, gle z) {
    powers[0] = gle_make(1, 0, 0);
    for (unsigned bit = bits; bit-- > 0; z = gle_square(z)) {
        for (size_t i = 0; i < (size_t)1 << bits; i += (size_t)2 << bit) {
            powers[i + ((size_t)1 << bit)] = gle_mul(powers[i], z);
        }
    }
}

size_t ZK_NAME(eval_scratch)(unsigned log_rows) {
    const unsigned low = log_low(log_rows);
    const size_t vectors = (((size_t)1 << low) + FV_LANES - 1) / FV_LANES;
    const size_t high = (size_t)1 << (log_rows - low), largest = high > (size_t)1 << low ? high : (size_t)1 << low;
    return SUMS * LIMBS * FV_LANES * vectors + 3 * largest;
}

void ZK_NAME(eval_at)(const uint64_t *coefficients, unsigned log_rows, size_t begin, size_t end, gle point,
                      uint64_t *out, uint64_t *scratch) {
    const unsigned low = log_low(log_rows), high = log_rows - low;
    const size_t count = (size_t)1 << low, blocks = (size_t)1 << high;
    gle *powers = (gle *)scratch;
    uint64_t *table = scratch + 3 * (blocks > count ? blocks : count);
    ext_powers(powers, low, gle_pow(point, (uint64_t)1 << high));
    memset(table, 0, SUMS * LIMBS * FV_LANES * sizeof(uint64_t));
    for (size_t i = 0; i < count; i++) {
        for (int k = 0; k < SUMS; k++) table_put(table, i, k, powers[i].c[k]);
    }
    ext_powers(powers, high, point);
    for (size_t c = begin; c < end; c++) {
        ev total = ev_zero();
        for (size_t b = 0; b < blocks; b++) {
            ev part = dot3(coefficients + (c << log_rows) + b * count, count, table);
            total = ev_add(total, ev_mul(part, ev_set1(powers[b].c)));
        }
        out[3 * c] = fv_total(total.c0);
        out[3 * c + 1] = fv_total(total.c1);
        out[3 * c + 2] = fv_total(total.c2);
    }
}

void ZK_NAME(eval_rows)(const uint64_t *coefficients, unsigned log_rows, size_t begin, size_t end,
                        const uint64_t *points, size_t count, uint64_t *out, uint64_t *scratch) {
    const unsigned low = log_low(log_rows), high = log_rows - low;
    const size_t inner = (size_t)1 << low, blocks = (size_t)1 << high;
    gle *powers = (gle *)scratch; /* of three points, not coordinates of one */
    uint64_t *table = scratch + 3 * (blocks > inner ? blocks : inner);
    memset(table, 0, SUMS * LIMBS * FV_LANES * sizeof(uint64_t));
    for (size_t first = 0; first < count; first += SUMS) {
        const size_t here = count - first < SUMS ? count - first : SUMS;
        for (size_t k = 0; k < SUMS; k++) {
            const uint64_t point = k < here ? points[first + k] : 0;
            const uint64_t stepped = gl_pow(point, (uint64_t)1 << high);
            /* Coordinate 0 of the first power table is borrowed to order the inner powers. */
            ext_powers(powers, low, gle_make(stepped, 0, 0));
            for (size_t i = 0; i < inner; i++) table_put(table, i, (int)k, powers[i].c[0]);
        }
        for (size_t k = 0; k < SUMS; k++) {
            uint64_t z = k < here ? points[first + k] : 0;
            powers[0].c[k] = 1;
            for (unsigned bit = high; bit-- > 0; z = gl_square(z)) {
                for (size_t i = 0; i < blocks; i += (size_t)2 << bit) {
                    powers[i + ((size_t)1 << bit)].c[k] = gl_mul(powers[i].c[k], z);
                }
            }
        }
        for (size_t c = begin; c < end; c++) {
            ev total = ev_zero();
            for (size_t b = 0; b < blocks; b++) {
                ev part = dot3(coefficients + (c << log_rows) + b * inner, inner, table);
                ev scale = ev_set1(powers[b].c);
                total = ev_add(total, ev_make(fv_mul(part.c0, scale.c0), fv_mul(part.c1, scale.c1),
                                              fv_mul(part.c2, scale.c2)));
            }
            const fv sums[SUMS] = {total.c0, total.c1, total.c2};
            for (size_t k = 0; k < here; k++) out[c * count + first + k] = fv_total(sums[k]);
        }
    }
}
