#include "chain/receipts.h"

#include "base/keccak.h"
#include "chain/rlp.h"

/* --- Blooms: 2,048 bits, of which each item sets three (Yellow Paper 4.4.1) --- */

enum { BITS = 3, PLACES = 128 };

/* An address is shorter than a topic; one of no bytes is none. */
typedef struct {
    uint32_t size;
    uint8_t bytes[32];
    uint16_t bits[BITS];
} bloom_item;

struct zk_bloom_items {
    bloom_item at[PLACES];
};

zk_bloom_items *zk_bloom_items_open(zk_context *context) {
    zk_bloom_items *items = zk_alloc(context, sizeof *items);
    memset(items, 0, sizeof *items);
    return items;
}

/* Addresses and hashes differ anywhere, numbers at their end. */
static const bloom_item *hashed(zk_bloom_items *items, const uint8_t *bytes, uint32_t size) {
    bloom_item *item = &items->at[(bytes[size - 1] ^ bytes[size - 20]) % PLACES];
    if (item->size == size && !memcmp(item->bytes, bytes, size)) return item;
    hash_t hash;
    keccak256(&hash, bytes, size);
    item->size = size;
    memcpy(item->bytes, bytes, size);
    for (uint32_t i = 0; i < BITS; i++)
        item->bits[i] = (uint16_t)(((uint32_t)hash.bytes[2 * i] << 8 | hash.bytes[2 * i + 1]) & 2047);
    return item;
}

static void add_item(zk_bloom_items *items, bloom_t *bloom, const uint8_t *bytes, uint32_t size) {
    const bloom_item *item = hashed(items, bytes, size);
    for (uint32_t i = 0; i < BITS; i++)
        bloom->bytes[sizeof bloom->bytes - 1 - item->bits[i] / 8] |= (uint8_t)(1 << item->bits[i] % 8);
}

void zk_bloom_add(zk_bloom_items *items, bloom_t *bloom, const evm_log *log) {
    add_item(items, bloom, log->address.bytes, sizeof log->address);
    for (uint32_t i = 0; i < log->topic_count; i++) {
        uint8_t topic[32];
        u256_to_bytes(topic, &log->topics[i]);
        add_item(items, bloom, topic, sizeof topic);
    }
}

void zk_bloom_join(bloom_t *bloom, const bloom_t *other) {
    uint32_t word, more;
    for (size_t i = 0; i < sizeof bloom->bytes; i += sizeof word) {
        memcpy(&word, bloom->bytes + i, sizeof word);
        memcpy(&more, other->bytes + i, sizeof more);
        word |= more;
        memcpy(bloom->bytes + i, &word, sizeof word);
    }
}

/* --- Receipts --- */

enum { TOPIC = 1 + 32 };

static uint32_t log_payload(const evm_log *log) {
    uint32_t topics = log->topic_count * TOPIC;
    return 1 + (uint32_t)sizeof log->address + rlp_head_size(topics) + topics + rlp_string_size(log->data);
}

static uint8_t *put_log(uint8_t *at, const evm_log *log) {
    at = rlp_put_list_head(at, log_payload(log));
    at = rlp_put_string(at, (bytes_t){log->address.bytes, sizeof log->address});
    at = rlp_put_list_head(at, log->topic_count * TOPIC);
    for (uint32_t i = 0; i < log->topic_count; i++) {
        uint8_t topic[32];
        u256_to_bytes(topic, &log->topics[i]);
        at = rlp_put_string(at, (bytes_t){topic, sizeof topic});
    }
    return rlp_put_string(at, log->data);
}

bytes_t zk_encode_receipt(zk_context *context, const zk_receipt *receipt) {
    bytes_t bloom = {receipt->bloom.bytes, sizeof receipt->bloom.bytes};
    uint32_t logs = 0;
    for (uint32_t i = 0; i < receipt->log_count; i++) {
        uint32_t payload = log_payload(&receipt->logs[i]);
        logs += rlp_head_size(payload) + payload;
    }
    uint32_t payload = 1 + rlp_u64_size(receipt->cumulative_gas) + rlp_string_size(bloom) + rlp_head_size(logs) + logs;
    uint32_t size = (receipt->type != 0) + rlp_head_size(payload) + payload;
    uint8_t *bytes = zk_alloc(context, size), *at = bytes;
    if (receipt->type) *at++ = receipt->type;
    at = rlp_put_list_head(at, payload);
    at = rlp_put_u64(at, receipt->success);
    at = rlp_put_u64(at, receipt->cumulative_gas);
    at = rlp_put_string(at, bloom);
    at = rlp_put_list_head(at, logs);
    for (uint32_t i = 0; i < receipt->log_count; i++) at = put_log(at, &receipt->logs[i]);
    return (bytes_t){bytes, size};
}
