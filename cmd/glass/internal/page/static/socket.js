// One socket: its rates, its endpoints, its peers, and what happened to it.

import { h, text, attr } from "./dom.js";
import { store } from "./store.js";
import { Chart } from "./chart.js";
import { here, refine } from "./app.js";
import { ask } from "./stream.js";
import { head, facts, Cards } from "./parts.js";
import { connectionTable } from "./connections.js";
import { Feed } from "./events.js";
import { ago, bare, count, endpointState, level, plural, rate, socketName, moment } from "./words.js";

export function socket(main) {
  const [, inst, sock] = here().parts;
  const key = `${inst}/${sock}`;
  const top = head();
  top.from("Overview", here().to("overview"));
  const cards = new Cards();
  const known = h("dl", { class: "facts" });
  const rates = new Chart("Messages a second over the last minute", ["in", "out"]);
  const queue = new Chart("Messages queued over the last minute", ["queued"], count);
  const range = ranges(key, (data) => {
    rates.set([data[0], data[1], data[2]]);
    queue.set([data[0], data[3]]);
  });
  const ends = h("ul", { class: "endpoints" });
  const table = connectionTable("Peers of this socket", ["socket"]);
  const peersTitle = h("h2", { class: "title" }, "Peers", h("span", { class: "note" }));
  const feed = new Feed({ inst, sock: Number(sock) });
  const missing = h("p", { class: "empty", hidden: true }, "There is no such socket, or it has closed. What happened to it is below.");
  const body = h("div", {}, cards.el, known, range.el, h("div", { class: "charts" }, figure("Messages a second", rates), figure("Queued", queue)),
    h("h2", { class: "title" }, "Endpoints"), ends, peersTitle, table.el);
  main.append(top.el, missing, body, feed.el);
  table.attach(main);

  return {
    table,
    ofEvents: true,
    close() {
      table.detach();
      rates.close();
      queue.close();
    },
    draw() {
      const s = store.now.sockets.get(key);
      missing.hidden = !!s || !store.now.at;
      body.hidden = !s;
      feed.draw();
      if (!s) return top.set("Socket", "");
      top.set(socketName(s), [s.sock_type, s.app, s.closed ? "closed" : moment(s.since) && "opened " + ago(s.since, store.clock)].filter(Boolean).join(" · "));
      cards.set(store.now.conditions.filter((c) => c.state !== "cleared" && c.inst === inst && String(c.sock) === sock));
      drawFacts(known, s);
      range.draw(s);
      drawEndpoints(ends, s.endpoints ?? []);
      const peers = [...store.now.connections.values()].filter((c) => c.inst === inst && String(c.sock) === sock);
      text(peersTitle.lastChild, peers.length ? plural(peers.length, "connection") : "");
      table.set(peers, "Nobody is connected.");
    },
  };
}

const figure = (title, chart) => h("figure", {}, h("figcaption", {}, title), chart.el);

function drawFacts(el, s) {
  facts(el, [
    ["In", `${count(s.rx_msgs)} messages`], ["Out", `${count(s.tx_msgs)} messages`],
    ["Now", `${rate(s.rx_rate)} in, ${rate(s.tx_rate)} out a second`],
    ["Queued in", s.rx_hwm ? `${count(s.rx_queue)} (mark ${count(s.rx_hwm)} a peer)` : count(s.rx_queue)],
    ["Queued out", s.tx_hwm ? `${count(s.tx_queue)} (mark ${count(s.tx_hwm)} a peer)` : count(s.tx_queue)],
    ["Dropped", count(s.dropped)], ["Last message", ago(s.last_message, store.clock) || "none yet"],
  ]);
}

// ranges lets choose what the charts show: the minute that the page has, or more of it from the history. show gets columns:
// seconds, in, out, queued.
function ranges(key, show) {
  const all = [["", "Minute"], ["1h", "Hour", 3600, "10s"], ["24h", "Day", 86400, "2m"], ["168h", "Week", 604800, "15m"]];
  const chips = h("div", { class: "chips", role: "group", "aria-label": "What the charts show" }, all.map(([value, words]) => h("button", { type: "button", "data-range": value, onclick: () => refine({ range: value }) }, words)));
  let fetched = "", busy = false;

  async function fetchSamples([value, , seconds, step]) {
    const end = store.past?.at ?? new Date();
    const state = value + Math.floor(end / 10000); // samples are of ten seconds
    if (busy || fetched === state) return;
    busy = true;
    const query = new URLSearchParams({ sock: key, since: new Date(end - seconds * 1000).toISOString(), until: end.toISOString(), step });
    const samples = await ask("/api/v1/samples?" + query).then((r) => r.json()).then((r) => r.samples ?? [], () => []);
    busy = false;
    fetched = state;
    if (here().get("range") === value) show([samples.map((p) => new Date(p.t) / 1000), samples.map((p) => p.rx_rate), samples.map((p) => p.tx_rate), samples.map((p) => p.rx_queue + p.tx_queue)]);
  }

  return {
    el: chips,
    draw(s) {
      chips.hidden = !store.about.history;
      const chosen = all.find(([value]) => value === here().get("range")) ?? all[0];
      for (const b of chips.children) attr(b, "aria-pressed", b.dataset.range === chosen[0] ? "true" : "false");
      if (chosen[0] && store.about.history) return void fetchSamples(chosen);
      fetched = "";
      const minute = s.history ?? [];
      show([minute.map((p) => new Date(p.t) / 1000), minute.map((p) => p.rx ?? 0), minute.map((p) => p.tx ?? 0), minute.map((p) => p.queue ?? 0)]);
    },
  };
}

function drawEndpoints(el, list) {
  while (el.children.length > list.length) el.lastChild.remove();
  list.forEach((e, i) => {
    if (!el.children[i]) el.append(h("li", {}, h("span", { class: "state" }), h("span", { class: "mono" }), h("span", { class: "soft" })));
    const [state, where, why] = el.children[i].children;
    text(state, endpointState(e, store.clock));
    attr(state, "data-level", level(e));
    text(where, bare(e.endpoint) + (e.bound && e.bound !== e.endpoint ? " as " + bare(e.bound) : ""));
    text(why, [e.attempt > 1 && `attempt ${e.attempt}`, e.error].filter(Boolean).join(": "));
  });
  if (!list.length && !el.children.length) el.append(h("li", { class: "soft" }, "It is neither bound nor connected."));
}

