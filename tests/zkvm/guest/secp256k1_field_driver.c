/* Every operation of secp256k1_field.h by its number, in the order of test_secp256k1_field.py. */
#include "crypto/secp256k1_field.h"

/* The result's limbs as they are, and the number that they stand for. */
bool fe_run(int operation, const fe *a, const fe *b, uint64_t size, fe *result, uint8_t number[32]) {
    u256 canonical;
    bool answer = true;
    switch (operation) {
    case 0: fe_mul(result, a, b); break;
    case 1: fe_square(result, a); break;
    case 2: fe_add(result, a, b); break;
    case 3: fe_sub(result, a, b, size); break;
    case 4: fe_negate(result, b, size); break;
    case 5: fe_half(result, a); break;
    case 6: fe_carry(result, a); break;
    case 7: *result = *a, answer = fe_is_zero(a); break;
    case 8: answer = fe_root(result, a); break;
    default: return false;
    }
    fe_to_u256(&canonical, result);
    u256_to_bytes(number, &canonical);
    return answer;
}
