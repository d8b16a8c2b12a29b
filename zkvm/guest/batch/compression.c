#include "batch/compression.h"

/* Full is for what no other form holds; of the others the first that is shortest wins. */
enum { FULL, ADD, SUB, TRANSFORM };

uint8_t *zk_put_change(uint8_t *at, const u256 *old, const u256 *value) {
    u256 forms[] = {[ADD] = {{0}}, [SUB] = {{0}}, [TRANSFORM] = *value};
    u256_sub_borrow(&forms[ADD], value, old);
    u256_sub_borrow(&forms[SUB], old, value);
    uint32_t form = FULL, size = 32;
    for (uint32_t i = ADD; i <= TRANSFORM; i++) {
        uint32_t length = u256_byte_length(&forms[i]);
        if (length >= size) continue;
        form = i;
        size = length;
    }
    uint8_t digits[32];
    u256_to_bytes(digits, form == FULL ? value : &forms[form]);
    *at++ = (uint8_t)(form == FULL ? FULL : size << 3 | form);
    memcpy(at, digits + sizeof digits - size, size);
    return at + size;
}
