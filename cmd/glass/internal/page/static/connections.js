// All connections, however many.

import { store } from "./store.js";
import { Table } from "./table.js";
import { here, go } from "./app.js";
import { head, filters, matches, wordsOf, distinct, ofChosenApp, connectionAddress, named, number, filled, appOf } from "./parts.js";
import { bare, count, plural, rate, socketName, span, moment } from "./words.js";

const searched = ["sock_name", "sock_type", "app", "endpoint", "local", "remote", "peer_type", "peer_id", "user_id", "mechanism", "peer_app", "peer_sock", "conn"];

export const peerName = (c) => c.peer_id || c.peer_app || bare(c.remote) || "not known yet";

const columns = [
  { name: "peer", label: "Peer", width: "minmax(150px, 1.3fr)", sort: (c) => peerName(c).toLowerCase(), draw: (cell, c) => named(cell, peerName(c), [c.peer_type, c.peer_id || c.peer_app ? bare(c.remote) : c.peer_sock].filter(Boolean).join(" · "), connectionAddress(c)) },
  { name: "socket", label: "Socket", width: "minmax(120px, 1fr)", sort: (c) => socketName(c).toLowerCase(), draw: (cell, c) => named(cell, socketName(c), [c.sock_type, appOf(c)].join(" · "), connectionAddress(c)) },
  { name: "state", label: "State", width: "92px", sort: (c) => (c.ready ? 1 : 0), text: (c) => (c.ready ? "ready" : "handshake"), title: (c) => (c.side === "bind" ? "the peer dialled us" : "we dialled the peer") },
  { name: "security", label: "Security", width: "78px", sort: (c) => c.mechanism ?? "", text: (c) => c.mechanism ?? "", title: (c) => c.user_id && `user ${c.user_id}` },
  { name: "in", label: "In /s", width: "76px", align: "num", sort: (c) => c.rx_rate ?? 0, draw: (cell, c) => number(cell, c.rx_rate ?? 0, rate) },
  { name: "out", label: "Out /s", width: "76px", align: "num", sort: (c) => c.tx_rate ?? 0, draw: (cell, c) => number(cell, c.tx_rate ?? 0, rate) },
  { name: "queue", label: "Queued", width: "82px", align: "num queue", sort: (c) => (c.tx_queue ?? 0) + (c.rx_queue ?? 0), draw: queue },
  { name: "dropped", label: "Dropped", width: "80px", align: "num", sort: (c) => c.dropped ?? 0, draw: (cell, c) => number(cell, c.dropped ?? 0, count, "warn") },
  { name: "rtt", label: "Round trip", width: "88px", align: "num soft", sort: (c) => c.rtt_ms ?? 0, text: (c) => (c.rtt_ms ? span(c.rtt_ms) : "") },
  { name: "since", label: "Since", width: "96px", align: "num soft", sort: (c) => -(moment(c.since) ?? 0), text: (c) => (moment(c.since) ? span(Math.max(0, store.clock - moment(c.since))) : "") },
];

function queue(cell, c) {
  const s = store.now.sockets.get(`${c.inst}/${c.sock}`);
  const out = c.tx_queue ?? 0, into = c.rx_queue ?? 0;
  filled(cell, out + into, out >= into ? s?.tx_hwm : s?.rx_hwm);
}

// connectionTable is this table for some of the connections, in other views too.
export function connectionTable(label, without = []) {
  return new Table({ label, columns: columns.filter((c) => !without.includes(c.name)), key: (c) => c.conn, sort: "peer", height: 46, open: (c) => go(connectionAddress(c)) });
}

export function connections(main) {
  const top = head("Connections");
  const all = () => store.now.connections.values();
  const bar = filters("Search peers, addresses, users", [
    { name: "type", label: "All types", options: () => distinct(all(), "sock_type") },
    { name: "state", label: "Any state", options: () => [["ready", "Ready"], ["handshake", "In the handshake"], ["queued", "With messages queued"], ["dropping", "With messages dropped"]] },
    { name: "security", label: "Any security", options: () => distinct(all(), "mechanism") },
  ]);
  const table = connectionTable("Connections");
  main.append(top.el, bar.el, table.el);
  table.attach(main);

  const states = { ready: (c) => c.ready, handshake: (c) => !c.ready, queued: (c) => (c.tx_queue ?? 0) + (c.rx_queue ?? 0) > 0, dropping: (c) => c.dropped > 0 };
  return {
    table,
    close: () => table.detach(),
    draw() {
      const place = here();
      const q = wordsOf(place.get("q")), type = place.get("type"), state = states[place.get("state")], security = place.get("security");
      const rows = [];
      let of = 0, ready = 0;
      for (const c of all()) {
        if (!ofChosenApp(c)) continue;
        of++;
        if (c.ready) ready++;
        if ((type && c.sock_type !== type) || (state && !state(c)) || (security && c.mechanism !== security) || !matches(c, q, searched)) continue;
        rows.push(c);
      }
      const more = store.now.truncated;
      top.set("Connections", `${plural(of, "connection")}, ${ready === of ? "all" : count(ready)} ready` + (more ? `; ${count(more)} more are not shown` : ""));
      bar.draw(rows.length === of ? "" : `${count(rows.length)} of ${count(of)}`);
      table.set(rows, of ? "No connection matches." : "No connection. A socket that dials without success is in the overview, with the reason; what ended is in the events.");
    },
  };
}

