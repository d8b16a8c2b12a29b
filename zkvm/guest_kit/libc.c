/* The functions that compilers call behind a freestanding program's back. */
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *left, const void *right, size_t size);

/* Words may alias whatever the caller copies. */
typedef uint32_t __attribute__((may_alias)) word;

static int both_aligned(const void *left, const void *right) { return (((uintptr_t)left | (uintptr_t)right) & 3) == 0; }

void *memcpy(void *restrict to, const void *restrict from, size_t size) {
    unsigned char *target = to;
    const unsigned char *source = from;
    if (both_aligned(to, from))
        for (; size >= 4; size -= 4, target += 4, source += 4) *(word *)target = *(const word *)source;
    while (size--) *target++ = *source++;
    return to;
}

void *memmove(void *to, const void *from, size_t size) {
    unsigned char *target = to;
    const unsigned char *source = from;
    if (target <= source) {
        for (; size; size--) *target++ = *source++;
        return to;
    }
    while (size--) target[size] = source[size];
    return to;
}

void *memset(void *to, int value, size_t size) {
    unsigned char *target = to;
    uint32_t fill = 0x01010101u * (unsigned char)value;
    for (; size && ((uintptr_t)target & 3); size--) *target++ = (unsigned char)value;
    for (; size >= 4; size -= 4, target += 4) *(word *)target = fill;
    while (size--) *target++ = (unsigned char)value;
    return to;
}

int memcmp(const void *left, const void *right, size_t size) {
    const unsigned char *a = left, *b = right;
    for (; size; size--, a++, b++)
        if (*a != *b) return *a - *b;
    return 0;
}
