#include "batch/witness.h"

#include "base/keccak.h"

bool zk_witness_index(zk_context *context, const bytes_t *bytes, uint32_t count, zk_witness_list *list) {
    zk_witness_item *items = zk_alloc_array(context, count, sizeof *items);
    for (uint32_t i = 0; i < count; i++) {
        items[i].bytes = bytes[i];
        keccak256(&items[i].hash, bytes[i].data, bytes[i].size);
        if (i > 0 && memcmp(&items[i - 1].hash, &items[i].hash, sizeof(hash_t)) >= 0) return false;
    }
    *list = (zk_witness_list){items, count};
    return true;
}

static const zk_witness_item *find(const zk_witness_list *list, const hash_t *hash) {
    uint32_t low = 0, high = list->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = memcmp(&list->items[middle].hash, hash, sizeof *hash);
        if (order == 0) return &list->items[middle];
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

static const uint8_t *get(void *self, const hash_t *hash, uint32_t *size) {
    const zk_witness *witness = self;
    const zk_witness_item *item = find(&witness->nodes, hash);
    if (!item) item = find(&witness->codes, hash);
    if (!item) return NULL;
    *size = item->bytes.size;
    return item->bytes.data;
}

struct zk_nodes zk_witness_source(zk_witness *witness) { return (struct zk_nodes){get, witness}; }
