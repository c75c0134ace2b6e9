// What is true now, as the agent says it, and the last events. The stream writes, views read.

const pause = 180; // ms between two drawings
const eventsKept = 5000; // a screen holds forty; who wants more asks history by a time

// A Truth is one snapshot: the present, kept up by changes, or a moment of the past.
export class Truth {
  constructor() {
    this.at = null;
    this.instances = new Map();
    this.sockets = new Map();
    this.connections = new Map();
    this.conditions = [];
    this.closed = [];
    this.truncated = 0;
  }

  // read takes a whole snapshot: GET /api/v1/state.
  read(snapshot) {
    this.at = new Date(snapshot.at);
    this.truncated = snapshot.truncated ?? 0;
    this.instances = keyed(snapshot.instances, "inst");
    this.sockets = keyed(snapshot.sockets, "key");
    this.connections = keyed(snapshot.connections, "conn");
    this.conditions = snapshot.conditions ?? [];
    this.closed = snapshot.closed ?? [];
    return this;
  }

  // change takes in what has changed since the change before.
  change(c) {
    if (c.full) Object.assign(this, new Truth());
    this.at = new Date(c.at);
    if (c.truncated !== undefined) this.truncated = c.truncated;
    for (const row of c.instances ?? []) this.instances.set(row.inst, row);
    for (const row of c.sockets ?? []) this.sockets.set(row.key, extend(this.sockets.get(row.key), row));
    for (const row of c.connections ?? []) this.connections.set(row.conn, row);
    for (const key of c.gone_instances ?? []) this.instances.delete(key);
    for (const key of c.gone_sockets ?? []) this.sockets.delete(key);
    for (const key of c.gone_connections ?? []) this.connections.delete(key);
    if (c.conditions) this.conditions = c.conditions;
    if (c.closed) this.closed = c.closed;
  }
}

const keyed = (rows, key) => new Map((rows ?? []).map((row) => [row[key], row]));

// extend adds the newest seconds of a socket's history to those that are known: a change brings only new ones.
function extend(before, row) {
  const known = before?.history ?? [];
  const last = known.at(-1)?.t ?? "";
  row.history = [...known, ...(row.history ?? []).filter((p) => p.t > last)].slice(-60);
  return row;
}

// The Store is the one place that views read from, and that tells them when to look again.
class Store extends EventTarget {
  live = new Truth();
  past = null; // the Truth of the chosen moment, while one is chosen
  about = {}; // the agent's version, its address for events
  link = "connecting"; // "live", "lost"
  events = []; // oldest first
  seen = new Set(); // (inst, seq) of events: a stream that resumes may repeat some
  #due = {};
  #timer = 0;
  #drawn = 0;

  get now() {
    return this.past ?? this.live;
  }

  // clock is the agent's time now, by which ages are told: this machine's own may be another.
  get clock() {
    return this.now.at ?? new Date();
  }

  add(fact) {
    named(fact);
    if (this.seen.has(fact.key)) return;
    this.seen.add(fact.key);
    this.events.push(fact);
    if (this.events.length > eventsKept * 1.2) {
      for (const old of this.events.splice(0, this.events.length - eventsKept)) this.seen.delete(old.key);
    }
    this.#due.events = true;
    this.changed();
  }

  // changed lets views draw: before the next frame, but not more often than people can read.
  changed(what) {
    if (what) this.#due[what] = true;
    if (this.#timer) return;
    this.#timer = setTimeout(() => {
      requestAnimationFrame(() => {
        const { events, rows } = this.#due;
        this.#due = {};
        this.#timer = 0;
        this.#drawn = performance.now();
        this.dispatchEvent(new CustomEvent("change", { detail: { onlyEvents: events && !rows } }));
      });
    }, Math.max(0, this.#drawn + pause - performance.now()));
  }
}

// named gives a fact its key: events of one socket are numbered, conditions are not.
export function named(fact) {
  fact.key = fact.seq ? `${fact.inst}/${fact.sock}/${fact.seq}` : [fact.inst, fact.ts, fact.event, fact.condition, fact.conn, fact.endpoint, fact.state].join("/");
  return fact;
}

export const store = new Store();
