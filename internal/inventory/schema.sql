-- Schema 1 of the inventory, as docs/inventory.md explains it. It is read by
-- SQLite and by PostgreSQL. Days are YYYY-MM-DD and times RFC 3339, both in UTC;
-- '' is a time that is not known.

-- What was read in one go: by a sensor from its start to its end, or one capture.
CREATE TABLE runs (
  id      BIGINT NOT NULL PRIMARY KEY,
  sensor  TEXT   NOT NULL,
  kind    TEXT   NOT NULL, -- live, capture
  source  TEXT   NOT NULL, -- interfaces, or the file
  reading BIGINT NOT NULL, -- the process that wrote it
  frames  BIGINT NOT NULL, -- read so far
  version TEXT   NOT NULL, -- of clearbind
  started TEXT   NOT NULL,
  written TEXT   NOT NULL  -- the last time
);

CREATE TABLE days (
  run          BIGINT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  day          TEXT   NOT NULL,
  first_packet TEXT   NOT NULL,
  last_packet  TEXT   NOT NULL,
  PRIMARY KEY (run, day)
);

-- What one client did at one server as one identity.
CREATE TABLE uses (
  run                      BIGINT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  day                      TEXT   NOT NULL,
  client                   TEXT   NOT NULL,
  server                   TEXT   NOT NULL,
  port                     BIGINT NOT NULL,
  identity                 TEXT   NOT NULL,
  first_seen               TEXT   NOT NULL,
  last_seen                TEXT   NOT NULL,
  last_finding             TEXT   NOT NULL,
  connections_none         BIGINT NOT NULL,
  connections_sasl_signed  BIGINT NOT NULL,
  connections_sasl_sealed  BIGINT NOT NULL,
  connections_tls          BIGINT NOT NULL,
  operations_none          BIGINT NOT NULL,
  operations_sasl_signed   BIGINT NOT NULL,
  operations_sasl_sealed   BIGINT NOT NULL,
  operations_tls           BIGINT NOT NULL,
  operations_unsigned      BIGINT NOT NULL,
  writes                   BIGINT NOT NULL,
  passwords                BIGINT NOT NULL,
  binds_refused            BIGINT NOT NULL,
  stronger_auth_required   BIGINT NOT NULL,
  confidentiality_required BIGINT NOT NULL,
  channel_binding_missing  BIGINT NOT NULL,
  PRIMARY KEY (run, day, client, server, port, identity)
);

-- The same, where there is a number for each of a set.
CREATE TABLE use_counts (
  run      BIGINT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  day      TEXT   NOT NULL,
  client   TEXT   NOT NULL,
  server   TEXT   NOT NULL,
  port     BIGINT NOT NULL,
  identity TEXT   NOT NULL,
  kind     TEXT   NOT NULL, -- bind, mechanism, tls, finding
  name     TEXT   NOT NULL, -- simple/none, GSSAPI, 1.2, cleartext-bind
  count    BIGINT NOT NULL,
  PRIMARY KEY (run, day, client, server, port, identity, kind, name)
);

-- Accounts whose password could be read.
CREATE TABLE accounts (
  run        BIGINT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  day        TEXT   NOT NULL,
  account    TEXT   NOT NULL,
  count      BIGINT NOT NULL,
  accepted   BIGINT NOT NULL, -- 1: at least once it was the right password
  first_seen TEXT   NOT NULL,
  last_seen  TEXT   NOT NULL,
  PRIMARY KEY (run, day, account)
);

CREATE TABLE account_peers (
  run     BIGINT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  day     TEXT   NOT NULL,
  account TEXT   NOT NULL,
  role    TEXT   NOT NULL, -- client, server
  address TEXT   NOT NULL,
  PRIMARY KEY (run, day, account, role, address)
);

-- Keyed hashes of passwords, where --secret-fingerprint-key was given.
CREATE TABLE account_fingerprints (
  run         BIGINT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  day         TEXT   NOT NULL,
  account     TEXT   NOT NULL,
  fingerprint TEXT   NOT NULL,
  count       BIGINT NOT NULL,
  PRIMARY KEY (run, day, account, fingerprint)
);

-- Searches that could be read, without their values.
CREATE TABLE queries (
  run        BIGINT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  day        TEXT   NOT NULL,
  query      TEXT   NOT NULL, -- a hash of scope and filter
  scope      TEXT   NOT NULL,
  filter     TEXT   NOT NULL,
  base       TEXT   NOT NULL, -- of the first
  count      BIGINT NOT NULL,
  first_seen TEXT   NOT NULL,
  last_seen  TEXT   NOT NULL,
  PRIMARY KEY (run, day, query)
);

CREATE TABLE query_clients (
  run    BIGINT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  day    TEXT   NOT NULL,
  query  TEXT   NOT NULL,
  client TEXT   NOT NULL,
  PRIMARY KEY (run, day, query, client)
);

CREATE TABLE hours (
  run                     BIGINT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  day                     TEXT   NOT NULL,
  hour                    TEXT   NOT NULL, -- its start
  passwords               BIGINT NOT NULL,
  connections_none        BIGINT NOT NULL,
  connections_sasl_signed BIGINT NOT NULL,
  connections_sasl_sealed BIGINT NOT NULL,
  connections_tls         BIGINT NOT NULL,
  operations_none         BIGINT NOT NULL,
  operations_sasl_signed  BIGINT NOT NULL,
  operations_sasl_sealed  BIGINT NOT NULL,
  operations_tls          BIGINT NOT NULL,
  PRIMARY KEY (run, day, hour)
);

CREATE TABLE findings (
  run      BIGINT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  day      TEXT   NOT NULL,
  rule     TEXT   NOT NULL,
  severity TEXT   NOT NULL,
  count    BIGINT NOT NULL,
  PRIMARY KEY (run, day, rule, severity)
);

-- What was read, and what could not be.
CREATE TABLE counters (
  run   BIGINT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  day   TEXT   NOT NULL,
  name  TEXT   NOT NULL,
  value BIGINT NOT NULL,
  PRIMARY KEY (run, day, name)
);
