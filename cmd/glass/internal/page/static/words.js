// Numbers, times and events as people say them.

const counts = new Intl.NumberFormat("en-US");

// count is a whole number: 12,345; from a million on 1.2 M.
export function count(n) {
  if (!n) return "0";
  if (n < 1e6) return counts.format(Math.round(n));
  for (const [size, unit] of [[1e12, "T"], [1e9, "G"], [1e6, "M"]]) {
    if (n >= size) return (n / size).toFixed(n / size < 10 ? 2 : 1) + " " + unit;
  }
}

// rate is messages a second; a blank zero keeps a quiet table quiet.
export function rate(n) {
  if (!n || n < 0.05) return "0";
  if (n < 10) return n.toFixed(1);
  return n < 10000 ? counts.format(Math.round(n)) : n < 1e6 ? (n / 1e3).toFixed(1) + " k" : (n / 1e6).toFixed(2) + " M";
}

export function bytes(n) {
  if (!n) return "0 B";
  for (const [size, unit] of [[2 ** 40, "TiB"], [2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"]]) {
    if (n >= size) return (n / size).toFixed(n / size < 10 ? 1 : 0) + " " + unit;
  }
  return n + " B";
}

// span is a length of time, from milliseconds: "3.2 s", "4 min", "2 d 3 h".
export function span(ms) {
  if (ms < 1) return ms.toFixed(2) + " ms";
  if (ms < 1000) return (ms < 10 ? ms.toFixed(1) : Math.round(ms)) + " ms";
  const s = ms / 1000;
  if (s < 10) return s.toFixed(1) + " s";
  if (s < 60) return Math.floor(s) + " s";
  const m = Math.floor(s / 60);
  if (m < 60) return m + " min" + (m < 10 && s % 60 >= 1 ? " " + Math.floor(s % 60) + " s" : "");
  const hours = Math.floor(m / 60);
  if (hours < 24) return hours + " h" + (m % 60 ? " " + (m % 60) + " min" : "");
  return Math.floor(hours / 24) + " d" + (hours % 24 ? " " + (hours % 24) + " h" : "");
}

// ago is how long before now a moment was; "" for none.
export function ago(when, now) {
  const at = moment(when);
  if (!at) return "";
  const ms = now - at;
  return ms < 1500 ? "now" : span(Math.floor(ms / 1000) * 1000) + " ago";
}

export function moment(when) {
  if (!when || when.startsWith?.("0001")) return null;
  return when instanceof Date ? when : new Date(when);
}

const pad = (n, width = 2) => String(n).padStart(width, "0");

// clock is the local time of day, to the millisecond.
export function clock(when, fraction = true) {
  const d = moment(when);
  if (!d) return "";
  return `${pad(d.getHours())}:${pad(d.getMinutes())}:${pad(d.getSeconds())}${fraction ? "." + pad(d.getMilliseconds(), 3) : ""}`;
}

export function day(when) {
  const d = moment(when);
  return d ? `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())}` : "";
}

// bare is an endpoint or address without the scheme that nearly all have.
export const bare = (endpoint) => (endpoint ?? "").replace(/^tcp:\/\//, "");

// capital begins a sentence; an address stays as it is.
export const capital = (words) => (/^[a-z]+:\/\//.test(words) ? words : words.charAt(0).toUpperCase() + words.slice(1));

export const plural = (n, one, many = one + "s") => `${count(n)} ${n === 1 ? one : many}`;

const who = (e) => e.peer_id || bare(e.remote) || "a peer";
const peerOf = (e) => [e.peer_type, e.peer_id, bare(e.remote)].filter(Boolean).join(" ") || "a peer";

// sentences say what happened, where no why does it.
const sentences = {
  listening: (e) => `listens on ${bare(e.local || e.endpoint)}`,
  connected: (e) => `reached ${bare(e.remote || e.endpoint)}`,
  connect_delayed: (e) => `is dialling ${bare(e.endpoint)}`,
  connect_retried: (e) => `will try ${bare(e.endpoint)} again in ${span(e.interval_ms ?? 0)}`,
  connect_failed: (e) => `could not reach ${bare(e.endpoint)}`,
  accepted: (e) => `took in a connection from ${who(e)}`,
  closed: (e) => (e.side === "bind" ? `no longer listens on ${bare(e.endpoint)}` : `ended its attempt at ${bare(e.endpoint)}`),
  disconnected: (e) => `lost ${peerOf(e)}`,
  local_closed: (e) => `closed its connection with ${peerOf(e)}`,
  unbound: (e) => `no longer uses ${bare(e.endpoint)}`,
  monitor_stopped: () => "is closed",
  handshake_succeeded: (e) => `is ready to talk with ${peerOf(e)}${e.mechanism && e.mechanism !== "NULL" ? ", over " + e.mechanism : ""}`,
  handshake_failed_protocol: (e) => `could not agree with ${who(e)}`,
  handshake_failed_auth: (e) => `refused ${who(e)}, or was refused`,
  handshake_failed_no_detail: (e) => `lost ${who(e)} in the handshake`,
  bind_failed: (e) => `could not listen on ${bare(e.endpoint)}`,
  accept_failed: (e) => `could not take in a connection on ${bare(e.endpoint)}`,
  gave_up: (e) => `gave up dialling ${bare(e.endpoint)}`,
  queue_full: (e) => `has a full queue for ${who(e)}`,
  queue_drained: (e) => `has room again for ${who(e)}`,
  messages_dropped: (e) => `dropped ${plural(e.n ?? 1, "message")} for ${who(e)}`,
  dropped: (e) => `dropped ${plural(e.n ?? 1, "message")} for ${who(e)}`,
  subscribed: (e) => `${who(e)} subscribes to ${e.topic ? `“${e.topic}”` : "everything"}`,
  unsubscribed: (e) => `${who(e)} no longer wants ${e.topic ? `“${e.topic}”` : "everything"}`,
  identity_conflict: (e) => `met two peers that are called ${e.peer_id ? `“${e.peer_id}”` : "the same"}`,
  heartbeat_timeout: (e) => `heard no heartbeat from ${who(e)}`,
  lost: (e) => `${plural(e.n ?? 1, "event")} came too fast and were lost`,
  gap: (e) => `${e.n ? plural(e.n, "event") : "some events"} were not shown here`,
};

// sentence is an event in words, beside the name of its socket.
export function sentence(e) {
  if (e.event === "condition") return (e.state === "cleared" ? "over: " : "") + conditionName(e);
  return sentences[e.event]?.(e) ?? e.event.replaceAll("_", " ");
}

const conditionNames = {
  server_down: "Nobody listens there",
  black_hole: "Connections vanish without an answer",
  accepts_then_closes: "The server closes every connection",
  flapping: "A connection keeps breaking",
  slow_subscriber: "A subscriber is too slow",
  silent_stream: "A stream has gone silent",
  handshake_failing: "Handshakes keep failing",
  identity_conflict: "Two peers have one identity",
  fd_pressure: "File descriptors run out",
  drops: "Messages are dropped",
};

export const conditionName = (c) => conditionNames[c.condition] ?? c.condition.replaceAll("_", " ");

// socketName is what people call a socket: its own name, else its type.
export const socketName = (r) => r.sock_name || `${r.sock_type || "socket"}${r.sock ? " " + r.sock : ""}`;

// endpointState is an endpoint's state in words.
export function endpointState(e, now) {
  switch (e.state) {
    case "waiting": {
      const next = moment(e.next_try);
      return next && next > now ? `tries again in ${span(next - now)}` : "tries again";
    }
    case "connecting":
      return e.attempt > 1 ? `connecting, attempt ${e.attempt}` : "connecting";
    case "gave_up":
      return "gave up";
    default:
      return e.state ?? "";
  }
}

// level is how an endpoint's state is coloured.
export const level = (e) => ({ listening: "ok", connected: "ok", connecting: "faint", waiting: "warn", gave_up: "error" })[e.state] ?? "faint";
