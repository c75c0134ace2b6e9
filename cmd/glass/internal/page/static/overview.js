// The first view: is all well, what is not, and the sockets.

import { h, text } from "./dom.js";
import { store } from "./store.js";
import { Table } from "./table.js";
import { spark } from "./chart.js";
import { here, go } from "./app.js";
import { head, filters, matches, wordsOf, distinct, ofChosenApp, socketAddress, Cards, named, number, filled, appOf } from "./parts.js";
import { row as eventRow } from "./events.js";
import { ago, bare, capital, count, endpointState, level, plural, rate, socketName, moment } from "./words.js";
import { welcome } from "./welcome.js";

const searched = ["sock_name", "sock_type", "app", (s) => (s.endpoints ?? []).map((e) => e.endpoint + " " + (e.bound ?? "") + " " + e.state).join(" ")];

const columns = [
  { name: "name", label: "Socket", width: "minmax(150px, 1.1fr)", sort: (s) => socketName(s).toLowerCase(), draw: (cell, s) => named(cell, socketName(s), [s.sock_type, appOf(s)].join(" · "), socketAddress(s)) },
  { name: "endpoint", label: "Endpoints", width: "minmax(200px, 1.6fr)", sort: (s) => s.endpoints?.[0]?.endpoint ?? "", draw: endpoints },
  { name: "peers", label: "Peers", width: "70px", align: "num", sort: (s) => s.connections ?? 0, draw: peers },
  { name: "in", label: "In /s", width: "80px", align: "num", sort: (s) => s.rx_rate ?? 0, draw: (cell, s) => number(cell, s.rx_rate ?? 0, rate) },
  { name: "out", label: "Out /s", width: "80px", align: "num", sort: (s) => s.tx_rate ?? 0, draw: (cell, s) => number(cell, s.tx_rate ?? 0, rate) },
  { name: "minute", label: "Last minute", width: "108px", align: "trend", draw: (cell, s) => spark(cell, s.history ?? [], store.clock), title: () => "messages a second: in, and lighter, out" },
  { name: "queue", label: "Queued", width: "84px", align: "num queue", sort: waiting, draw: (cell, s) => filled(cell, waiting(s), limit(s)) },
  { name: "dropped", label: "Dropped", width: "84px", align: "num", sort: (s) => s.dropped ?? 0, draw: (cell, s) => number(cell, s.dropped ?? 0, count, "warn") },
  { name: "last", label: "Last message", width: "104px", align: "num soft", sort: (s) => -(moment(s.last_message) ?? 0), text: (s) => ago(s.last_message, store.clock) || (store.past ? "" : "none yet") },
];

function waiting(s) {
  return (s.tx_queue ?? 0) + (s.rx_queue ?? 0);
}

// limit is the mark of the side that waits, times its peers: a socket's queue is one to each.
function limit(s) {
  return ((s.tx_queue ?? 0) >= (s.rx_queue ?? 0) ? s.tx_hwm ?? 0 : s.rx_hwm ?? 0) * Math.max(1, s.connections ?? 1);
}

function peers(cell, s) {
  const all = s.connections ?? 0, ready = s.ready ?? all;
  number(cell, all);
  text(cell, ready === all ? count(all) : `${count(ready)} of ${count(all)}`);
}

function endpoints(cell, s) {
  const [first, ...more] = s.endpoints ?? [];
  if (!cell.firstChild) cell.append(h("span", { class: "where mono" }), h("small", { class: "state" }));
  text(cell.firstChild, first ? bare(first.bound || first.endpoint) : "no endpoint");
  const words = first ? endpointState(first, store.clock) : "";
  text(cell.lastChild, words + (more.length ? `${words ? ", " : ""}and ${plural(more.length, "more", "more")}` : ""));
  cell.title = first?.error ? `attempt ${first.attempt || 1}: ${first.error}` : "";
  const worst = [first, ...more].filter(Boolean).map(level);
  cell.lastChild.dataset.level = ["error", "warn", "faint", "ok"].find((l) => worst.includes(l)) ?? "faint";
}

export function overview(main) {
  const top = head("Overview");
  const cards = new Cards();
  const totals = h("dl", { class: "totals" });
  const bar = filters("Search sockets", [{ name: "type", label: "All types", options: () => distinct(store.now.sockets.values(), "sock_type") }]);
  const table = new Table({ label: "Sockets", columns, key: (s) => s.key, sort: "name", height: 46, open: (s) => go(socketAddress(s)) });
  const title = h("h2", { class: "title" }, "Sockets", h("span", { class: "note" }));
  const recent = h("div", { class: "feed" });
  const lately = h("section", {}, h("h2", { class: "title" }, "Lately", h("a", { href: here().to("events") }, "All events")), recent);
  const body = h("div", {}, cards.el, totals, title, bar.el, table.el, lately);
  const empty = h("div", { hidden: true });
  main.append(top.el, body, empty);
  table.attach(main);

  return {
    table,
    ofEvents: true,
    close: () => table.detach(),
    draw() {
      const now = store.now;
      const all = [...now.sockets.values()].filter((s) => !s.closed && ofChosenApp(s));
      const conditions = folded(now.conditions.filter((c) => c.state !== "cleared" && ofChosenApp(c)));
      const nothing = now.at && !all.length && !conditions.length;
      body.hidden = nothing;
      empty.hidden = !nothing;
      if (!now.at) return top.set("Overview", store.link === "lost" ? "The agent does not answer." : "");
      if (nothing) {
        top.set("Nothing to watch yet", "");
        if (!empty.firstChild) empty.append(welcome());
        return;
      }
      top.set(headline(conditions), summary(all));
      cards.set(conditions);
      drawTotals(totals, all);
      const q = wordsOf(here().get("q")), type = here().get("type");
      const rows = all.filter((s) => (!type || s.sock_type === type) && matches(s, q, searched));
      bar.el.hidden = all.length < 8 && !q.length && !type;
      bar.draw(rows.length === all.length ? "" : `${count(rows.length)} of ${count(all.length)}`);
      text(title.lastChild, plural(all.length, "socket") + " open");
      table.set(rows, "No socket matches.");
      drawLately(lately, recent);
    },
  };
}

// folded tells of a peer that is too slow, and of what is dropped for it, as one thing: it is one.
function folded(conditions) {
  const whose = (c) => [c.inst, c.sock, c.remote].join(" ");
  const drops = new Map();
  for (const c of conditions) if (c.condition === "drops" && c.remote) drops.set(whose(c), c);
  const told = new Set();
  const slow = (c) => {
    const more = c.condition === "slow_subscriber" && drops.get(whose(c));
    if (!more) return c;
    told.add(more);
    return { ...c, why: `${c.why}. ${capital(more.why)}` };
  };
  return conditions.map(slow).filter((c) => !told.has(c));
}

const small = ["No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten"];

function headline(conditions) {
  const n = conditions.length;
  if (!n) return "All is well";
  return `${small[n] ?? n} ${n === 1 ? "thing needs" : "things need"} attention`;
}

function summary(sockets) {
  const apps = new Set(sockets.map((s) => s.inst));
  const n = sockets.reduce((sum, s) => sum + (s.connections ?? 0), 0);
  return `${plural(sockets.length, "socket")} in ${plural(apps.size, "process", "processes")}, ${plural(n, "connection")}`;
}

function drawTotals(el, sockets) {
  const sum = (f) => sockets.reduce((n, s) => n + (s[f] ?? 0), 0);
  const dropped = sum("dropped"), queued = sum("tx_queue") + sum("rx_queue");
  const cells = [["Messages in", rate(sum("rx_rate")), "/s"], ["Messages out", rate(sum("tx_rate")), "/s"], ["Queued", count(queued), ""], ["Dropped", count(dropped), "", dropped ? "warn" : ""]];
  if (!el.firstChild) el.append(...cells.map(() => h("div", {}, h("dt", {}), h("dd", {}, h("span", {}), h("small", {})))));
  cells.forEach(([name, value, unit, bad], i) => {
    const cell = el.children[i];
    text(cell.firstChild, name);
    text(cell.lastChild.firstChild, value);
    text(cell.lastChild.lastChild, unit);
    cell.dataset.level = bad ?? "";
  });
}

// drawLately shows the last few events that are more than routine, or any if there are none of those.
function drawLately(section, el) {
  const shown = store.past ? [] : store.events.filter(ofChosenApp);
  const grave = shown.filter((e) => e.sev === "warn" || e.sev === "error" || e.event === "condition");
  const rows = (grave.length ? grave : shown).slice(-6).reverse();
  section.hidden = !rows.length;
  const state = rows.map((e) => e.key).join();
  if (el.dataset.state === state) return;
  el.dataset.state = state;
  el.replaceChildren(...rows.map((e) => eventRow(e)));
}
