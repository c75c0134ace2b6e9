// One connection, and the life of its peer across all of them.

import { h, s } from "./dom.js";
import { store } from "./store.js";
import { here } from "./app.js";
import { ask, change } from "./stream.js";
import { head, facts, Cards, socketAddress } from "./parts.js";
import { peerName } from "./connections.js";
import { Feed } from "./events.js";
import { ago, bare, bytes, clock, count, day, moment, rate, socketName, span } from "./words.js";

export function connection(main) {
  const [, inst, n] = here().parts;
  const key = `${inst}/${n}`;
  const top = head();
  top.from("Connections", here().to("connections"));
  const cards = new Cards();
  const known = h("dl", { class: "facts" });
  const socketLink = h("a", { class: "button" });
  const end = h("button", { type: "button", hidden: true, onclick: () => endIt(inst, key, said) }, "End this connection");
  const said = h("span", { class: "soft", role: "status" });
  const lives = h("section", { class: "lives" });
  const feed = new Feed({ conn: key });
  main.append(top.el, cards.el, known, h("p", { class: "actions" }, socketLink, end, said), lives, feed.el);
  let asked = -Infinity; // when the timeline was asked for

  return {
    ofEvents: true,
    draw() {
      const ended = store.now.closed.find((c) => c.conn === key);
      const c = store.now.connections.get(key) ?? ended;
      feed.draw();
      if (!c) {
        top.set("Connection " + n, store.now.at ? "It has ended, too long ago for the list of those that ended lately. Its events may still be known." : "");
        return;
      }
      top.set(peerName(c), `${c.peer_type || "a peer"} of ${socketName(c)}, ${ended ? "ended " + ago(c.ended, store.clock) : (c.ready ? "ready" : "in the handshake") + ", since " + ago(c.since, store.clock)}`);
      cards.set(store.now.conditions.filter((x) => x.state !== "cleared" && x.conn === key));
      end.hidden = !!ended || !!store.past || store.about.own !== inst;
      socketLink.href = socketAddress(c);
      socketLink.textContent = `Socket ${socketName(c)}`;
      drawFacts(known, c, ended);
      const peer = c.peer_id || c.user_id || host(c.remote);
      // The history is some milliseconds behind, on a busy disk more: until it knows this connection it is asked again soon.
      const wait = lives.firstChild ? 30000 : 2000;
      if (peer && store.about.history && performance.now() > asked + wait) {
        asked = performance.now();
        timeline(lives, peer, c.peer_id || c.user_id ? null : c);
      }
    },
  };
}

async function endIt(inst, conn, said) {
  try {
    await change("/api/v1/conn/close", { inst, conn });
    said.textContent = "It ends. Who dialled may come back.";
  } catch (err) {
    said.textContent = err.message;
  }
}

// host is an address without its port: by it a peer is known again that comes back from another port.
const host = (address) => bare(address).replace(/:\d+$/, "");

function drawFacts(el, c, ended) {
  facts(el, [
    ["Remote", bare(c.remote)], ["Local", bare(c.local)], ["Endpoint", c.endpoint],
    ["Dialled by", c.side === "bind" ? "the peer" : c.side ? "us" : ""],
    ["Security", [c.mechanism, c.user_id && `user ${c.user_id}`].filter(Boolean).join(", ")], ["ZMTP", c.zmtp],
    ["Identity", c.peer_id], ["Its process", c.peer_app], ["Its socket", c.peer_sock && socketName(store.now.sockets.get(c.peer_sock) ?? {})],
    ["In", `${count(c.rx_msgs)} messages, ${bytes(c.rx_bytes)}`], ["Out", `${count(c.tx_msgs)} messages, ${bytes(c.tx_bytes)}`],
    ["Now", ended ? "" : `${rate(c.rx_rate)} in, ${rate(c.tx_rate)} out a second`],
    ["Queued", ended ? "" : `${count(c.rx_queue)} in, ${count(c.tx_queue)} out`], ["Dropped", count(c.dropped)],
    ["Subscriptions", c.subscriptions ? count(c.subscriptions) : ""], ["Round trip", c.rtt_ms ? span(c.rtt_ms) : ""],
    ["Ended by", ended && [c.who, c.reason].filter(Boolean).join(", ")], ["Why", ended && c.why], ["Lasted", c.dur_ms ? span(c.dur_ms) : ""],
  ]);
}

// timeline draws a peer's lives: a bar for each connection, from its beginning to its end. A peer without a name is known by its
// host, where others may live as well: of those only the connections with the same socket are meant.
async function timeline(el, peer, nameless) {
  let t;
  try {
    t = await (await ask(`/api/v1/timeline?peer=${encodeURIComponent(peer)}`)).json();
  } catch {
    return; // without a history there is no timeline, and the rest of the view stands
  }
  const lives = (t.lives ?? []).filter((l) => !nameless || (l.inst === nameless.inst && l.sock === nameless.sock));
  if (!lives.length) return;
  const lanes = spread(lives);
  const end = store.clock.getTime();
  const begin = Math.min(...lives.map((l) => moment(l.from) ?? end));
  const x = (when) => (1000 * ((moment(when) ?? end) - begin)) / Math.max(1, end - begin);
  el.replaceChildren(h("h2", { class: "title" }, "Timeline of " + peer, h("span", { class: "note" }, `${lives.length} ${lives.length === 1 ? "connection" : "connections"} since ${day(begin ? new Date(begin) : null)} ${clock(new Date(begin), false)}`)),
    s("svg", { class: "lifeline", viewBox: `0 0 1000 ${4 + lanes * 14}`, height: 4 + lanes * 14, preserveAspectRatio: "none", role: "img", "aria-label": `${lives.length} connections of ${peer}` },
      lives.map((l) => s("rect", { x: x(l.from), width: Math.max(2, x(l.to) - x(l.from)), y: 4 + l.lane * 14, height: 10, class: l.to && moment(l.to) ? "past" : "now" }, s("title", {}, lifeWords(l))))),
    h("ol", { class: "life-list" }, lives.slice(-12).reverse().map((l) => h("li", { class: moment(l.to) ? "" : "now" }, h("time", { class: "mono" }, clock(l.from, false)), h("span", {}, lifeWords(l))))));
}

// spread puts lives that overlap into lanes of their own, and says how many lanes there are.
function spread(lives) {
  const free = []; // when each lane is free again
  for (const l of lives) {
    const from = moment(l.from) ?? 0;
    const found = free.findIndex((until) => until <= from);
    l.lane = found >= 0 ? found : Math.min(free.length, 5);
    free[l.lane] = moment(l.to) ?? Infinity;
  }
  return free.length;
}

function lifeWords(l) {
  const to = moment(l.to);
  const lasted = span((to ?? store.clock) - moment(l.from));
  return to ? `${lasted}, then ${(l.reason || "ended").replaceAll("_", " ")}` : `for ${lasted}, and still`;
}
