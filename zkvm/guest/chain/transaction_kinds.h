/* What the decoders of the single types share; see transactions.h for all others. */
#ifndef ZK_TRANSACTION_KINDS_H
#define ZK_TRANSACTION_KINDS_H

#include "chain/transactions.h"

/* An address, or nothing: then it is a creation. */
bool zk_next_to(bytes_t *rest, evm_transaction *call);

/* Who signed; false where r or s is out of range, s is in the upper half (EIP-2), or no key fits. */
bool zk_signer(address_t *signer, const hash_t *digest, const u256 *r, const u256 *s, uint32_t parity);

/* Each takes what follows the type byte; call, raw, hash and type of `tx` are zeros, but for raw and type. */
bool zk_decode_eip712(const u256 *chain_id, bytes_t body, const address_t *sender, zk_transaction *tx);
bool zk_decode_system(const u256 *chain_id, bytes_t body, zk_transaction *tx);
bool zk_decode_priority(bytes_t body, zk_transaction *tx);

#endif
