/* RLP, tries and what blocks are made of behind one call that runs a script; as a program it reads scripts from stdin.

   A script: a root, the count of nodes and each node, then steps. Bytes stand behind their size (4 bytes, the lowest
   first). Every node and every key is copied to memory of its own, so that the address sanitizer sees each step
   beside it. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/keccak.h"
#include "chain/header.h"
#include "chain/ordered_root.h"
#include "chain/receipts.h"
#include "chain/rlp.h"
#include "chain/transactions.h"
#include "state/trie.h"

enum {
    GET,
    PUT,
    DELETE,
    ROOT,
    ORDERED_ROOT,
    READ_ITEM,
    WRITE_STRING,
    WRITE_LIST,
    READ_NUMBER,
    WRITE_NUMBER,
    TRANSACTION,
    RECEIPT,
    HEADER,
    FRESH_HEADER,
};

typedef struct {
    hash_t hash;
    bytes_t bytes;
} node_entry;

/* Kept until the script ends. */
typedef struct copy {
    struct copy *next;
    uint8_t *bytes;
} copy;

typedef struct {
    zk_context context;
    jmp_buf out;
    const uint8_t *at, *end;
    uint8_t *to, *to_end;
    node_entry *nodes;
    uint32_t node_count;
    trie_t trie;
    copy *copies;
} run_state;

_Noreturn void zk_fail(zk_context *context, zk_reason reason) {
    longjmp(((run_state *)(void *)context)->out, (int)reason);
}

static void need(bool is_there) {
    if (!is_there) abort();
}

static void write_bytes(run_state *run, const void *data, size_t size) {
    need((size_t)(run->to_end - run->to) >= size);
    if (size) memcpy(run->to, data, size);
    run->to += size;
}

static void write_sized(run_state *run, bytes_t bytes) {
    write_bytes(run, &bytes.size, sizeof bytes.size);
    write_bytes(run, bytes.data, bytes.size);
}

static void read_bytes(run_state *run, void *to, size_t size) {
    need((size_t)(run->end - run->at) >= size);
    memcpy(to, run->at, size);
    run->at += size;
}

static uint32_t read_size(run_state *run) {
    uint32_t size;
    read_bytes(run, &size, sizeof size);
    return size;
}

static bytes_t read_sized(run_state *run) {
    uint32_t size = read_size(run);
    copy *made = malloc(sizeof *made);
    need(made != NULL);
    *made = (copy){run->copies, malloc(size ? size : 1)};
    need(made->bytes != NULL);
    run->copies = made;
    if (size) read_bytes(run, made->bytes, size);
    return (bytes_t){made->bytes, size};
}

static void forget_copies(run_state *run) {
    while (run->copies) {
        copy *next = run->copies->next;
        free(run->copies->bytes);
        free(run->copies);
        run->copies = next;
    }
}

static const uint8_t *find_node(void *self, const hash_t *hash, uint32_t *size) {
    run_state *run = self;
    for (uint32_t i = 0; i < run->node_count; i++) {
        if (!hash_equal(&run->nodes[i].hash, hash)) continue;
        *size = run->nodes[i].bytes.size;
        return run->nodes[i].bytes.data;
    }
    return NULL;
}

static void take_node(void *self, const hash_t *hash, bytes_t node) {
    run_state *run = self;
    write_bytes(run, hash, sizeof *hash);
    write_sized(run, node);
}

static void ordered_root(run_state *run) {
    uint32_t count = read_size(run);
    bytes_t *items = zk_alloc(&run->context, count * sizeof *items);
    for (uint32_t i = 0; i < count; i++) items[i] = read_sized(run);
    const uint8_t *before = run->context.arena.at;
    hash_t root;
    zk_ordered_root(&run->context, items, count, &root);
    need(run->context.arena.at == before);
    write_bytes(run, &root, sizeof root);
}

/* Writes whether it could be read, what kind it is, the payload and the rest. */
static void read_item(run_state *run) {
    bytes_t rest = read_sized(run), before = rest;
    rlp_item item = {0};
    uint8_t flags[2] = {rlp_next(&rest, &item), item.is_list};
    need(flags[0] || (rest.data == before.data && rest.size == before.size));
    write_bytes(run, flags, sizeof flags);
    write_sized(run, item.payload);
    write_sized(run, rest);
}

/* Of each width: whether it could be read and, big-endian, the number. */
static void read_number(run_state *run) {
    bytes_t input = read_sized(run), rest = input;
    uint64_t narrow = 0;
    u256 wide = {{0}};
    uint8_t is_read = rlp_next_u64(&rest, &narrow), bytes[32];
    need(is_read || rest.data == input.data);
    write_bytes(run, &is_read, 1);
    write_bytes(run, &narrow, sizeof narrow);
    rest = input;
    is_read = rlp_next_u256(&rest, &wide);
    need(is_read || rest.data == input.data);
    u256_to_bytes(bytes, &wide);
    write_bytes(run, &is_read, 1);
    write_bytes(run, bytes, sizeof bytes);
}

static void write_number(run_state *run) {
    uint8_t digits[32], bytes[33];
    read_bytes(run, digits, sizeof digits);
    u256 number;
    u256_from_bytes(&number, digits);
    uint32_t size = rlp_u256_size(&number);
    need(rlp_put_u256(bytes, &number) == bytes + size);
    write_sized(run, (bytes_t){bytes, size});
    if (!u256_fits64(&number)) return;
    uint8_t again[9];
    need(rlp_u64_size(u256_low(&number)) == size && rlp_put_u64(again, u256_low(&number)) == again + size);
    need(memcmp(bytes, again, size) == 0);
}

static void write_rlp(run_state *run, uint8_t step) {
    bytes_t data = read_sized(run);
    bool is_list = step == WRITE_LIST;
    uint32_t size = is_list ? rlp_head_size(data.size) + data.size : rlp_string_size(data);
    uint8_t *bytes = malloc(size), *end;
    need(bytes != NULL);
    if (is_list) {
        end = rlp_put_list_head(bytes, data.size);
        if (data.size) memcpy(end, data.data, data.size);
        end += data.size;
    } else {
        end = rlp_put_string(bytes, data);
    }
    need(end == bytes + size);
    write_sized(run, (bytes_t){bytes, size});
    free(bytes);
}

static void write_u256(run_state *run, const u256 *number) {
    uint8_t bytes[32];
    u256_to_bytes(bytes, number);
    write_bytes(run, bytes, sizeof bytes);
}

static void write_accesses(run_state *run, const evm_transaction *call) {
    write_bytes(run, &call->access_count, sizeof call->access_count);
    for (uint32_t i = 0; i < call->access_count; i++) {
        const evm_access *access = &call->accesses[i];
        write_bytes(run, &access->address, sizeof access->address);
        write_sized(run, (bytes_t){(const uint8_t *)access->keys, access->key_count * (uint32_t)sizeof(hash_t)});
    }
}

static void write_transaction(run_state *run, const zk_transaction *tx) {
    const evm_transaction *call = &tx->call;
    uint8_t kinds[3] = {tx->type, (uint8_t)call->kind, call->is_creation};
    write_bytes(run, kinds, sizeof kinds);
    write_bytes(run, &tx->canonical_hash, sizeof tx->canonical_hash);
    write_bytes(run, &call->sender, sizeof call->sender);
    write_bytes(run, &call->to, sizeof call->to);
    write_bytes(run, &call->refund_recipient, sizeof call->refund_recipient);
    write_bytes(run, &call->nonce, sizeof call->nonce);
    write_bytes(run, &call->gas_limit, sizeof call->gas_limit);
    write_u256(run, &call->max_fee);
    write_u256(run, &call->max_priority_fee);
    write_u256(run, &call->value);
    write_u256(run, &call->minted);
    write_sized(run, call->data);
    write_accesses(run, call);
}

/* The chain's id, the sender (empty where it is not known) and the transaction. */
static void decode_transaction(run_state *run) {
    uint8_t digits[32];
    read_bytes(run, digits, sizeof digits);
    u256 chain_id;
    u256_from_bytes(&chain_id, digits);
    bytes_t known = read_sized(run), raw = read_sized(run);
    address_t sender;
    if (known.size) memcpy(&sender, known.data, sizeof sender);
    zk_transaction tx;
    uint8_t is_good = zk_decode_transaction(&run->context, &chain_id, raw, known.size ? &sender : NULL, &tx);
    write_bytes(run, &is_good, 1);
    if (!is_good) return;
    need(tx.raw.data == raw.data && tx.raw.size == raw.size);
    write_transaction(run, &tx);
}

static evm_log read_log(run_state *run) {
    evm_log log = {0};
    read_bytes(run, &log.address, sizeof log.address);
    log.topic_count = read_size(run);
    need(log.topic_count <= 4);
    for (uint32_t i = 0; i < log.topic_count; i++) {
        uint8_t topic[32];
        read_bytes(run, topic, sizeof topic);
        u256_from_bytes(&log.topics[i], topic);
    }
    log.data = read_sized(run);
    return log;
}

/* Type, status, gas and logs; writes the receipt and the bloom of the block that has no other. */
static void encode_receipt(run_state *run) {
    uint8_t type_and_status[2];
    zk_receipt receipt = {0};
    read_bytes(run, type_and_status, sizeof type_and_status);
    receipt.type = type_and_status[0];
    receipt.success = type_and_status[1] != 0;
    read_bytes(run, &receipt.cumulative_gas, sizeof receipt.cumulative_gas);
    receipt.log_count = read_size(run);
    evm_log *logs = zk_alloc(&run->context, receipt.log_count * sizeof *logs);
    receipt.logs = logs;
    bloom_t joined = {{0}};
    zk_bloom_items *items = zk_bloom_items_open(&run->context);
    for (uint32_t i = 0; i < receipt.log_count; i++) {
        logs[i] = read_log(run);
        bloom_t alone = {{0}};
        zk_bloom_add(items, &receipt.bloom, &logs[i]);
        zk_bloom_add(items, &alone, &logs[i]);
        zk_bloom_join(&joined, &alone);
    }
    bytes_t encoded = zk_encode_receipt(&run->context, &receipt);
    need(encoded.data + encoded.size == run->context.arena.at);
    write_sized(run, encoded);
    write_bytes(run, &joined, sizeof joined);
}

static void write_header(run_state *run, const zk_header *header) {
    bytes_t encoded = zk_header_encode(&run->context, header);
    need(encoded.data + encoded.size == run->context.arena.at);
    write_sized(run, encoded);
}

/* The least base fee and a header; writes whether it is one, the header again, and the next base fee. */
static void decode_header(run_state *run) {
    uint8_t digits[32];
    read_bytes(run, digits, sizeof digits);
    u256 minimum, base_fee;
    u256_from_bytes(&minimum, digits);
    zk_header header;
    uint8_t is_good = zk_header_decode(read_sized(run), &header);
    write_bytes(run, &is_good, 1);
    if (!is_good) return;
    write_header(run, &header);
    zk_next_base_fee(&base_fee, &header, &minimum);
    write_u256(run, &base_fee);
}

static void run_root(run_state *run) {
    trie_sink sink = {take_node, run};
    hash_t root;
    trie_root(&run->trie, &root, &sink);
    write_bytes(run, &TRIE_EMPTY_ROOT, sizeof root); /* ends the nodes: no node has this hash */
    write_bytes(run, &root, sizeof root);
}

static void run_step(run_state *run) {
    uint8_t step;
    read_bytes(run, &step, 1);
    if (step == GET) {
        write_sized(run, trie_get(&run->trie, read_sized(run)));
    } else if (step == PUT) {
        bytes_t key = read_sized(run);
        trie_put(&run->trie, key, read_sized(run));
    } else if (step == DELETE) {
        trie_delete(&run->trie, read_sized(run));
    } else if (step == ROOT) {
        run_root(run);
    } else if (step == ORDERED_ROOT) {
        ordered_root(run);
    } else if (step == READ_ITEM) {
        read_item(run);
    } else if (step == READ_NUMBER) {
        read_number(run);
    } else if (step == WRITE_NUMBER) {
        write_number(run);
    } else if (step == TRANSACTION) {
        decode_transaction(run);
    } else if (step == RECEIPT) {
        encode_receipt(run);
    } else if (step == HEADER) {
        decode_header(run);
    } else if (step == FRESH_HEADER) {
        zk_header header;
        zk_header_start(&header);
        write_header(run, &header);
    } else {
        write_rlp(run, step);
    }
}

/* The reason why it ended, and the size of what it wrote until then. */
int32_t run_script(bytes_t script, uint32_t memory, uint8_t *output, uint32_t room, uint32_t *written);
int32_t run_script(bytes_t script, uint32_t memory, uint8_t *output, uint32_t room, uint32_t *written) {
    run_state *run = calloc(1, sizeof *run);
    uint8_t *arena = malloc(memory);
    need(run && arena);
    memset(arena, 0xA5, memory);
    run->context.arena = (zk_arena){arena, arena + memory};
    run->at = script.data, run->end = script.data + script.size;
    run->to = output, run->to_end = output + room;
    hash_t root;
    read_bytes(run, &root, sizeof root);
    run->node_count = read_size(run);
    run->nodes = malloc(run->node_count * sizeof *run->nodes + 1);
    need(run->nodes != NULL);
    for (uint32_t i = 0; i < run->node_count; i++) {
        run->nodes[i].bytes = read_sized(run);
        keccak256(&run->nodes[i].hash, run->nodes[i].bytes.data, run->nodes[i].bytes.size);
    }
    int32_t reason = setjmp(run->out);
    if (reason == ZK_OK) {
        trie_open(&run->trie, &run->context, (struct zk_nodes){find_node, run}, &root);
        while (run->at < run->end) run_step(run);
    }
    *written = (uint32_t)(run->to - output);
    forget_copies(run);
    free(run->nodes);
    free(run);
    free(arena);
    return reason;
}

int main(void) {
    enum { ROOM = 1 << 20 };
    uint32_t head[2], written;
    uint8_t *output = malloc(ROOM);
    if (!output) return 1;
    while (fread(head, sizeof head, 1, stdin) == 1) {
        uint8_t *script = malloc(head[0]);
        if (!script || fread(script, 1, head[0], stdin) != head[0]) return 1;
        int32_t reason = run_script((bytes_t){script, head[0]}, head[1], output, ROOM, &written);
        fwrite(&reason, sizeof reason, 1, stdout);
        fwrite(&written, sizeof written, 1, stdout);
        fwrite(output, 1, written, stdout);
        fflush(stdout);
        free(script);
    }
    free(output);
    return 0;
}
