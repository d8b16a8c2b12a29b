/* Lists that grow. */
#include <stdlib.h>

#include "host/host.h"

bool host_buffer_add(host_buffer *buffer, const void *bytes, size_t size) {
    if (size > buffer->room - buffer->size) {
        size_t room = buffer->room ? 2 * buffer->room : 4096;
        while (room - buffer->size < size) room *= 2;
        uint8_t *grown = realloc(buffer->bytes, room);
        if (!grown) return false;
        buffer->bytes = grown;
        buffer->room = room;
    }
    if (size) memcpy(buffer->bytes + buffer->size, bytes, size);
    buffer->size += size;
    return true;
}

void host_buffer_free(host_buffer *buffer) {
    free(buffer->bytes);
    *buffer = (host_buffer){0};
}

/* Word by word, the last one overlapping: a key has eight bytes at least. */
static uint32_t place_of(const host_set *set, const uint8_t *key) {
    uint64_t mixed = 0, word;
    for (uint32_t i = 0; i < set->key_size; i += 8) {
        memcpy(&word, key + (i + 8 <= set->key_size ? i : set->key_size - 8), sizeof word);
        mixed = (mixed ^ word) * 0x9e3779b97f4a7c15u;
        mixed ^= mixed >> 29;
    }
    return (uint32_t)(mixed ^ (mixed >> 32)) & (set->room - 1);
}

/* The place of the key, or the free one where it belongs. */
static uint32_t find(const host_set *set, const uint8_t *key) {
    uint32_t at = place_of(set, key);
    while (set->places[at] && memcmp(set->keys + (size_t)(set->places[at] - 1) * set->key_size, key, set->key_size))
        at = (at + 1) & (set->room - 1);
    return at;
}

static bool grow(host_set *set) {
    uint32_t room = set->room ? 2 * set->room : 64;
    uint8_t *keys = realloc(set->keys, (size_t)room / 2 * set->key_size);
    if (!keys) return false;
    set->keys = keys;
    uint32_t *places = calloc(room, sizeof *places);
    if (!places) return false;
    free(set->places);
    set->places = places;
    set->room = room;
    for (uint32_t i = 0; i < set->count; i++) set->places[find(set, keys + (size_t)i * set->key_size)] = i + 1;
    return true;
}

bool host_set_add(host_set *set, const void *key) {
    if (set->count == set->room / 2 && !grow(set)) return false;
    uint32_t at = find(set, key);
    if (set->places[at]) return true;
    memcpy(set->keys + (size_t)set->count * set->key_size, key, set->key_size);
    set->places[at] = ++set->count;
    return true;
}

void host_set_free(host_set *set) {
    free(set->keys);
    free(set->places);
    *set = (host_set){.key_size = set->key_size};
}
