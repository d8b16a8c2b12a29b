#include "chain/receipts.h"

#include "base/keccak.h"
#include "chain/rlp.h"

/* --- Blooms: 2,048 bits, of which each item sets three (Yellow Paper 4.4.1) --- */

static void add_item(bloom_t *bloom, const void *item, size_t size) {
    hash_t hash;
    keccak256(&hash, item, size);
    for (uint32_t i = 0; i < 6; i += 2) {
        uint32_t bit = ((uint32_t)hash.bytes[i] << 8 | hash.bytes[i + 1]) & 2047;
        bloom->bytes[sizeof bloom->bytes - 1 - bit / 8] |= (uint8_t)(1 << bit % 8);
    }
}

void zk_bloom_add(bloom_t *bloom, const evm_log *log) {
    add_item(bloom, &log->address, sizeof log->address);
    for (uint32_t i = 0; i < log->topic_count; i++) {
        uint8_t topic[32];
        u256_to_bytes(topic, &log->topics[i]);
        add_item(bloom, topic, sizeof topic);
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
