CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    chain_id INTEGER NOT NULL,
    batch_number INTEGER NOT NULL,
    program_id BLOB NOT NULL,
    chain_name TEXT NOT NULL,
    public_input BLOB NOT NULL,
    input_digest TEXT NOT NULL,
    input_bytes INTEGER NOT NULL,
    state TEXT NOT NULL,
    lease INTEGER,                      -- of the latest attempt; it is held only while the state is 'running'
    attempts INTEGER NOT NULL,
    not_before REAL NOT NULL,
    queued_at REAL NOT NULL,
    started_at REAL,
    finished_at REAL,
    worker TEXT,
    error TEXT,
    proof_digest TEXT,
    proof_bytes INTEGER NOT NULL,
    UNIQUE (chain_id, batch_number, program_id)
) STRICT;
CREATE INDEX jobs_by_state ON jobs (state, chain_id, batch_number);
CREATE INDEX jobs_by_lease ON jobs (lease);
CREATE INDEX jobs_by_chain_lease ON jobs (chain_id, lease);
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
INSERT INTO counters VALUES ('lease', 0);
PRAGMA user_version = 1;
