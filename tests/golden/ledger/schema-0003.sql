BEGIN TRANSACTION;
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
        , notes TEXT NOT NULL DEFAULT '[]', project TEXT NOT NULL DEFAULT '', saved INTEGER NOT NULL DEFAULT 0, switched INTEGER NOT NULL DEFAULT 0);
INSERT INTO "requests" VALUES(1,'req_1',1800000000.5,'session','account','claude','tiny','local','the 5-hour limit','ok',200,10,20,30,40,NULL,1.5,'[]','',1,0);
CREATE INDEX requests_at ON requests (at);
CREATE INDEX requests_session ON requests (session);
CREATE INDEX requests_switched ON requests (seq) WHERE switched = 1;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('requests',1);
COMMIT;
PRAGMA user_version = 3;
