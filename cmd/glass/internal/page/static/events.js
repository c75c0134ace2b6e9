// What happened, newest first: in words, with the why and what to do.

import { h, text, attr } from "./dom.js";
import { store, named } from "./store.js";
import { here, refine } from "./app.js";
import { lines } from "./stream.js";
import { head, filters, matches, wordsOf, distinct, ofChosenApp } from "./parts.js";
import { capital, clock, day, plural, sentence, socketName } from "./words.js";

const searched = ["event", "sock_name", "sock_type", "app", "endpoint", "local", "remote", "peer_id", "peer_type", "reason", "why", "hint", "condition", "conn", "user_id", "mechanism", sentence];
const page = 200; // rows that are drawn before somebody asks for more

// row is one event: a line, which opens to its keys.
export function row(e) {
  const about = h("div", { class: "about" });
  const el = h("details", { class: "event " + (e.sev ?? "info"), ontoggle: () => el.open && !about.firstChild && about.append(keys(e)) },
    h("summary", {}, h("time", { class: "mono", datetime: e.ts, title: day(e.ts) }, clock(e.ts)), h("span", { class: "dot", "aria-hidden": "true" }),
      h("span", { class: "said" }, h("span", { class: "line" }, e.sock_type && h("b", {}, socketName(e)), " ", sentence(e)),
        e.why && serious(e) && h("span", { class: "why" }, capital(e.why))),
      h("span", { class: "name mono" }, e.event === "condition" ? e.condition : e.event)),
    about);
  return el;
}

const serious = (e) => e.sev === "warn" || e.sev === "error" || e.event === "condition";

// keys are all that an event says, as it came; those that lead on are links.
function keys(e) {
  const { key, ...said } = e;
  const link = (name, value) => {
    if (name === "conn" && String(value).includes("/")) return h("a", { href: here().to("connection", ...value.split("/")) }, value);
    if (name === "sock" && e.inst) return h("a", { href: here().to("socket", e.inst, String(value)) }, String(value));
    return String(typeof value === "object" ? JSON.stringify(value) : value);
  };
  return [
    e.hint && h("p", { class: "hint" }, h("b", {}, "What to do"), " ", capital(e.hint)),
    h("dl", { class: "keys mono" }, Object.entries(said).filter(([name]) => name !== "why" && name !== "hint").map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, link(name, value))))),
  ].filter(Boolean).reduce((all, el) => (all.append(el), all), document.createDocumentFragment());
}

// A List shows the newest of some events, and adds to them on top without drawing the others again.
class List {
  el = h("div", { class: "feed" });
  #keys = [];

  set(newestFirst, most) {
    const rows = newestFirst.slice(0, most);
    const at = this.#keys.length ? rows.findIndex((e) => e.key === this.#keys[0]) : -1;
    const goesOn = at >= 0 && this.#keys.every((k, i) => at + i >= rows.length || rows[at + i].key === k);
    if (goesOn && rows.length - at <= this.#keys.length) {
      if (at > 0) this.el.prepend(...rows.slice(0, at).map(row));
      while (this.el.children.length > rows.length) this.el.lastChild.remove();
    } else {
      this.el.replaceChildren(...rows.map(row));
    }
    this.#keys = rows.map((e) => e.key);
  }
}

// A Feed is the events of one socket or connection, under its view: those of the store and, once, those of history.
export class Feed {
  #list = new List(); #of; #old = []; #title = h("h2", { class: "title" }, "Events", h("span", { class: "note" }));

  constructor(of) {
    this.#of = of;
    this.el = h("section", {}, this.#title, this.#list.el);
    this.#fetch();
  }

  async #fetch() {
    const query = new URLSearchParams({ n: 100, order: "desc" });
    if (this.#of.conn) query.set("conn", this.#of.conn);
    else query.set("sock", `${this.#of.inst}/${this.#of.sock}`);
    if (store.past) query.set("until", store.past.at.toISOString());
    try {
      this.#old = (await lines("/api/v1/events?" + query)).filter((e) => this.#mine(e)).reverse().map(named);
    } catch {
      return; // no history: what the page has seen is all there is
    }
    this.draw();
  }

  #mine(e) {
    return this.#of.conn ? e.conn === this.#of.conn : e.inst === this.#of.inst && e.sock === this.#of.sock;
  }

  draw() {
    const known = new Set(this.#old.map((e) => e.key));
    const live = store.past ? [] : store.events.filter((e) => this.#mine(e) && !known.has(e.key));
    const all = [...this.#old, ...live];
    text(this.#title.lastChild, all.length ? "" : "none that are known");
    this.#list.set(all.slice(-60).reverse(), 60);
  }
}

export function events(main) {
  const top = head("Events");
  const severities = [["", "All"], ["warn", "Warnings"], ["error", "Errors"], ["condition", "Conditions"]];
  const chips = h("div", { class: "chips", role: "group", "aria-label": "Severity" }, severities.map(([value, words]) => h("button", { type: "button", "data-sev": value, onclick: () => refine({ sev: value }) }, words)));
  const bar = filters("Search events", [{ name: "event", label: "All kinds", options: () => distinct(pool(), "event") }, { name: "type", label: "All types", options: () => distinct(pool(), "sock_type") }]);
  bar.el.insertBefore(chips, bar.el.lastChild);
  const fresh = h("button", { type: "button", class: "fresh", hidden: true, onclick: () => { main.scrollTop = 0; draw(); } });
  const list = new List();
  const more = h("button", { type: "button", class: "more", hidden: true, onclick: () => { most += page; draw(); } }, "Show more");
  const empty = h("p", { class: "empty", hidden: true });
  main.append(top.el, bar.el, fresh, list.el, empty, more);
  let old = [], fetched = null, most = page, held = 0, chosen = -1;

  const pool = () => (store.past ? old : old.length ? merged(old, store.events) : store.events);

  // history is asked once for each moment: the store knows only what came since the page was opened.
  async function history() {
    const at = store.past?.at.toISOString() ?? "";
    if (fetched === at) return;
    fetched = at;
    try {
      old = (await lines(`/api/v1/events?n=1000&order=desc${at ? "&until=" + encodeURIComponent(at) : ""}`)).reverse().map(named);
    } catch {
      old = [];
    }
    draw();
  }

  function draw() {
    history();
    const place = here();
    const q = wordsOf(place.get("q")), sev = place.get("sev"), event = place.get("event"), type = place.get("type");
    const all = pool();
    const rows = [];
    for (let i = all.length - 1; i >= 0 && rows.length < most + 1; i--) {
      const e = all[i];
      if (!ofChosenApp(e) || (event && e.event !== event) || (type && e.sock_type !== type) || !severe(e, sev) || !matches(e, q, searched)) continue;
      rows.push(e);
    }
    for (const b of chips.children) attr(b, "aria-pressed", b.dataset.sev === sev ? "true" : "false");
    top.set("Events", store.past ? "What had happened by then, newest first." : all.length ? "Newest first, as they come." : "");
    bar.draw("");
    empty.hidden = rows.length > 0;
    text(empty, all.length ? "No event matches. History has more: glass history --since 1d" : "Nothing has happened yet.");
    more.hidden = rows.length <= most;
    if (main.scrollTop > 120 && !store.past) { // who reads below is not pushed about
      held = rows[0]?.key !== list.first ? rows.findIndex((e) => e.key === list.first) : 0;
      fresh.hidden = held === 0;
      text(fresh, held > 0 ? `${plural(held, "new event")}` : "New events");
      return;
    }
    fresh.hidden = true;
    list.first = rows[0]?.key;
    list.set(rows, most);
  }

  const select = (by) => {
    const all = [...list.el.children];
    const now = all.indexOf(document.activeElement?.closest("details"));
    chosen = Math.max(0, Math.min(all.length - 1, now < 0 ? 0 : now + by));
    const summary = all[chosen]?.firstElementChild;
    summary?.focus();
    summary?.scrollIntoView({ block: "nearest" });
  };
  const unscroll = () => main.scrollTop <= 120 && !fresh.hidden && draw();
  main.addEventListener("scroll", unscroll, { passive: true });
  return { draw, ofEvents: true, close: () => main.removeEventListener("scroll", unscroll), table: { move: select, enter() { document.activeElement?.closest("summary")?.click(); } } };
}

// merged is old and new events in their order, each once.
function merged(old, live) {
  const known = new Set(old.map((e) => e.key));
  return [...old, ...live.filter((e) => !known.has(e.key))];
}

function severe(e, sev) {
  switch (sev) {
    case "condition":
      return e.event === "condition";
    case "error":
      return e.sev === "error";
    case "warn":
      return e.sev === "warn" || e.sev === "error";
    default:
      return true;
  }
}

