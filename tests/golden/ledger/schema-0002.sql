CREATE TABLE requests (
            seq           INTEGER PRIMARY KEY AUTOINCREMENT,
            id            TEXT    NOT NULL UNIQUE,
            at            REAL    NOT NULL,
            session       TEXT    NOT NULL,
            account       TEXT    NOT NULL,
            requested     TEXT    NOT NULL,
            answered      TEXT    NOT NULL,
            served_by     TEXT    NOT NULL,
            why           TEXT    NOT NULL,
            outcome       TEXT    NOT NULL,
            status        INTEGER NOT NULL,
            input         INTEGER NOT NULL,
            output        INTEGER NOT NULL,
            cache_read    INTEGER NOT NULL,
            cache_write   INTEGER NOT NULL,
            first_token_s REAL,
            duration_s    REAL    NOT NULL
        , notes TEXT NOT NULL DEFAULT '[]');
CREATE INDEX requests_at ON requests (at);
INSERT INTO requests VALUES (1, 'req_1', 1800000000.5, 'session', 'account', 'claude', 'tiny',
    'local', 'the 5-hour limit', 'ok', 200, 10, 20, 30, 40, NULL, 1.5, '[]');
PRAGMA user_version = 2;
