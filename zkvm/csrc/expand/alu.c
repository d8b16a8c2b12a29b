/* BINARY, SHIFT and MULDIV: see zkvm/machine/expand/alu.py, which says the same in NumPy. */
#include "expand.h"

#define WORD 0xFFFFFFFFULL

int expand_requests(const run *r, const uint32_t *steps, request *out, size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++) {
        if (steps[i] >= r->count || r->records[steps[i]].row >= r->rom_rows) return -1;
        const step_record *step = &r->records[steps[i]];
        const rom_row *fetched = &r->rom[step->row];
        out[i].op = (uint32_t)fetched->op;
        out[i].ts = 4 * steps[i] + 1;
        out[i].x = step->a + (uint32_t)fetched->immx;
        out[i].y = step->b + (uint32_t)fetched->immy;
        out[i].c = step->c;
    }
    return 0;
}

void expand_binary(const request *log, uint64_t *columns, size_t height, lookups *counts, size_t begin, size_t end) {
    enum { TS, U, V = U + 4, N = V + 4, C = N + 4, LO, SX, SY, F_AND, F_OR, F_XOR, F_LTU, F_LT, WIDTH };
    uint64_t tile[WIDTH][TILE];
    for (size_t first = begin; first < end; first += TILE) {
        size_t n = end - first < TILE ? end - first : TILE;
        for (size_t i = 0; i < n; i++) {
            const request *ask = &log[first + i];
            uint32_t is_signed = ask->op == OP_SLT, compares = is_signed || ask->op == OP_SLTU;
            uint32_t left = ask->x ^ is_signed << 31, right = ask->y ^ is_signed << 31, difference = left - right;
            for (unsigned j = 0; j < 4; j++) {
                uint32_t u = left >> 8 * j & 0xFF, v = right >> 8 * j & 0xFF;
                tile[U + j][i] = u, tile[V + j][i] = v, tile[N + j][i] = u & v;
                counts->conjunction[256 * u + v]++;
            }
            if (compares) counts->r16[difference & 0xFFFF]++, counts->r16[difference >> 16]++;
            tile[TS][i] = ask->ts, tile[C][i] = ask->c, tile[LO][i] = compares ? difference & 0xFFFF : 0;
            tile[SX][i] = is_signed & ask->x >> 31, tile[SY][i] = is_signed & ask->y >> 31;
            tile[F_AND][i] = ask->op == OP_AND, tile[F_OR][i] = ask->op == OP_OR, tile[F_XOR][i] = ask->op == OP_XOR;
            tile[F_LTU][i] = ask->op == OP_SLTU, tile[F_LT][i] = is_signed;
        }
        store_tile(columns, height, first, tile[0], WIDTH, n);
    }
}

void expand_shift(const request *log, uint64_t *columns, size_t height, lookups *counts, size_t begin, size_t end) {
    enum { TS, X, YLO, YHI, PW, L0, L1, H0, H1, C, INV, SX, F_SLL, F_SRL, F_SRA, WIDTH };
    uint64_t tile[WIDTH][TILE];
    for (size_t first = begin; first < end; first += TILE) {
        size_t n = end - first < TILE ? end - first : TILE;
        for (size_t i = 0; i < n; i++) {
            const request *ask = &log[first + i];
            uint32_t amount = ask->y & 31, arithmetic = ask->op == OP_SRA;
            uint64_t shifted = (uint64_t)ask->x << (ask->op == OP_SLL ? amount : 32 - amount);
            uint64_t limbs[4] = {shifted & 0xFFFF, shifted >> 16 & 0xFFFF, shifted >> 32 & 0xFFFF, shifted >> 48};
            for (unsigned j = 0; j < 4; j++) tile[L0 + j][i] = limbs[j], counts->r16[limbs[j]]++;
            counts->power[ask->y & 0xFFFF]++, counts->r16[ask->y >> 16]++;
            tile[TS][i] = ask->ts, tile[X][i] = ask->x, tile[C][i] = ask->c;
            tile[YLO][i] = ask->y & 0xFFFF, tile[YHI][i] = ask->y >> 16, tile[PW][i] = (uint64_t)1 << amount;
            tile[INV][i] = (shifted & WORD) == 0 ? 0 : WORD - (shifted >> 32);
            tile[SX][i] = arithmetic & ask->x >> 31;
            tile[F_SLL][i] = ask->op == OP_SLL, tile[F_SRL][i] = ask->op == OP_SRL, tile[F_SRA][i] = arithmetic;
        }
        invert(tile[INV], n);
        store_tile(columns, height, first, tile[0], WIDTH, n);
    }
}

/* |x| = g1 * |y| + g2; divided by zero, g1 is what makes the answer 2^32 - 1 with the sign that x and y have. */
static void divide(uint64_t ax, uint64_t ay, int quotient, int negative, uint64_t *g1, uint64_t *g2) {
    if (ay != 0) {
        *g1 = ax / ay, *g2 = ax % ay;
        return;
    }
    *g1 = !quotient ? 0 : negative ? 1 : WORD;
    *g2 = ax;
}

void expand_muldiv(const request *log, uint64_t *columns, size_t height, lookups *counts, size_t begin, size_t end) {
    enum {
        TS, X, Y, C, C0, A0, A1, B0, B1, AX, AY, INV, DZ, SX, SY, NEG, K, F_LO, F_HI, F_Q, F_R, S_X, S_Y, WIDTH
    };
    uint64_t tile[WIDTH][TILE];
    for (size_t first = begin; first < end; first += TILE) {
        size_t n = end - first < TILE ? end - first : TILE;
        for (size_t i = 0; i < n; i++) {
            const request *ask = &log[first + i];
            uint32_t op = ask->op;
            uint64_t x = ask->x, y = ask->y, c = ask->c, g1, g2, subtracted = 0;
            int high = op == OP_MULHU || op == OP_MULHSU || op == OP_MULH;
            int quotient = op == OP_DIVU || op == OP_DIV, remainder = op == OP_REMU || op == OP_REM;
            int divides = quotient || remainder;
            int signed_y = op == OP_MULH || op == OP_DIV || op == OP_REM, signed_x = signed_y || op == OP_MULHSU;
            uint64_t sx = signed_x ? x >> 31 : 0, sy = signed_y ? y >> 31 : 0;
            uint64_t ax = sx ? WORD + 1 - x : x, ay = sy ? WORD + 1 - y : y;
            uint64_t negative = quotient ? sx ^ sy : remainder ? sx : 0;
            if (divides) {
                divide(ax, ay, quotient, negative != 0, &g1, &g2);
            } else {
                g1 = x * y & WORD, g2 = x * y >> 32;
            }
            uint64_t magnitude = quotient ? g1 : g2;
            if (divides) subtracted = 2 * negative * magnitude;
            if (high) subtracted = sx * y + sy * x;

            uint64_t limbs[5] = {c & 0xFFFF, g1 & 0xFFFF, g1 >> 16, g2 & 0xFFFF, g2 >> 16};
            for (unsigned j = 0; j < 5; j++) tile[C0 + j][i] = limbs[j], counts->r16[limbs[j]]++;
            counts->r16[c >> 16]++;
            tile[TS][i] = ask->ts, tile[X][i] = x, tile[Y][i] = y, tile[C][i] = c;
            tile[AX][i] = ax, tile[AY][i] = ay, tile[INV][i] = divides ? y : WORD - g2;
            tile[DZ][i] = divides && y == 0, tile[SX][i] = sx, tile[SY][i] = sy, tile[NEG][i] = negative;
            tile[K][i] = high || divides ? (c + subtracted - magnitude) >> 32 : 0;
            tile[F_LO][i] = op == OP_MUL, tile[F_HI][i] = (uint64_t)high;
            tile[F_Q][i] = (uint64_t)quotient, tile[F_R][i] = (uint64_t)remainder;
            tile[S_X][i] = (uint64_t)signed_x, tile[S_Y][i] = (uint64_t)signed_y;
        }
        invert(tile[INV], n);
        store_tile(columns, height, first, tile[0], WIDTH, n);
    }
}
