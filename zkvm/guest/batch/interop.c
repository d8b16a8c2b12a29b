#include "batch/interop.h"

#include "base/keccak.h"

enum { WORD = 32 };

/* InteropFlow(uint256 indexed destinationChainId, bytes32 indexed assetId, uint256 amount) of the vault 0x10004, and
   InteropRootAdded(uint256 indexed chainId, uint256 indexed blockNumber, bytes32[] sides) of the storage 0x10008. */
static const hash_t EVENT[2] = {
    {{0xff, 0xff, 0x5b, 0x19, 0x3a, 0xb9, 0xd0, 0xfa, 0x80, 0xcc, 0x83, 0x63, 0x86, 0xe0, 0x0b, 0x02,
      0x27, 0xe5, 0xf5, 0x30, 0x1b, 0x64, 0xeb, 0xdd, 0x16, 0xea, 0x81, 0x7c, 0xaa, 0xfd, 0x95, 0xf0}},
    {{0x6b, 0x45, 0x1b, 0x84, 0x22, 0x63, 0x6e, 0x45, 0xb9, 0x3b, 0xf7, 0xf5, 0x94, 0xfa, 0x2c, 0x17,
      0x69, 0xd0, 0x39, 0x76, 0x6c, 0x42, 0x54, 0xa6, 0xe7, 0xf9, 0xc0, 0xee, 0x17, 0x15, 0xcd, 0xb0}},
};
static const address_t EMITTER[2] = {
    {{[17] = 0x01, [19] = 0x04}},
    {{[17] = 0x01, [19] = 0x08}},
};
enum { FLOW, ROOT_ADDED, NEITHER };

static uint32_t kind_of(const evm_log *log) {
    for (uint32_t kind = FLOW; kind < NEITHER; kind++) {
        if (!address_equal(&log->address, &EMITTER[kind]) || log->topic_count == 0) continue;
        hash_t topic;
        u256_to_bytes(topic.bytes, &log->topics[0]);
        if (hash_equal(&topic, &EVENT[kind])) return kind;
    }
    return NEITHER;
}

bool zk_is_interop_event(const evm_log *log) { return kind_of(log) != NEITHER; }

void zk_interop_start(zk_interop *interop, zk_context *context, uint32_t events) {
    memset(interop, 0, sizeof *interop);
    interop->context = context;
    interop->flows = zk_alloc_array(context, events, sizeof *interop->flows);
    interop->most = events;
}

/* The flow of a pair, made where there is none yet. */
static zk_flow *flow_of(zk_interop *interop, const uint8_t pair[64]) {
    zk_flow *flows = interop->flows;
    uint32_t low = 0, high = interop->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = memcmp(flows[middle].pair, pair, sizeof flows->pair);
        if (order == 0) return &flows[middle];
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (interop->count == interop->most) zk_fail(interop->context, ZK_OUT_OF_MEMORY);
    memmove(&flows[low + 1], &flows[low], (interop->count++ - low) * sizeof *flows);
    memcpy(flows[low].pair, pair, sizeof flows->pair);
    flows[low].amount = u256_of(0);
    return &flows[low];
}

static void add_flow(zk_interop *interop, const uint8_t pair[64], bytes_t data) {
    u256 amount;
    if (data.size != WORD) zk_fail(interop->context, ZK_MISSING_NODE);
    u256_from_bytes(&amount, data.data);
    zk_flow *flow = flow_of(interop, pair);
    if (u256_add_carry(&flow->amount, &flow->amount, &amount)) interop->is_too_much = true;
}

/* data: where the list begins (one word further on), how many sides there are, and these. */
static void add_root(zk_interop *interop, const uint8_t names[64], bytes_t data) {
    const u256 one_word = u256_of(WORD);
    u256 offset, count;
    if (data.size < 2 * WORD) zk_fail(interop->context, ZK_MISSING_NODE);
    u256_from_bytes(&offset, data.data);
    u256_from_bytes(&count, data.data + WORD);
    uint32_t sides = data.size - 2 * WORD;
    const u256 expected = u256_of(sides / WORD);
    if (!u256_equal(&offset, &one_word) || !u256_equal(&count, &expected) || sides % WORD)
        zk_fail(interop->context, ZK_MISSING_NODE);
    keccak_state state;
    keccak_start(&state);
    keccak_update(&state, &interop->roots, sizeof interop->roots);
    keccak_update(&state, names, 2 * WORD);
    keccak_update(&state, data.data + 2 * WORD, sides);
    keccak_finish(&state, &interop->roots);
}

void zk_interop_add(zk_interop *interop, const evm_log *event) {
    uint8_t names[2 * WORD];
    if (event->topic_count != 3) zk_fail(interop->context, ZK_MISSING_NODE);
    u256_to_bytes(names, &event->topics[1]);
    u256_to_bytes(names + WORD, &event->topics[2]);
    if (kind_of(event) == FLOW) {
        add_flow(interop, names, event->data);
    } else {
        add_root(interop, names, event->data);
    }
}

/* A number as a word of the ABI. */
static void hash_number(keccak_state *state, const u256 *number) {
    uint8_t word[WORD];
    u256_to_bytes(word, number);
    keccak_update(state, word, sizeof word);
}

void zk_interop_flows_hash(const zk_interop *interop, hash_t *hash) {
    if (interop->is_too_much) zk_fail(interop->context, ZK_LIMIT);
    uint32_t count = 0;
    for (uint32_t i = 0; i < interop->count; i++) count += !u256_is_zero(&interop->flows[i].amount);
    const u256 offset = u256_of(WORD), length = u256_of(count);
    keccak_state state;
    keccak_start(&state);
    hash_number(&state, &offset);
    hash_number(&state, &length);
    for (uint32_t i = 0; i < interop->count; i++) {
        const zk_flow *flow = &interop->flows[i];
        if (u256_is_zero(&flow->amount)) continue;
        keccak_update(&state, flow->pair, sizeof flow->pair);
        hash_number(&state, &flow->amount);
    }
    keccak_finish(&state, hash);
}
