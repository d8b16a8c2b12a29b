/* RLP. Reading takes the canonical form only: every value has exactly one. */
#ifndef ZK_RLP_H
#define ZK_RLP_H

#include "base/base.h"
#include "base/u256.h"

typedef struct {
    bool is_list;
    bytes_t payload; /* the string, or the list's items one after the other */
    bytes_t whole;   /* with its head */
} rlp_item;

/* --- Reading: each takes the first item off `rest`. False where it is not there, not canonical or not of that kind;
   `rest` is then as it was. Nothing looks into a list but the reads from its payload. --- */

bool rlp_next(bytes_t *rest, rlp_item *item);
bool rlp_next_string(bytes_t *rest, bytes_t *string);
bool rlp_next_list(bytes_t *rest, bytes_t *items);
/* A string of exactly `size` bytes. */
bool rlp_next_exact(bytes_t *rest, void *to, uint32_t size);
/* Numbers, without leading zeros. */
bool rlp_next_u64(bytes_t *rest, uint64_t *number);
bool rlp_next_u256(bytes_t *rest, u256 *number);

/* --- Writing: sizes first, then each put returns where the next one goes --- */

/* Of the head before `payload_size` bytes of a list, or of a string that is not a byte below 0x80. */
uint32_t rlp_head_size(uint32_t payload_size);
uint32_t rlp_string_size(bytes_t string);
uint32_t rlp_u64_size(uint64_t number);
uint32_t rlp_u256_size(const u256 *number);

uint8_t *rlp_put_list_head(uint8_t *at, uint32_t payload_size);
uint8_t *rlp_put_string(uint8_t *at, bytes_t string);
uint8_t *rlp_put_u64(uint8_t *at, uint64_t number);
uint8_t *rlp_put_u256(uint8_t *at, const u256 *number);

#endif
