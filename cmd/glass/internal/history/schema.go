package history

// applicationID marks the file as ours (pragma application_id): "glas".
const applicationID = 0x676c6173

// version is the schema's (pragma user_version). A file of a later one is not touched.
const version = 1

// schema is what a new file is made of. Operators read it with the sqlite3 shell: times are nanoseconds since 1970, and the
// view readable has them, and the words, as people read them.
//
// An event is known by (inst, sock, seq): numbers of events count per socket. What has no number, such as a condition, has
// NULL there, which the index takes for different each time; its number is id, as everybody's. The indexes over conn, peer
// and user are partial, because most sockets' events have no user, and many no peer. Nothing here is younger than SQLite 3.15:
// an old shell refuses a file of which it does not understand one word.
//
// IF NOT EXISTS is for two agents that begin one file at the same moment.
const schema = `
CREATE TABLE IF NOT EXISTS events (
	id        INTEGER PRIMARY KEY,
	inst      TEXT NOT NULL,
	sock      INTEGER NOT NULL,
	seq       INTEGER,
	ts        INTEGER NOT NULL,
	event     TEXT NOT NULL,
	sev       TEXT NOT NULL,
	app       TEXT NOT NULL,
	sock_name TEXT NOT NULL,
	conn      TEXT NOT NULL,
	remote    TEXT NOT NULL,
	peer_id   TEXT NOT NULL,
	user_id   TEXT NOT NULL,
	reason    TEXT NOT NULL,
	json      TEXT NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS events_known ON events(inst, sock, seq);
CREATE INDEX IF NOT EXISTS events_ts ON events(ts);
CREATE INDEX IF NOT EXISTS events_conn ON events(conn) WHERE conn <> '';
CREATE INDEX IF NOT EXISTS events_peer ON events(peer_id) WHERE peer_id <> '';
CREATE INDEX IF NOT EXISTS events_user ON events(user_id) WHERE user_id <> '';

CREATE TABLE IF NOT EXISTS samples (
	ts        INTEGER NOT NULL,
	inst      TEXT NOT NULL,
	sock      INTEGER NOT NULL,
	app       TEXT NOT NULL,
	sock_name TEXT NOT NULL,
	sock_type TEXT NOT NULL,
	tx_msgs   INTEGER NOT NULL,
	rx_msgs   INTEGER NOT NULL,
	dropped   INTEGER NOT NULL,
	tx_queue  INTEGER NOT NULL,
	rx_queue  INTEGER NOT NULL,
	peers     INTEGER NOT NULL,
	PRIMARY KEY (inst, sock, ts)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS samples_ts ON samples(ts);

CREATE TABLE IF NOT EXISTS outbox (
	sink TEXT PRIMARY KEY,
	id   INTEGER NOT NULL
) WITHOUT ROWID;

CREATE VIEW IF NOT EXISTS readable AS SELECT id,
	strftime('%Y-%m-%d %H:%M:%f', ts / 1e9, 'unixepoch') AS utc, sev, app,
	coalesce(nullif(sock_name, ''), json_extract(json, '$.sock_type')) AS socket,
	event, reason, remote, peer_id, json_extract(json, '$.why') AS why, json_extract(json, '$.hint') AS hint
FROM events;
`
