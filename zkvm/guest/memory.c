/* memcpy and its like for the zkVM, in place of the kit's: words also where the two sides are not aligned alike. An
   aligned word is read whenever one of its bytes is asked for; the machine's memory is made of such words. */
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *left, const void *right, size_t size);

/* Words may alias whatever the caller copies. */
typedef uint32_t __attribute__((may_alias)) word;

enum { WORD = 4, BLOCK = 8 * WORD, SHORT = 12 };

static inline uint32_t offset_of(const void *pointer) { return (uint32_t)(uintptr_t)pointer & (WORD - 1); }

/* `to` and `from` are aligned; returns the bytes left, below a word. */
static inline size_t copy_words(uint8_t **to, const uint8_t **from, size_t size) {
    word *target = (word *)*to;
    const word *source = (const word *)*from;
    for (; size >= BLOCK; size -= BLOCK, target += 8, source += 8) {
        uint32_t a = source[0], b = source[1], c = source[2], d = source[3];
        target[0] = a, target[1] = b, target[2] = c, target[3] = d;
        a = source[4], b = source[5], c = source[6], d = source[7];
        target[4] = a, target[5] = b, target[6] = c, target[7] = d;
    }
    for (; size >= WORD; size -= WORD) *target++ = *source++;
    *to = (uint8_t *)target;
    *from = (const uint8_t *)source;
    return size;
}

/* The same where `from` is `offset` bytes, not 0, beyond an aligned place. */
static inline size_t copy_shifted(uint8_t **to, const uint8_t **from, size_t size, uint32_t offset) {
    word *target = (word *)*to;
    const word *source = (const word *)(*from - offset);
    const uint32_t down = 8 * offset, up = 32 - down;
    uint32_t low = *source++;
    *from += size & ~(size_t)(WORD - 1);
    for (; size >= 4 * WORD; size -= 4 * WORD, target += 4, source += 4) {
        uint32_t a = source[0], b = source[1], c = source[2], d = source[3];
        target[0] = low >> down | a << up;
        target[1] = a >> down | b << up;
        target[2] = b >> down | c << up;
        target[3] = c >> down | d << up;
        low = d;
    }
    for (; size >= WORD; size -= WORD) {
        uint32_t next = *source++;
        *target++ = low >> down | next << up;
        low = next;
    }
    *to = (uint8_t *)target;
    return size;
}

static inline void copy_forwards(uint8_t *to, const uint8_t *from, size_t size) {
    if (size >= SHORT) {
        for (; offset_of(to); size--) *to++ = *from++;
        uint32_t offset = offset_of(from);
        size = offset ? copy_shifted(&to, &from, size, offset) : copy_words(&to, &from, size);
    }
    while (size--) *to++ = *from++;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size) {
    copy_forwards(to, from, size);
    return to;
}

void *memmove(void *to, const void *from, size_t size) {
    if ((uintptr_t)to - (uintptr_t)from >= size) {
        copy_forwards(to, from, size);
        return to;
    }
    uint8_t *target = (uint8_t *)to + size;
    const uint8_t *source = (const uint8_t *)from + size;
    if (offset_of(target) == offset_of(source)) {
        for (; size && offset_of(target); size--) *--target = *--source;
        for (; size >= WORD; size -= WORD) {
            target -= WORD, source -= WORD;
            *(word *)target = *(const word *)source;
        }
    }
    while (size--) *--target = *--source;
    return to;
}

void *memset(void *to, int value, size_t size) {
    uint8_t *target = to;
    const uint32_t fill = 0x01010101u * (uint8_t)value;
    for (; size && offset_of(target); size--) *target++ = (uint8_t)value;
    word *words = (word *)target;
    for (; size >= BLOCK; size -= BLOCK, words += 8) {
        words[0] = fill, words[1] = fill, words[2] = fill, words[3] = fill;
        words[4] = fill, words[5] = fill, words[6] = fill, words[7] = fill;
    }
    for (; size >= WORD; size -= WORD) *words++ = fill;
    target = (uint8_t *)words;
    while (size--) *target++ = (uint8_t)value;
    return to;
}

int memcmp(const void *left, const void *right, size_t size) {
    const uint8_t *a = left, *b = right;
    if (offset_of(a) == 0 && offset_of(b) == 0) {
        for (; size >= WORD && *(const word *)a == *(const word *)b; size -= WORD) a += WORD, b += WORD;
    }
    for (; size; size--, a++, b++)
        if (*a != *b) return *a - *b;
    return 0;
}
