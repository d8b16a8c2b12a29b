#include "state/trie.h"

#include "base/keccak.h"
#include "chain/rlp.h"

enum {
    WIDTH = 16,
    EMPTY_NAME = 0x80,
    HASH_NAME = 0xA0,
    LIST_NAME = 0xC0,
    HASH_NAME_SIZE = 1 + sizeof(hash_t),
    NIBBLES = 2 * TRIE_KEY_BYTES,
};

typedef enum { LEAF, EXTENSION, BRANCH } trie_kind;

struct trie_node {
    trie_kind kind;
    uint32_t path_size;
    const uint8_t *path; /* a nibble a byte; of leaves and extensions */
    bytes_t value;       /* of leaves and branches */
    trie_link links[];   /* an extension has one, a branch WIDTH */
};

const hash_t TRIE_EMPTY_ROOT = {{0x56, 0xe8, 0x1f, 0x17, 0x1b, 0xcc, 0x55, 0xa6, 0xff, 0x83, 0x45,
                                 0xe6, 0x92, 0xc0, 0xf8, 0x6e, 0x5b, 0x48, 0xe0, 0x1b, 0x99, 0x6c,
                                 0xad, 0xc0, 0x01, 0x62, 0x2f, 0xb5, 0xe3, 0x63, 0xb4, 0x21}};

static uint32_t link_count(trie_kind kind) { return kind == BRANCH ? WIDTH : kind == EXTENSION ? 1 : 0; }

static trie_node *new_node(trie_t *trie, trie_kind kind) {
    size_t size = sizeof(trie_node) + link_count(kind) * sizeof(trie_link);
    trie_node *node = zk_alloc(trie->context, size);
    memset(node, 0, size);
    node->kind = kind;
    return node;
}

static bool same(bytes_t a, bytes_t b) {
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static uint32_t common_size(const uint8_t *a, uint32_t a_size, const uint8_t *b, uint32_t b_size) {
    uint32_t limit = a_size < b_size ? a_size : b_size, i = 0;
    while (i < limit && a[i] == b[i]) i++;
    return i;
}

/* --- Loading --- */

static uint32_t name_size(const uint8_t *name) {
    return name[0] == HASH_NAME ? HASH_NAME_SIZE : 1 + (uint32_t)name[0] - LIST_NAME;
}

/* What a parent has for a child: NULL where there is none. */
static const uint8_t *read_name(trie_t *trie, const rlp_item *item) {
    if (!item->is_list && item->payload.size == 0) return NULL;
    bool is_name = item->is_list ? item->whole.size < sizeof(hash_t) : item->payload.size == sizeof(hash_t);
    if (!is_name) zk_fail(trie->context, ZK_MALFORMED);
    return item->whole.data;
}

/* Undoes the hex prefix: bit 5 of the first byte marks leaves, bit 4 an odd count, whose first nibble stands below. */
static trie_node *read_path(trie_t *trie, const rlp_item *item) {
    bytes_t packed = item->payload;
    if (item->is_list || packed.size == 0 || packed.data[0] >= 0x40) zk_fail(trie->context, ZK_MALFORMED);
    uint8_t first = packed.data[0];
    bool is_odd = first & 0x10;
    if (!is_odd && first & 0x0F) zk_fail(trie->context, ZK_MALFORMED);
    trie_node *node = new_node(trie, first & 0x20 ? LEAF : EXTENSION);
    uint8_t *path = zk_alloc(trie->context, 2 * (size_t)packed.size);
    node->path = path;
    if (is_odd) *path++ = first & 0x0F;
    for (uint32_t i = 1; i < packed.size; i++) {
        *path++ = packed.data[i] >> 4;
        *path++ = packed.data[i] & 0x0F;
    }
    node->path_size = (uint32_t)(path - node->path);
    return node;
}

static trie_node *decode_short(trie_t *trie, const rlp_item items[2]) {
    trie_node *node = read_path(trie, &items[0]);
    bool is_good;
    if (node->kind == LEAF) {
        node->value = items[1].payload;
        is_good = !items[1].is_list && node->value.size != 0;
    } else {
        node->links[0].name = read_name(trie, &items[1]);
        is_good = node->links[0].name != NULL && node->path_size != 0;
    }
    if (!is_good) zk_fail(trie->context, ZK_MALFORMED);
    return node;
}

/* Takes the next item, which a branch has for a child. */
static const uint8_t *next_name(trie_t *trie, bytes_t *rest) {
    const uint8_t *at = rest->data;
    rlp_item item;
    if (rest->size >= HASH_NAME_SIZE && *at == HASH_NAME) {
        *rest = (bytes_t){at + HASH_NAME_SIZE, rest->size - HASH_NAME_SIZE};
        return at;
    }
    if (!rlp_next(rest, &item)) zk_fail(trie->context, ZK_MALFORMED);
    return read_name(trie, &item);
}

static trie_node *decode_branch(trie_t *trie, bytes_t rest) {
    trie_node *node = new_node(trie, BRANCH);
    for (uint32_t i = 0; i < WIDTH; i++) node->links[i].name = next_name(trie, &rest);
    if (!rlp_next_string(&rest, &node->value) || rest.size) zk_fail(trie->context, ZK_MALFORMED);
    return node;
}

static trie_node *decode(trie_t *trie, bytes_t bytes) {
    rlp_item items[2];
    bytes_t all;
    if (!rlp_next_list(&bytes, &all) || bytes.size) zk_fail(trie->context, ZK_MALFORMED);
    bytes_t rest = all;
    bool is_short = rlp_next(&rest, &items[0]) && rlp_next(&rest, &items[1]) && rest.size == 0;
    return is_short ? decode_short(trie, items) : decode_branch(trie, all);
}

/* The node at a link, NULL where there is none. */
static trie_node *load(trie_t *trie, trie_link *link) {
    if (link->node || !link->name) return link->node;
    bytes_t bytes = {link->name, 0};
    if (link->name[0] == HASH_NAME) {
        hash_t hash;
        memcpy(&hash, link->name + 1, sizeof hash);
        bytes.data = trie->source.get(trie->source.self, &hash, &bytes.size);
        if (!bytes.data) zk_fail(trie->context, ZK_MISSING_NODE);
    } else {
        bytes.size = name_size(link->name);
    }
    return link->node = decode(trie, bytes);
}

/* --- Reading --- */

static uint32_t nibbles_of(trie_t *trie, uint8_t nibbles[NIBBLES], bytes_t key) {
    if (key.size > TRIE_KEY_BYTES) zk_fail(trie->context, ZK_LIMIT);
    for (uint32_t i = 0; i < key.size; i++) {
        nibbles[2 * i] = key.data[i] >> 4;
        nibbles[2 * i + 1] = key.data[i] & 0x0F;
    }
    return 2 * key.size;
}

bytes_t trie_get(trie_t *trie, bytes_t key) {
    const bytes_t nothing = {NULL, 0};
    uint8_t nibbles[NIBBLES];
    const uint8_t *path = nibbles;
    uint32_t size = nibbles_of(trie, nibbles, key);
    trie_link *link = &trie->root;
    for (;;) {
        trie_node *node = load(trie, link);
        if (!node) return nothing;
        uint32_t taken = 1;
        if (node->kind == BRANCH) {
            if (size == 0) return node->value;
            link = &node->links[path[0]];
        } else {
            taken = node->path_size;
            if (common_size(node->path, taken, path, size) < taken) return nothing;
            if (node->kind == LEAF) return taken == size ? node->value : nothing;
            link = &node->links[0];
        }
        path += taken;
        size -= taken;
    }
}

/* --- Changing: true where something changed. The depth of calls is bounded by the key's nibbles. --- */

static bool put(trie_t *trie, trie_link *link, const uint8_t *path, uint32_t size, bytes_t value);

static bool put_value(trie_node *node, bytes_t value) {
    if (same(node->value, value)) return false;
    node->value = value;
    return true;
}

static trie_node *new_leaf(trie_t *trie, const uint8_t *path, uint32_t size, bytes_t value) {
    trie_node *leaf = new_node(trie, LEAF);
    uint8_t *copy = zk_alloc(trie->context, size);
    if (size) memcpy(copy, path, size);
    leaf->path = copy;
    leaf->path_size = size;
    leaf->value = value;
    return leaf;
}

/* An extension above `below`; the path is kept by whoever made it. */
static trie_node *new_extension(trie_t *trie, const uint8_t *path, uint32_t size, trie_link below) {
    trie_node *extension = new_node(trie, EXTENSION);
    extension->path = path;
    extension->path_size = size;
    extension->links[0] = below;
    return extension;
}

/* A branch `common` nibbles down the path of a leaf or an extension, with what remains of it below, or in it. */
static trie_node *split(trie_t *trie, trie_node *node, uint32_t common) {
    trie_node *branch = new_node(trie, BRANCH);
    trie_link above = {branch, NULL};
    trie_node *top = common ? new_extension(trie, node->path, common, above) : branch;
    if (common == node->path_size) {
        branch->value = node->value;
        return top;
    }
    trie_link *down = &branch->links[node->path[common]];
    node->path += common + 1;
    node->path_size -= common + 1;
    if (node->kind == EXTENSION && node->path_size == 0) {
        *down = node->links[0];
    } else {
        down->node = node;
    }
    return top;
}

static bool put_below(trie_t *trie, trie_link *link, const uint8_t *path, uint32_t size, bytes_t value) {
    trie_node *node = link->node;
    if (node->kind == BRANCH) {
        return size ? put(trie, &node->links[path[0]], path + 1, size - 1, value) : put_value(node, value);
    }
    uint32_t common = common_size(node->path, node->path_size, path, size);
    if (common == node->path_size) {
        if (node->kind == EXTENSION) return put(trie, &node->links[0], path + common, size - common, value);
        if (common == size) return put_value(node, value);
    }
    link->node = split(trie, node, common);
    return put_below(trie, link, path, size, value);
}

static bool put(trie_t *trie, trie_link *link, const uint8_t *path, uint32_t size, bytes_t value) {
    if (!load(trie, link)) {
        link->node = new_leaf(trie, path, size, value);
    } else if (!put_below(trie, link, path, size, value)) {
        return false;
    }
    link->name = NULL;
    return true;
}

/* Puts `above` before the path of a leaf or an extension. */
static void lengthen(trie_t *trie, trie_node *node, const uint8_t *above, uint32_t size) {
    uint8_t *path = zk_alloc(trie->context, (size_t)size + node->path_size);
    memcpy(path, above, size);
    if (node->path_size) memcpy(path + size, node->path, node->path_size);
    node->path = path;
    node->path_size += size;
}

/* What the canonical form has for an extension above `below`. */
static trie_node *joined(trie_t *trie, const uint8_t *path, uint32_t size, trie_link below) {
    trie_node *node = load(trie, &below);
    if (node->kind == BRANCH) return new_extension(trie, path, size, below);
    lengthen(trie, node, path, size);
    return node;
}

/* A branch that lost something: what stands in its place. */
static trie_node *shrunk(trie_t *trie, trie_node *branch) {
    uint32_t count = branch->value.size != 0, last = 0;
    for (uint32_t i = 0; i < WIDTH; i++) {
        if (!branch->links[i].node && !branch->links[i].name) continue;
        last = i;
        count++;
    }
    if (count == 0) return NULL;
    if (count > 1) return branch;
    if (branch->value.size) return new_leaf(trie, NULL, 0, branch->value);
    uint8_t *path = zk_alloc(trie->context, 1);
    path[0] = (uint8_t)last;
    return joined(trie, path, 1, branch->links[last]);
}

static bool take_out(trie_t *trie, trie_link *link, const uint8_t *path, uint32_t size);

static bool take_out_of_branch(trie_t *trie, trie_link *link, const uint8_t *path, uint32_t size) {
    trie_node *branch = link->node;
    bool is_changed =
        size ? take_out(trie, &branch->links[path[0]], path + 1, size - 1) : put_value(branch, (bytes_t){NULL, 0});
    if (is_changed) link->node = shrunk(trie, branch);
    return is_changed;
}

static bool take_out(trie_t *trie, trie_link *link, const uint8_t *path, uint32_t size) {
    trie_node *node = load(trie, link);
    if (!node) return false;
    if (node->kind == BRANCH) {
        if (!take_out_of_branch(trie, link, path, size)) return false;
    } else {
        uint32_t own = node->path_size;
        if (common_size(node->path, own, path, size) < own) return false;
        if (node->kind == LEAF) {
            if (own != size) return false;
            link->node = NULL;
        } else {
            trie_link *below = &node->links[0];
            if (!take_out(trie, below, path + own, size - own)) return false;
            if (!below->node) {
                link->node = NULL;
            } else if (below->node->kind != BRANCH) {
                link->node = joined(trie, node->path, own, *below);
            }
        }
    }
    link->name = NULL;
    return true;
}

void trie_put(trie_t *trie, bytes_t key, bytes_t value) {
    uint8_t nibbles[NIBBLES];
    put(trie, &trie->root, nibbles, nibbles_of(trie, nibbles, key), value);
}

void trie_delete(trie_t *trie, bytes_t key) {
    uint8_t nibbles[NIBBLES];
    take_out(trie, &trie->root, nibbles, nibbles_of(trie, nibbles, key));
}

/* --- Hashing --- */

/* The hex prefix form of a path; read_path undoes it. */
static bytes_t packed_path(const trie_node *node, uint8_t *packed) {
    const uint8_t *path = node->path;
    uint32_t size = 1 + node->path_size / 2;
    packed[0] = node->kind == LEAF ? 0x20 : 0;
    if (node->path_size & 1) packed[0] |= (uint8_t)(0x10 | *path++);
    for (uint32_t i = 1; i < size; i++, path += 2) packed[i] = (uint8_t)(path[0] << 4 | path[1]);
    return (bytes_t){packed, size};
}

/* Names that stand side by side, as in the bytes that a branch was read from, are copied at once. */
static uint8_t *put_names(uint8_t *at, const trie_link *links, uint32_t count) {
    for (uint32_t i = 0; i < count;) {
        const uint8_t *from = links[i].name;
        if (!from) {
            *at++ = EMPTY_NAME;
            i++;
            continue;
        }
        uint32_t size = 0;
        while (i < count && links[i].name == from + size) size += name_size(links[i++].name);
        memcpy(at, from, size);
        at += size;
    }
    return at;
}

static uint32_t link_size(const trie_link *link) { return link->name ? name_size(link->name) : 1; }

/* A node's bytes, in the arena; the links below it have their names. */
static bytes_t encode(trie_t *trie, const trie_node *node) {
    uint32_t links = link_count(node->kind);
    uint32_t payload = node->kind == EXTENSION ? 0 : rlp_string_size(node->value);
    for (uint32_t i = 0; i < links; i++) payload += link_size(&node->links[i]);
    bytes_t path = {NULL, 0};
    if (node->kind != BRANCH) {
        path = packed_path(node, zk_alloc(trie->context, 1 + (size_t)node->path_size / 2));
        payload += rlp_string_size(path);
    }
    uint32_t size = rlp_head_size(payload) + payload;
    uint8_t *bytes = zk_alloc(trie->context, size), *at = rlp_put_list_head(bytes, payload);
    if (node->kind != BRANCH) at = rlp_put_string(at, path);
    at = put_names(at, node->links, links);
    if (node->kind != EXTENSION) rlp_put_string(at, node->value);
    return (bytes_t){bytes, size};
}

/* Names a link whose node has none, and before it all that changed below. */
static void name(trie_t *trie, trie_link *link, const trie_sink *sink) {
    trie_node *node = link->node;
    uint32_t links = link_count(node->kind);
    for (uint32_t i = 0; i < links; i++)
        if (!node->links[i].name && node->links[i].node) name(trie, &node->links[i], sink);

    zk_arena before = trie->context->arena;
    bytes_t bytes = encode(trie, node);
    if (bytes.size < sizeof(hash_t) && link != &trie->root) {
        link->name = bytes.data;
        return;
    }
    hash_t hash;
    keccak256(&hash, bytes.data, bytes.size);
    if (sink) sink->put(sink->self, &hash, bytes);
    trie->context->arena = before;
    uint8_t *made = zk_alloc(trie->context, HASH_NAME_SIZE);
    made[0] = HASH_NAME;
    memcpy(made + 1, &hash, sizeof hash);
    link->name = made;
}

void trie_root(trie_t *trie, hash_t *root, const trie_sink *sink) {
    if (!trie->root.name && trie->root.node) name(trie, &trie->root, sink);
    if (trie->root.name) {
        memcpy(root, trie->root.name + 1, sizeof *root);
    } else {
        *root = TRIE_EMPTY_ROOT;
    }
}

void trie_open(trie_t *trie, zk_context *context, struct zk_nodes source, const hash_t *root) {
    *trie = (trie_t){context, source, {NULL, NULL}};
    if (hash_equal(root, &TRIE_EMPTY_ROOT)) return;
    uint8_t *made = zk_alloc(context, HASH_NAME_SIZE);
    made[0] = HASH_NAME;
    memcpy(made + 1, root, sizeof *root);
    trie->root.name = made;
}
