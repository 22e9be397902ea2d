PRAGMA user_version = 5;
CREATE TABLE sessions (
              id TEXT PRIMARY KEY NOT NULL,
              created_at INTEGER NOT NULL,
              doc TEXT NOT NULL
          ) STRICT;
CREATE TABLE evidence (
              session TEXT NOT NULL,
              n INTEGER NOT NULL,
              at INTEGER NOT NULL,
              source TEXT NOT NULL,
              state TEXT NOT NULL,
              text TEXT NOT NULL,
              PRIMARY KEY (session, n)
          ) STRICT, WITHOUT ROWID;
CREATE TABLE notices (
              n INTEGER PRIMARY KEY AUTOINCREMENT,
              at INTEGER NOT NULL,
              level TEXT NOT NULL,
              text TEXT NOT NULL
          ) STRICT;
CREATE TABLE set_aside (
              n INTEGER PRIMARY KEY AUTOINCREMENT,
              from_table TEXT NOT NULL,
              id TEXT NOT NULL,
              raw TEXT NOT NULL,
              why TEXT NOT NULL,
              at INTEGER NOT NULL
          ) STRICT;
CREATE TABLE receipts (
              n INTEGER PRIMARY KEY,
              at INTEGER NOT NULL,
              settled_at INTEGER,
              session TEXT NOT NULL,
              occasion TEXT NOT NULL,
              kind TEXT NOT NULL,
              channel TEXT NOT NULL,
              title TEXT NOT NULL,
              text TEXT NOT NULL,
              delivery TEXT NOT NULL,
              pending INTEGER NOT NULL,
              UNIQUE (session, occasion, channel)
          ) STRICT;
CREATE INDEX receipts_pending ON receipts (n) WHERE pending;
CREATE TABLE switches (name TEXT PRIMARY KEY NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE permissions (
              id TEXT PRIMARY KEY NOT NULL,
              at INTEGER NOT NULL,
              session TEXT NOT NULL,
              agent TEXT NOT NULL,
              project TEXT NOT NULL,
              allows INTEGER NOT NULL,
              tool TEXT NOT NULL,
              what TEXT NOT NULL,
              exactly TEXT NOT NULL
          , identity TEXT) STRICT, WITHOUT ROWID;
CREATE TABLE routines (
              id TEXT PRIMARY KEY NOT NULL,
              name TEXT NOT NULL UNIQUE,
              definition TEXT,
              standing TEXT NOT NULL
          ) STRICT;
CREATE TABLE looks (
              one INTEGER PRIMARY KEY CHECK (one = 1),
              doc TEXT NOT NULL
          ) STRICT;
CREATE TABLE occurrences (
              n INTEGER PRIMARY KEY AUTOINCREMENT,
              id TEXT NOT NULL UNIQUE,
              routine TEXT NOT NULL,
              trigger TEXT,
              due_at INTEGER,
              event_key TEXT,
              idempotency_key TEXT,
              open INTEGER NOT NULL,
              missed INTEGER NOT NULL,
              counts INTEGER NOT NULL,
              claimed_at INTEGER,
              finished_at INTEGER,
              doc TEXT NOT NULL
          ) STRICT;
CREATE UNIQUE INDEX occurrences_due ON occurrences (routine, due_at)
              WHERE due_at IS NOT NULL;
CREATE UNIQUE INDEX occurrences_event ON occurrences (routine, trigger, event_key)
              WHERE event_key IS NOT NULL;
CREATE UNIQUE INDEX occurrences_key ON occurrences (routine, trigger, idempotency_key)
              WHERE idempotency_key IS NOT NULL;
CREATE INDEX occurrences_open ON occurrences (n) WHERE open;
CREATE INDEX occurrences_of ON occurrences (routine, n);
CREATE TABLE occurrence_events (
              occurrence TEXT NOT NULL,
              n INTEGER NOT NULL,
              at INTEGER NOT NULL,
              text TEXT NOT NULL,
              PRIMARY KEY (occurrence, n)
          ) STRICT, WITHOUT ROWID;
CREATE INDEX occurrences_event_of ON occurrences (routine, event_key)
                  WHERE event_key IS NOT NULL;
CREATE INDEX occurrences_key_of ON occurrences (routine, idempotency_key)
                  WHERE idempotency_key IS NOT NULL;
CREATE TABLE tokens (
              id TEXT PRIMARY KEY NOT NULL,
              routine TEXT NOT NULL,
              doc TEXT NOT NULL
          ) STRICT;
CREATE TABLE deliveries (
              n INTEGER PRIMARY KEY AUTOINCREMENT,
              id TEXT NOT NULL UNIQUE,
              routine TEXT NOT NULL,
              at INTEGER NOT NULL,
              guid TEXT,
              doc TEXT NOT NULL
          ) STRICT;
CREATE INDEX deliveries_of ON deliveries (routine, n);
CREATE INDEX deliveries_at ON deliveries (at);
CREATE INDEX deliveries_guid ON deliveries (routine, guid) WHERE guid IS NOT NULL;
CREATE TABLE remembered (
              name TEXT PRIMARY KEY NOT NULL,
              value TEXT NOT NULL
          ) STRICT, WITHOUT ROWID;
INSERT INTO sessions (id, created_at, doc) VALUES ('00000001', 1, '{"id":"00000001","sessionId":"00000001-0000-4000-8000-000000000000","name":"it''s job 1","namedByUser":true,"work":{"type":"shell","command":"make ''all''"},"cwd":"/src","firstPrompt":"make ''all''","createdAt":1,"state":{"type":"completed","result":"42"},"stateSince":1750000000123,"liveness":{"type":"gone","since":1750000000123},"stopping":false,"retiring":false,"going":null,"restarts":0,"cut":null,"renewing":null,"endSeen":false,"pinned":false,"line":"last line","lineAt":1750000000123,"pullRequests":[],"exitCode":null,"journalSeq":0}');
INSERT INTO sessions (id, created_at, doc) VALUES ('00000002', 2, '{"id":"00000002","sessionId":"00000002-0000-4000-8000-000000000000","name":"it''s job 2","namedByUser":true,"work":{"type":"shell","command":"make ''all''"},"cwd":"/src","firstPrompt":"make ''all''","createdAt":2,"state":{"type":"failed","error":"exit 3","trouble":null},"stateSince":1750000000123,"liveness":{"type":"gone","since":1750000000123},"stopping":false,"retiring":false,"going":null,"restarts":0,"cut":null,"renewing":null,"endSeen":false,"pinned":false,"line":"last line","lineAt":1750000000123,"pullRequests":[],"exitCode":3,"journalSeq":0}');
INSERT INTO sessions (id, created_at, doc) VALUES ('00000003', 3, '{"id":"00000003","sessionId":"00000003-0000-4000-8000-000000000000","name":"it''s job 3","namedByUser":true,"work":{"type":"agent","agent":"rehearsal","surface":"conversation","model":null,"permissionMode":"ask","agentSessionId":"s-1","prompts":[{"n":1,"text":"prompt 1\n…","state":"sent","at":1750000000123},{"n":2,"text":"prompt 2\n…","state":"queued","at":1750000000123}],"nextPrompt":3,"answers":[],"continues":null,"usage":null,"interrupts":null},"cwd":"/src","firstPrompt":"make ''all''","createdAt":3,"state":{"type":"needs_input","needs":[{"id":"need-1","kind":"question","question":"Which colour?","detail":"","options":[],"freeText":true,"since":1750000000123,"unshownBytes":0,"answered":null}]},"stateSince":1750000000123,"liveness":{"type":"alive","pid":7,"since":1750000000123},"stopping":false,"retiring":false,"going":null,"restarts":0,"cut":null,"renewing":null,"endSeen":false,"pinned":false,"line":"last line","lineAt":1750000000123,"pullRequests":[],"exitCode":null,"journalSeq":0}');
INSERT INTO sessions (id, created_at, doc) VALUES ('00000004', 4, '{"id":"00000004","sessionId":"00000004-0000-4000-8000-000000000000","name":"it''s job 4","namedByUser":true,"work":{"type":"shell","command":"make ''all''"},"cwd":"/src","firstPrompt":"make ''all''","createdAt":4,"state":{"type":"stopped"},"stateSince":1750000000123,"liveness":{"type":"unknown","why":"/proc","since":1750000000123},"stopping":false,"retiring":false,"going":null,"restarts":0,"cut":null,"renewing":null,"endSeen":false,"pinned":false,"line":"last line","lineAt":1750000000123,"pullRequests":[],"exitCode":null,"journalSeq":0}');
INSERT INTO evidence (session, n, at, source, state, text) VALUES ('00000001', 1, 1750000000123, 'user', 'done', 'by User');
INSERT INTO evidence (session, n, at, source, state, text) VALUES ('00000001', 2, 1750000000123, 'protocol', 'done', 'by Protocol');
INSERT INTO evidence (session, n, at, source, state, text) VALUES ('00000001', 3, 1750000000123, 'process', 'done', 'by Process');
INSERT INTO evidence (session, n, at, source, state, text) VALUES ('00000001', 4, 1750000000123, 'supervisor', 'done', 'by Supervisor');
INSERT INTO notices (n, at, level, text) VALUES (1, 1750000000123, 'warning', 'it was set aside');
INSERT INTO routines (id, name, definition, standing) VALUES ('trig_1', 'triage', '+++
schedule = ''x''
+++
work', '{"hash":"ab","marks":{"triggers":{},"latest_ms":0,"machine":"","looked_ms":0,"boot":"","epoch_ms":0,"own_zone":null},"paused":{"since_ms":7,"note":"it''s late"},"disabled":false,"gone":false,"since_ms":5,"told_ms":null,"forgotten_ms":null}');
INSERT INTO occurrences (n, id, routine, trigger, due_at, event_key, idempotency_key, open, missed, counts, claimed_at, finished_at, doc) VALUES (1, 'run_1', 'trig_1', 'schedule 0 9 * * *', 1750000000000, NULL, NULL, 1, 0, 1, NULL, NULL, '{"occurrence":{"id":"run_1","routine":"trig_1","origin":{"kind":"schedule","trigger":"schedule 0 9 * * *","due_ms":1750000000000},"state":"due","reason":null,"late_cause":null,"not_before_ms":null,"attempt":0,"claimed_ms":null,"started_ms":null,"finished_ms":null,"session":null,"error":null,"outcome":null,"outcome_reason":null,"definition_hash":null},"one_off":false,"denials":["Run: rm"]}');
INSERT INTO tokens (id, routine, doc) VALUES ('tok_1', 'trig_1', '{"id":"tok_1","routine":"trig_1","kind":"fire","secret":"ab","previous":["cd",9],"created_ms":1,"rotated_ms":2,"last_used_ms":3}');
INSERT INTO deliveries (n, id, routine, at, guid, doc) VALUES (1, 'dlv_1', 'trig_1', 1750000000000, 'g-1', '{"id":"dlv_1","routine":"trig_1","at_ms":1750000000000,"kind":"api","verdict":"accepted","status":200,"reason":null,"headers":{"user-agent":"curl"},"body":"{}","text":"it''s","event":null,"checked":true,"guid":"g-1","occurrence":"run_1"}');
INSERT INTO remembered (name, value) VALUES ('intake-address', '127.0.0.1:1');
