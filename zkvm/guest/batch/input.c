#include "batch/input.h"

#include "base/keccak.h"

enum {
    INPUT_VERSION = 1,
    MAX_ANCESTORS = 254,
    MAX_EXTRA_DATA = 32,
    SIZED_BYTES = 4,  /* of a sized field, at least */
    BLOCK_BYTES = 73, /* of a block, at least */
};

/* What a header says of its place among the others. */
typedef struct {
    hash_t hash, parent_hash;
    uint64_t number;
} header_link;

typedef struct {
    zk_context *context;
    bytes_t rest;
} cursor;

static const uint8_t *take(cursor *at, uint32_t size) {
    if (size > at->rest.size) zk_fail(at->context, ZK_MALFORMED);
    const uint8_t *taken = at->rest.data;
    at->rest.data += size;
    at->rest.size -= size;
    return taken;
}

static uint64_t take_number(cursor *at, uint32_t size) {
    const uint8_t *digits = take(at, size);
    uint64_t number = 0;
    for (uint32_t i = 0; i < size; i++) number = number << 8 | digits[i];
    return number;
}

static void take_u256(cursor *at, u256 *number) { u256_from_bytes(number, take(at, 32)); }

static bytes_t take_sized(cursor *at) {
    uint32_t size = (uint32_t)take_number(at, 4);
    return (bytes_t){take(at, size), size};
}

/* A count of items of at least `least` bytes. Where they cannot be there the input is cut short, whatever it holds:
   so no memory is taken for them. */
static uint32_t take_count(cursor *at, uint32_t least) {
    uint32_t count = (uint32_t)take_number(at, 4);
    if (count > at->rest.size / least) zk_fail(at->context, ZK_MALFORMED);
    return count;
}

static const bytes_t *take_list(cursor *at, uint32_t *count) {
    *count = take_count(at, SIZED_BYTES);
    bytes_t *items = zk_alloc_array(at->context, *count, sizeof *items);
    for (uint32_t i = 0; i < *count; i++) items[i] = take_sized(at);
    return items;
}

static void take_header(cursor *at, zk_header *header, header_link *link) {
    bytes_t bytes = take_sized(at);
    if (!zk_header_decode(bytes, header)) zk_fail(at->context, ZK_HEADER);
    link->parent_hash = header->parent_hash;
    link->number = header->number;
    keccak256(&link->hash, bytes.data, bytes.size);
}

static const header_link *take_ancestors(cursor *at, uint32_t *count) {
    *count = (uint32_t)take_number(at, 2);
    if (*count > MAX_ANCESTORS) zk_fail(at->context, ZK_ANCESTORS);
    header_link *links = zk_alloc_array(at->context, *count, sizeof *links);
    zk_header header;
    for (uint32_t i = 0; i < *count; i++) take_header(at, &header, &links[i]);
    return links;
}

static void take_witness(cursor *at, zk_witness_list *list) {
    uint32_t count;
    const bytes_t *items = take_list(at, &count);
    if (!zk_witness_index(at->context, items, count, list)) zk_fail(at->context, ZK_WITNESS_ORDER);
}

static void take_block(cursor *at, zk_block_input *block) {
    block->timestamp = take_number(at, 8);
    memcpy(&block->fee_recipient, take(at, sizeof block->fee_recipient), sizeof block->fee_recipient);
    block->gas_limit = take_number(at, 8);
    take_u256(at, &block->base_fee);
    uint32_t extra = (uint32_t)take_number(at, 1);
    if (extra > MAX_EXTRA_DATA) zk_fail(at->context, ZK_MALFORMED);
    block->extra_data = (bytes_t){take(at, extra), extra};
    block->transactions = take_list(at, &block->transaction_count);
}

static void take_blocks(cursor *at, zk_batch_input *input) {
    input->block_count = take_count(at, BLOCK_BYTES);
    zk_block_input *blocks = zk_alloc_array(at->context, input->block_count, sizeof *blocks);
    for (uint32_t i = 0; i < input->block_count; i++) take_block(at, &blocks[i]);
    input->blocks = blocks;
}

/* Only hashes that headers lead to may be trusted: each ancestor is the parent of the one before. */
static zk_ancestors *follow(zk_context *context, const header_link *child, const header_link *links, uint32_t count) {
    zk_ancestors *ancestors = zk_alloc(context, sizeof *ancestors);
    zk_ancestors_start(ancestors, context, child->number, &child->hash);
    for (uint32_t i = 0; i < count; i++) {
        const header_link *link = &links[i];
        if (child->number == 0 || link->number != child->number - 1 || !hash_equal(&link->hash, &child->parent_hash))
            zk_fail(context, ZK_ANCESTORS);
        zk_ancestors_older(ancestors, &link->hash);
        child = link;
    }
    if (child->number != 0) zk_ancestors_older(ancestors, &child->parent_hash);
    return ancestors;
}

void zk_read_batch_input(zk_context *context, bytes_t bytes, zk_batch_input *input) {
    cursor at = {context, bytes};
    header_link parent;
    if (take_number(&at, 1) != INPUT_VERSION) zk_fail(context, ZK_VERSION);
    input->chain_id = take_number(&at, 8);
    input->settlement_chain_id = take_number(&at, 8);
    input->da_scheme = (uint8_t)take_number(&at, 1);
    take_u256(&at, &input->min_base_fee);
    take_header(&at, &input->parent, &parent);
    input->parent_hash = parent.hash;
    uint32_t ancestor_count;
    const header_link *ancestors = take_ancestors(&at, &ancestor_count);
    take_witness(&at, &input->witness.nodes);
    take_witness(&at, &input->witness.codes);
    take_blocks(&at, input);
    if (at.rest.size) zk_fail(context, ZK_MALFORMED);
    if (input->block_count == 0) zk_fail(context, ZK_NO_BLOCKS);
    input->ancestors = follow(context, &parent, ancestors, ancestor_count);
}
