#include "chain/rlp.h"

enum {
    STRING = 0x80,
    LIST = 0xC0,
    SHORT = 55, /* payloads up to here have their size in the head's first byte */
};

/* --- Reading --- */

/* The size that `count` bytes spell; false where it would have fitted a shorter head, or is beyond 32 bits. */
static bool long_size(const uint8_t *bytes, uint32_t count, uint32_t *size) {
    if (count > sizeof *size || bytes[0] == 0) return false;
    uint32_t value = 0;
    for (uint32_t i = 0; i < count; i++) value = value << 8 | bytes[i];
    *size = value;
    return value > SHORT;
}

bool rlp_next(bytes_t *rest, rlp_item *item) {
    if (rest->size == 0) return false;
    uint8_t first = rest->data[0];
    uint32_t head = 1, size;
    if (first < STRING) {
        head = 0;
        size = 1;
    } else {
        size = (uint32_t)first - (first < LIST ? STRING : LIST);
        if (size > SHORT) {
            uint32_t count = size - SHORT;
            head += count;
            if (rest->size < head || !long_size(rest->data + 1, count, &size)) return false;
        }
    }
    if (size > rest->size - head) return false;
    const uint8_t *payload = rest->data + head;
    if (first == STRING + 1 && payload[0] < STRING) return false;
    *item = (rlp_item){first >= LIST, {payload, size}, {rest->data, head + size}};
    rest->data = payload + size;
    rest->size -= head + size;
    return true;
}

/* The next item's payload if it is a list, or a string, and of a size up to `limit`. */
static bool next_payload(bytes_t *rest, bool is_list, uint32_t limit, bytes_t *payload) {
    bytes_t after = *rest;
    rlp_item item;
    if (!rlp_next(&after, &item) || item.is_list != is_list || item.payload.size > limit) return false;
    *rest = after;
    *payload = item.payload;
    return true;
}

bool rlp_next_string(bytes_t *rest, bytes_t *string) { return next_payload(rest, false, UINT32_MAX, string); }

bool rlp_next_list(bytes_t *rest, bytes_t *items) { return next_payload(rest, true, UINT32_MAX, items); }

bool rlp_next_exact(bytes_t *rest, void *to, uint32_t size) {
    bytes_t after = *rest, string;
    if (!next_payload(&after, false, size, &string) || string.size != size) return false;
    *rest = after;
    memcpy(to, string.data, size);
    return true;
}

static bool next_number(bytes_t *rest, uint32_t limit, bytes_t *digits) {
    bytes_t after = *rest;
    if (!next_payload(&after, false, limit, digits) || (digits->size && digits->data[0] == 0)) return false;
    *rest = after;
    return true;
}

bool rlp_next_u64(bytes_t *rest, uint64_t *number) {
    bytes_t digits;
    if (!next_number(rest, sizeof *number, &digits)) return false;
    *number = 0;
    for (uint32_t i = 0; i < digits.size; i++) *number = *number << 8 | digits.data[i];
    return true;
}

bool rlp_next_u256(bytes_t *rest, u256 *number) {
    bytes_t digits;
    if (!next_number(rest, 32, &digits)) return false;
    u256_from_some(number, digits.data, digits.size);
    return true;
}

/* --- Writing --- */

/* Bytes up to the highest that is not zero. */
static uint32_t byte_length(uint64_t number) {
    return number ? (uint32_t)(8 - __builtin_clzll(number) / 8) : 0;
}

uint32_t rlp_head_size(uint32_t payload_size) { return 1 + (payload_size > SHORT ? byte_length(payload_size) : 0); }

static bool is_own_head(bytes_t string) { return string.size == 1 && string.data[0] < STRING; }

uint32_t rlp_string_size(bytes_t string) {
    return is_own_head(string) ? 1 : rlp_head_size(string.size) + string.size;
}

uint32_t rlp_u64_size(uint64_t number) { return number < STRING ? 1 : 1 + byte_length(number); }

uint32_t rlp_u256_size(const u256 *number) {
    uint32_t length = u256_byte_length(number);
    return length <= 8 ? rlp_u64_size(u256_low(number)) : 1 + length;
}

static uint8_t *put_head(uint8_t *at, uint8_t kind, uint32_t size) {
    if (size <= SHORT) {
        *at = (uint8_t)(kind + size);
        return at + 1;
    }
    uint32_t count = byte_length(size);
    *at = (uint8_t)(kind + SHORT + count);
    for (uint32_t i = 0; i < count; i++) at[count - i] = (uint8_t)(size >> 8 * i);
    return at + 1 + count;
}

uint8_t *rlp_put_list_head(uint8_t *at, uint32_t payload_size) { return put_head(at, LIST, payload_size); }

uint8_t *rlp_put_string(uint8_t *at, bytes_t string) {
    if (!is_own_head(string)) at = put_head(at, STRING, string.size);
    if (string.size) memcpy(at, string.data, string.size);
    return at + string.size;
}

uint8_t *rlp_put_u64(uint8_t *at, uint64_t number) {
    u256 wide = u256_of(number);
    return rlp_put_u256(at, &wide);
}

uint8_t *rlp_put_u256(uint8_t *at, const u256 *number) {
    uint8_t digits[32];
    u256_to_bytes(digits, number);
    uint32_t length = u256_byte_length(number);
    return rlp_put_string(at, (bytes_t){digits + sizeof digits - length, length});
}
