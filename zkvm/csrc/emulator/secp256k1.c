/* The base field of secp256k1, P = 2^256 - 0x1000003D1. */
#include "emulator/uint256.h"

__extension__ typedef unsigned __int128 u128;

/* 2^256 mod P */
#define FOLD UINT64_C(0x1000003D1)

/* a + top * 2^256 (below 2P) to a value below P: adding FOLD carries out of 256 bits exactly if a >= P. */
static Field reduce_once(Field a, uint64_t top) {
    Field r;
    u128 carry = FOLD;
    for (int i = 0; i < 4; i++) {
        carry += a.limb[i];
        r.limb[i] = (uint64_t)carry;
        carry >>= 64;
    }
    return carry || top ? r : a;
}

Field field_load(const uint32_t words[8]) {
    Field a;
    for (int i = 0; i < 4; i++) a.limb[i] = (uint64_t)words[2 * i + 1] << 32 | words[2 * i];
    return reduce_once(a, 0);
}

void field_store(Field a, uint32_t words[8]) {
    for (int i = 0; i < 4; i++) {
        words[2 * i] = (uint32_t)a.limb[i];
        words[2 * i + 1] = (uint32_t)(a.limb[i] >> 32);
    }
}

bool field_is_zero(Field a) { return !(a.limb[0] | a.limb[1] | a.limb[2] | a.limb[3]); }

Field field_add(Field a, Field b) {
    Field r;
    u128 carry = 0;
    for (int i = 0; i < 4; i++) {
        carry += (u128)a.limb[i] + b.limb[i];
        r.limb[i] = (uint64_t)carry;
        carry >>= 64;
    }
    return reduce_once(r, (uint64_t)carry);
}

Field field_sub(Field a, Field b) {
    Field r;
    uint64_t borrow = 0;
    for (int i = 0; i < 4; i++) {
        u128 difference = (u128)a.limb[i] - b.limb[i] - borrow;
        r.limb[i] = (uint64_t)difference;
        borrow = (uint64_t)(difference >> 64) & 1;
    }
    /* Below 0 it wrapped to a - b + 2^256; a - b + P is FOLD less, and never wraps again. */
    uint64_t take = borrow ? FOLD : 0;
    for (int i = 0; i < 4; i++) {
        uint64_t before = r.limb[i];
        r.limb[i] = before - take;
        take = r.limb[i] > before;
    }
    return r;
}

/* low + high * 2^256 = low + high * FOLD, twice. */
static Field reduce_wide(const uint64_t wide[8]) {
    Field r;
    u128 carry = 0;
    for (int i = 0; i < 4; i++) {
        carry += (u128)wide[i + 4] * FOLD + wide[i];
        r.limb[i] = (uint64_t)carry;
        carry >>= 64;
    }
    carry *= FOLD;
    for (int i = 0; i < 4; i++) {
        carry += r.limb[i];
        r.limb[i] = (uint64_t)carry;
        carry >>= 64;
    }
    return reduce_once(r, (uint64_t)carry);
}

Field field_mul(Field a, Field b) {
    uint64_t wide[8] = {0};
    for (int i = 0; i < 4; i++) {
        u128 carry = 0;
        for (int j = 0; j < 4; j++) {
            carry += (u128)a.limb[i] * b.limb[j] + wide[i + j];
            wide[i + j] = (uint64_t)carry;
            carry >>= 64;
        }
        wide[i + 4] = (uint64_t)carry;
    }
    return reduce_wide(wide);
}

static Field square_times(Field a, int times) {
    while (times-- > 0) a = field_mul(a, a);
    return a;
}

/* a^(P - 2). P - 2 in binary: 223 ones, a zero, 22 ones, then 0000101101. */
Field field_inverse(Field a) {
    Field x2 = field_mul(square_times(a, 1), a);
    Field x3 = field_mul(square_times(x2, 1), a);
    Field x6 = field_mul(square_times(x3, 3), x3);
    Field x9 = field_mul(square_times(x6, 3), x3);
    Field x11 = field_mul(square_times(x9, 2), x2);
    Field x22 = field_mul(square_times(x11, 11), x11);
    Field x44 = field_mul(square_times(x22, 22), x22);
    Field x88 = field_mul(square_times(x44, 44), x44);
    Field x176 = field_mul(square_times(x88, 88), x88);
    Field x220 = field_mul(square_times(x176, 44), x44);
    Field x223 = field_mul(square_times(x220, 3), x3);
    Field r = field_mul(square_times(x223, 23), x22);
    r = field_mul(square_times(r, 5), a);
    r = field_mul(square_times(r, 3), x2);
    return field_mul(square_times(r, 2), a);
}
