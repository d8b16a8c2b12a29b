/* The state alone, for tests to drive by scripts: steps, each a byte and what it takes. */
#include "block_harness.h"

enum {
    BEGIN,
    TAKE_BACK,
    FINISH,
    SNAPSHOT,
    REVERT,
    SET_BALANCE,
    SET_NONCE,
    SET_CODE,
    SET_SLOT,
    SET_TRANSIENT,
    TOUCH,
    CREATE,
    DOOM,
    WARM_ADDRESS,
    WARM_KEY,
    READ_ACCOUNT,
    READ_SLOT,
    READ_TRANSIENT,
    ROOT,
    TOUCHED,
};

typedef struct {
    const uint8_t *at;
    uint32_t snapshots[64], snapshot_count;
} script;

static const uint8_t *next(script *steps, size_t size) {
    const uint8_t *at = steps->at;
    steps->at += size;
    return at;
}

static u256 next_word(script *steps) {
    u256 word;
    u256_from_bytes(&word, next(steps, 32));
    return word;
}

static void put_touched(chain *c) {
    uint32_t count;
    const zk_touched *touched = zk_state_touched(c->state, &count);
    put_u32(&c->out, zk_state_created_code(c->state));
    put_u32(&c->out, count);
    for (uint32_t i = 0; i < count; i++) {
        put(&c->out, &touched[i].account->address, sizeof(address_t));
        put_u32(&c->out, touched[i].key != NULL);
        if (touched[i].key) put_u256(&c->out, touched[i].key);
        put_u32(&c->out, zk_state_differs(c->state, &touched[i]));
    }
}

static void put_account(chain *c, evm_account *account) {
    const evm_code *code = ZK_STATE.code(c->state, account);
    const bool flags[] = {account->exists, account->is_warm, account->is_created, account->is_doomed,
                          account->has_storage};
    uint32_t bits = 0;
    for (uint32_t i = 0; i < sizeof flags; i++) bits |= (uint32_t)flags[i] << i;
    put_u32(&c->out, bits);
    put_u64(&c->out, account->nonce);
    put_u256(&c->out, &account->balance);
    put_sized(&c->out, (bytes_t){code->bytes, code->size});
}

/* Steps without an address. */
static bool whole_step(chain *c, script *steps, uint8_t step) {
    hash_t root;
    if (step == BEGIN) zk_state_begin(c->state);
    else if (step == TAKE_BACK) zk_state_take_back(c->state);
    else if (step == FINISH) ZK_STATE.finish(c->state);
    else if (step == SNAPSHOT) steps->snapshots[steps->snapshot_count++] = ZK_STATE.snapshot(c->state);
    else if (step == REVERT) ZK_STATE.revert(c->state, steps->snapshots[--steps->snapshot_count]);
    else if (step == TOUCHED) put_touched(c);
    else if (step == ROOT) {
        zk_state_root(c->state, &root, NULL);
        put(&c->out, &root, sizeof root);
    } else return false;
    return true;
}

static void account_step(chain *c, script *steps, uint8_t step, evm_account *account) {
    const evm_state_ops *ops = &ZK_STATE;
    zk_state *state = c->state;
    u256 word;
    uint64_t nonce;
    uint32_t size;
    switch (step) {
    case SET_BALANCE: word = next_word(steps); ops->set_balance(state, account, &word); break;
    case SET_NONCE: memcpy(&nonce, next(steps, 8), 8); ops->set_nonce(state, account, nonce); break;
    case SET_CODE:
        memcpy(&size, next(steps, 4), 4);
        ops->set_code(state, account, (bytes_t){next(steps, size), size});
        break;
    case TOUCH: ops->touch(state, account); break;
    case CREATE: ops->create(state, account); break;
    case DOOM: ops->doom(state, account); break;
    case READ_ACCOUNT: put_account(c, account); break;
    default: abort();
    }
}

static void slot_step(chain *c, script *steps, uint8_t step, evm_account *account) {
    const evm_state_ops *ops = &ZK_STATE;
    const u256 key = next_word(steps);
    u256 word;
    if (step == READ_TRANSIENT) {
        ops->transient(c->state, account, &key, &word);
        put_u256(&c->out, &word);
    } else if (step == READ_SLOT) {
        const evm_slot *slot = ops->slot(c->state, account, &key);
        put_u256(&c->out, &slot->value);
        put_u256(&c->out, &slot->original);
        put_u32(&c->out, slot->is_warm);
    } else {
        word = next_word(steps);
        if (step == SET_SLOT) ops->set_slot(c->state, account, ops->slot(c->state, account, &key), &word);
        else ops->set_transient(c->state, account, &key, &word);
    }
}

int blocks_script(chain *c, const uint8_t *from, uint32_t size) {
    script steps = {.at = from};
    ENTER(c);
    while (steps.at < from + size) {
        const uint8_t step = *next(&steps, 1);
        address_t address;
        if (whole_step(c, &steps, step)) continue;
        memcpy(&address, next(&steps, sizeof address), sizeof address);
        if (step == WARM_ADDRESS) {
            ZK_STATE.warm_address(c->state, &address);
        } else if (step == WARM_KEY) {
            const u256 key = next_word(&steps);
            ZK_STATE.warm_key(c->state, &address, &key);
        } else {
            evm_account *account = ZK_STATE.account(c->state, &address);
            bool is_slot = step == SET_SLOT || step == READ_SLOT || step == SET_TRANSIENT || step == READ_TRANSIENT;
            (is_slot ? slot_step : account_step)(c, &steps, step, account);
        }
    }
    return 0;
}
