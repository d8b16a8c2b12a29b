/* Holds memcpy, memmove, memset and memcmp to loops over bytes, at every alignment and many sizes; puts out how many
   calls it looked at, or refuses with the number of the function that is wrong. */
#include "zkhub_guest.h"

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *left, const void *right, size_t size);

enum { COPY = 1, MOVE, SET, COMPARE, ROOM = 256, MOST = 100, BASE = 64 };

static unsigned char seen[ROOM], expected[ROOM];
static uint32_t calls;

static void fill(void) {
    for (volatile int i = 0; i < ROOM; i++) seen[i] = expected[i] = (unsigned char)(i * 37 + (i >> 3) + 11);
}

static void check(uint32_t function) {
    for (volatile int i = 0; i < ROOM; i++)
        if (seen[i] != expected[i]) zkhub_refuse(function);
    calls++;
}

/* Both ways of an overlap, and none: `to` and `from` are at most 8 bytes apart, or in the other half. */
static void copies(uint32_t from, uint32_t size) {
    for (uint32_t to = from > 8 ? from - 8 : 0; to <= from + 8; to++) {
        fill();
        unsigned char kept[MOST];
        for (volatile uint32_t i = 0; i < size; i++) kept[i] = expected[from + i];
        for (volatile uint32_t i = 0; i < size; i++) expected[to + i] = kept[i];
        if (memmove(seen + to, seen + from, size) != seen + to) zkhub_refuse(MOVE);
        check(MOVE);
    }
    for (uint32_t to = BASE + MOST; to < BASE + MOST + 4 && to + size <= ROOM; to++) {
        fill();
        for (volatile uint32_t i = 0; i < size; i++) expected[to + i] = expected[from + i];
        if (memcpy(seen + to, seen + from, size) != seen + to) zkhub_refuse(COPY);
        check(COPY);
    }
}

static void sets(uint32_t to, uint32_t size) {
    fill();
    for (volatile uint32_t i = 0; i < size; i++) expected[to + i] = (unsigned char)(0x100 + size);
    if (memset(seen + to, (int)(0x100 + size), size) != seen + to) zkhub_refuse(SET);
    check(SET);
}

static void compares(uint32_t at, uint32_t size) {
    for (uint32_t beside = at; beside < at + 4; beside++) {
        fill();
        for (volatile uint32_t i = 0; i < size; i++) expected[beside + i] = seen[at + i];
        if (memcmp(seen + at, expected + beside, size) != 0) zkhub_refuse(COMPARE);
        if (size == 0) continue;
        uint32_t place = (at * 7 + beside) % size;
        seen[at + place] ^= 0x80;
        int order = seen[at + place] < expected[beside + place] ? -1 : 1;
        int found = memcmp(seen + at, expected + beside, size);
        if ((order < 0) != (found < 0) || found == 0) zkhub_refuse(COMPARE);
        calls++;
    }
}

void guest_main(void) {
    for (uint32_t from = BASE; from < BASE + 4; from++) {
        for (uint32_t size = 0; size < 75; size++) {
            copies(from, size);
            sets(from, size);
            compares(from, size);
        }
    }
    uint32_t output[ZKHUB_OUTPUT_WORDS] = {calls};
    zkhub_halt(output);
}
