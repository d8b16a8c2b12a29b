/* One of Ethereum's state tests as a guest: its input is the pre-state's nodes, the block and the transaction; its
   output the block's hash, or of a blob transaction that of the state root and the logs. */
#include "base/keccak.h"
#include "blob_transaction.h"
#include "chain/block.h"
#include "zkhub_guest.h"

enum { STATE_BYTES = 192 << 20, FRAME_BYTES = 512 << 20, RETURNED_BYTES = 16 << 20, MOST_NODES = 4096, MOST_HASHES = 256 };

static _Alignas(8) uint8_t state_memory[STATE_BYTES], frame_memory[FRAME_BYTES], returned_memory[RETURNED_BYTES];

typedef struct {
    hash_t hash;
    bytes_t bytes;
} node;

typedef struct {
    zk_context context; /* first */
    const uint8_t *at;
    node nodes[MOST_NODES];
    uint32_t node_count, hash_count;
    hash_t hashes[MOST_HASHES];
    evm vm;
    evm_block env;
    zk_block_context block;
} machine;

_Noreturn void zk_fail(zk_context *context, zk_reason reason) {
    (void)context;
    zkhub_refuse((uint32_t)reason);
}

/* --- Input --- */

static void read(machine *m, void *to, size_t size) {
    memcpy(to, m->at, size);
    m->at += size;
}

static uint32_t read_u32(machine *m) {
    uint32_t number;
    read(m, &number, sizeof number);
    return number;
}

static uint64_t read_u64(machine *m) {
    uint64_t number;
    read(m, &number, sizeof number);
    return number;
}

static u256 read_u256(machine *m) {
    u256 number;
    u256_from_bytes(&number, m->at);
    m->at += 32;
    return number;
}

static bytes_t read_sized(machine *m) {
    bytes_t bytes = {m->at + 4, read_u32(m)};
    m->at += (bytes.size + 3) & ~3u;
    return bytes;
}

static void read_nodes(machine *m) {
    m->node_count = read_u32(m);
    zkhub_require(m->node_count <= MOST_NODES);
    for (uint32_t i = 0; i < m->node_count; i++) {
        m->nodes[i].bytes = read_sized(m);
        keccak256(&m->nodes[i].hash, m->nodes[i].bytes.data, m->nodes[i].bytes.size);
    }
}

static const uint8_t *get_node(void *self, const hash_t *hash, uint32_t *size) {
    const machine *m = self;
    for (uint32_t i = 0; i < m->node_count; i++) {
        if (!hash_equal(&m->nodes[i].hash, hash)) continue;
        *size = m->nodes[i].bytes.size;
        return m->nodes[i].bytes.data;
    }
    return NULL;
}

static const hash_t *hash_of_block(void *self, uint64_t number) {
    const machine *m = self;
    uint64_t back = m->block.parent.number - number;
    return back < m->hash_count ? &m->hashes[back] : NULL;
}

static void read_block(machine *m) {
    zk_block_context *block = &m->block;
    block->timestamp = read_u64(m);
    block->gas_limit = read_u64(m);
    read(m, &block->fee_recipient, sizeof block->fee_recipient);
    block->base_fee = read_u256(m);
    read(m, &block->mix_hash, sizeof block->mix_hash);
    m->env.blob_base_fee = read_u256(m);
    m->hash_count = read_u32(m);
    zkhub_require(m->hash_count <= MOST_HASHES);
    read(m, m->hashes, m->hash_count * sizeof *m->hashes);
    bytes_t parent = read_sized(m);
    zkhub_require(zk_header_decode(parent, &block->parent));
    keccak256(&block->parent_hash, parent.data, parent.size);
    block->max_pubdata_bytes = UINT64_MAX;
    block->block_hash = hash_of_block;
    block->self = m;
}

/* --- Transactions --- */

static void run_raw(machine *m, zk_block *block, hash_t *output) {
    const u256 chain_id = u256_of(1);
    address_t sender;
    zk_transaction tx;
    zk_header header;
    read(m, &sender, sizeof sender);
    zkhub_require(zk_decode_transaction(&m->context, &chain_id, read_sized(m), &sender, &tx));
    zk_block_apply(block, &tx);
    zk_block_seal(block, &header, output, NULL);
}

static evm_transaction read_blob_transaction(machine *m) {
    evm_transaction tx = {.kind = EVM_USER};
    read(m, &tx.sender, sizeof tx.sender);
    read(m, &tx.to, sizeof tx.to);
    tx.nonce = read_u64(m);
    tx.gas_limit = read_u64(m);
    tx.max_fee = read_u256(m);
    tx.max_priority_fee = read_u256(m);
    tx.value = read_u256(m);
    tx.data = read_sized(m);
    tx.access_count = read_u32(m);
    evm_access *accesses = zk_alloc(&m->context, tx.access_count * sizeof *accesses);
    for (uint32_t i = 0; i < tx.access_count; i++) {
        read(m, &accesses[i].address, sizeof accesses[i].address);
        accesses[i].key_count = read_u32(m);
        accesses[i].keys = (const hash_t *)(const void *)m->at;
        m->at += accesses[i].key_count * sizeof(hash_t);
    }
    tx.accesses = accesses;
    tx.blob_count = read_u32(m);
    tx.blob_hashes = (const hash_t *)(const void *)m->at;
    m->at += tx.blob_count * sizeof(hash_t);
    return tx;
}

static void hash_logs(keccak_state *hash, const zk_state *state) {
    uint32_t count;
    const evm_log *logs = zk_state_logs(state, &count);
    for (uint32_t i = 0; i < count; i++) {
        keccak_update(hash, &logs[i].address, sizeof logs[i].address);
        for (uint32_t k = 0; k < logs[i].topic_count; k++) {
            uint8_t topic[32];
            u256_to_bytes(topic, &logs[i].topics[k]);
            keccak_update(hash, topic, sizeof topic);
        }
        keccak_update(hash, logs[i].data.data, logs[i].data.size);
    }
}

static void run_blob(machine *m, zk_state *state, hash_t *output) {
    const evm_transaction tx = read_blob_transaction(m);
    const u256 bound = read_u256(m), fee = read_u256(m);
    keccak_state hash;
    hash_t root;
    run_blob_transaction(&m->vm, state, &tx, &bound, &fee);
    keccak_start(&hash);
    hash_logs(&hash, state);
    zk_state_root(state, &root, NULL);
    keccak_update(&hash, &root, sizeof root);
    keccak_finish(&hash, output);
}

void guest_main(void) {
    static machine m;
    static hash_t output;
    const zk_rules rules = {1, false, false, UINT32_MAX};
    hash_t root;
    m.at = zkhub_input();
    m.context.arena = (zk_arena){state_memory, state_memory + STATE_BYTES};
    m.vm.context = &m.context;
    m.vm.frames = (zk_arena){frame_memory, frame_memory + FRAME_BYTES};
    m.vm.returned = (zk_arena){returned_memory, returned_memory + RETURNED_BYTES};
    read_nodes(&m);
    read(&m, &root, sizeof root);
    zk_state *state = zk_state_open(&m.context, (struct zk_nodes){get_node, &m}, &root);
    read_block(&m);
    const u256 blob_base_fee = m.env.blob_base_fee;
    zk_block *block = zk_block_begin(&m.context, &m.vm, &rules, &m.block, state);
    m.env = *m.vm.block;
    m.env.blob_base_fee = blob_base_fee;
    m.vm.block = &m.env;
    if (read_u32(&m)) run_blob(&m, state, &output);
    else run_raw(&m, block, &output);
    zkhub_halt((const uint32_t *)(const void *)output.bytes);
}
