#include "chain/l2_logs.h"

#include "base/u256.h"

enum { WORD = 32, HEAD = 2 * WORD }; /* where the message begins, and its size */

static const address_t L1_MESSENGER = {{[18] = 0x80, [19] = 0x08}};

/* keccak("L1MessageSent(address,bytes32,bytes)") */
static const uint8_t MESSAGE_SENT[32] = {0x3a, 0x36, 0xe4, 0x72, 0x91, 0xf4, 0x20, 0x1f, 0xaf, 0x13, 0x7f,
                                         0xab, 0x08, 0x1d, 0x92, 0x29, 0x5b, 0xce, 0x2d, 0x53, 0xbe, 0x2c,
                                         0x6c, 0xa6, 0x8b, 0xa8, 0x2c, 0x7f, 0xaa, 0x9c, 0xe2, 0x41};

/* As much of the message as there is; L1Messenger sends all of it. */
static bytes_t message_in(bytes_t data) {
    if (data.size <= HEAD) return (bytes_t){NULL, 0};
    u256 size;
    u256_from_bytes(&size, data.data + WORD);
    uint32_t left = data.size - HEAD;
    bool is_whole = u256_fits64(&size) && u256_low(&size) <= left;
    return (bytes_t){data.data + HEAD, is_whole ? (uint32_t)u256_low(&size) : left};
}

bool zk_message_of(const evm_log *log, uint32_t tx_index, zk_l2_log *message) {
    if (log->topic_count < 3 || !address_equal(&log->address, &L1_MESSENGER)) return false;
    uint8_t event[32];
    u256_to_bytes(event, &log->topics[0]);
    if (memcmp(event, MESSAGE_SENT, sizeof event) != 0) return false;
    *message = (zk_l2_log){.is_message = true, .tx_index = tx_index, .message = message_in(log->data)};
    u256_to_bytes(message->key.bytes, &log->topics[1]);
    u256_to_bytes(message->value.bytes, &log->topics[2]);
    return true;
}

zk_l2_log zk_operation_result(const hash_t *hash, bool success, uint32_t tx_index) {
    return (zk_l2_log){.tx_index = tx_index, .key = *hash, .value = {{[31] = success}}};
}
