/* How many bytes of pubdata a transaction can cause at most: every change counted in its longest form, once for each
   transaction, though a batch carries only final values. */
#ifndef ZK_PUBDATA_BOUND_H
#define ZK_PUBDATA_BOUND_H

enum {
    /* Address, flags, nonce and balance uncompressed, code length, and the header of its group of slots. */
    ZK_BOUND_ACCOUNT = 20 + 1 + 33 + 33 + 4 + 24,
    /* Key, and an uncompressed value with its metadata byte. */
    ZK_BOUND_SLOT = 32 + 33,
    /* Kind, transaction number, sender or hash, and length or status. */
    ZK_BOUND_LOG = 1 + 2 + 32 + 4,
};

#endif
