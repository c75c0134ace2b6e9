// The page: which view there is, and what stands around it.
//
//  1. the address after # says the view, its filters and the moment: every view is a link
//  2. the stream fills the store, the store tells the view
//  3. keys and the side lead from view to view

import { h, text, attr, isTyping } from "./dom.js";
import { store, Truth } from "./store.js";
import * as stream from "./stream.js";
import { clock, day, count } from "./words.js";
import { overview } from "./overview.js";
import { connections } from "./connections.js";
import { connection } from "./connection.js";
import { socket } from "./socket.js";
import { events } from "./events.js";
import { topology } from "./topology.js";
import { showKeys, showMoments } from "./dialogs.js";
import { login } from "./login.js";

const views = { overview, connections, events, topology, socket, connection };
const listed = [["overview", "Overview", "o"], ["connections", "Connections", "c"], ["events", "Events", "e"], ["topology", "Topology", "t"]];
const main = document.getElementById("main");

// ---- the address

// A Place is the address after #: "#/connections?app=x" is the view connections, of one app.
export class Place {
  constructor(hash) {
    const [path, query] = hash.replace(/^#\/?/, "").split("?");
    this.parts = path.split("/").filter(Boolean).map(decodeURIComponent);
    this.view = views[this.parts[0]] ? this.parts[0] : "overview";
    this.query = new URLSearchParams(query ?? "");
  }

  get(name) {
    return this.query.get(name) ?? "";
  }

  // with is the address of the same view, filtered otherwise.
  with(changes) {
    const query = new URLSearchParams(this.query);
    for (const [name, value] of Object.entries(changes)) {
      if (value) query.set(name, value);
      else query.delete(name);
    }
    const text = query.toString();
    return "#/" + this.parts.map(encodeURIComponent).join("/") + (text ? "?" + text : "");
  }

  // to is the address of another view; the moment and the process go along.
  to(...parts) {
    const kept = new URLSearchParams();
    for (const name of ["at", "app"]) if (this.get(name)) kept.set(name, this.get(name));
    return "#/" + parts.map(encodeURIComponent).join("/") + (kept.size ? "?" + kept : "");
  }
}

let place = new Place(location.hash), shown;

export const here = () => place;
export const go = (address) => { location.hash = address; };

// refine changes the filters of this view, without a step in the browser's history for each letter.
export function refine(changes) {
  history.replaceState(null, "", place.with(changes));
  route();
}

async function route() {
  const before = place;
  place = new Place(location.hash);
  if (before.get("at") !== place.get("at") || (place.get("at") && !store.past)) await travel(place.get("at"));
  const same = shown && before.parts.join("/") === place.parts.join("/");
  if (!same) {
    shown?.close?.();
    main.replaceChildren();
    main.scrollTop = 0;
    shown = views[place.view](main);
  }
  draw();
  if (!same && !isTyping(document.activeElement)) main.focus({ preventScroll: true });
}

// travel goes to a moment, or with "" back to the present.
async function travel(at) {
  store.past = null;
  if (!at) return;
  try {
    store.past = new Truth().read(await (await stream.ask(`/api/v1/state?at=${encodeURIComponent(at)}`)).json());
    store.past.at = new Date(at);
  } catch (err) {
    store.past = Object.assign(new Truth(), { at: new Date(at), error: err.message });
  }
}

// ---- what stands around the view

function draw() {
  drawSide();
  drawBanner();
  shown?.draw?.();
  attr(document.body, "data-ready", store.now.at ? "true" : null);
}

const nav = document.getElementById("nav");
nav.append(...listed.map(([view, label, key]) => h("li", {}, h("a", { "data-view": view, "aria-keyshortcuts": "g " + key }, h("span", {}, label), h("span", { class: "count" })))));

function drawSide() {
  const now = store.now;
  const trouble = now.conditions.filter((c) => c.state !== "cleared");
  const worst = trouble.some((c) => c.sev === "error") ? "error" : trouble.length ? "warn" : "";
  const numbers = { overview: trouble.length ? String(trouble.length) : "", connections: count(now.connections.size), events: "", topology: "" };
  for (const a of nav.querySelectorAll("a")) {
    const view = a.dataset.view;
    attr(a, "href", place.to(view));
    attr(a, "aria-current", view === place.view ? "page" : null);
    text(a.lastChild, numbers[view]);
    attr(a.lastChild, "class", "count " + (view === "overview" ? worst : ""));
    attr(a.lastChild, "title", view === "overview" && trouble.length ? "conditions that last" : null);
  }
  drawProcesses(now);
  const words = { live: "live", connecting: "connecting", lost: "connection lost, retrying" };
  const link = document.getElementById("link");
  text(link, store.past ? "a moment of the past" : words[store.link]);
  attr(link, "data-state", store.past ? "past" : store.link);
}

function drawProcesses(now) {
  const list = document.getElementById("processes");
  const apps = new Map();
  for (const i of now.instances.values()) {
    const name = i.app || i.host || i.inst;
    const known = apps.get(name) ?? { name, sockets: 0, gone: true };
    known.gone &&= i.gone;
    apps.set(name, known);
  }
  for (const s of now.sockets.values()) {
    const i = now.instances.get(s.inst);
    const app = apps.get(i?.app || i?.host || s.inst);
    if (app && !s.closed) app.sockets++;
  }
  const chosen = place.get("app");
  const rows = [...apps.values()].sort((a, b) => (a.name < b.name ? -1 : 1)).slice(0, 200);
  const state = JSON.stringify([rows, chosen, place.view]);
  if (list.dataset.state === state) return;
  list.dataset.state = state;
  list.replaceChildren(...rows.map((a) => h("li", {}, h("a", { href: place.with({ app: chosen === a.name ? "" : a.name }), "aria-current": chosen === a.name ? "page" : null, title: a.gone ? "has ended, or is silent" : chosen === a.name ? "show all processes" : `show only ${a.name}` },
    h("span", { class: "name" + (a.gone ? " gone" : "") }, a.name), h("span", { class: "count" }, a.gone ? "" : count(a.sockets))))));
  if (!rows.length) list.append(h("li", { class: "none" }, "none yet"));
}

function drawBanner() {
  const banner = document.getElementById("banner");
  const past = store.past, lost = store.link === "lost";
  const state = past ? "past" + past.at + past.error : lost ? "lost" : "";
  if (banner.dataset.state === state) return;
  banner.dataset.state = state;
  banner.hidden = !state;
  attr(banner, "data-kind", past ? "past" : "lost");
  if (past) {
    banner.replaceChildren(h("span", {}, past.error ? `This moment cannot be shown: ${past.error}` : `As it was on ${day(past.at)} at ${clock(past.at, false)}.`),
      h("button", { class: "quiet", type: "button", onclick: () => step(-60) }, "− 1 min"), h("button", { class: "quiet", type: "button", onclick: () => step(60) }, "+ 1 min"),
      h("button", { class: "quiet", type: "button", onclick: () => go(place.with({ at: "" })) }, "Back to now"));
  } else if (lost) {
    banner.replaceChildren(h("span", {}, "Connection lost, retrying. What you see is the last that was known."));
  }
}

function step(seconds) {
  const at = new Date(store.past.at.getTime() + seconds * 1000);
  go(place.with({ at: at < Date.now() ? at.toISOString() : "" }));
}

// ---- theme and keys

const theme = document.getElementById("theme");
function drawTheme() {
  const chosen = document.documentElement.dataset.theme ?? "";
  text(theme, { "": "Auto", light: "Light", dark: "Dark" }[chosen]);
  attr(theme, "aria-label", `Colours: ${{ "": "as the system", light: "light", dark: "dark" }[chosen]}`);
}
theme.addEventListener("click", () => {
  const next = { "": "dark", dark: "light", light: "" }[document.documentElement.dataset.theme ?? ""];
  if (next) document.documentElement.dataset.theme = next;
  else delete document.documentElement.dataset.theme;
  try { localStorage.setItem("glass.theme", next); } catch { /* forbidden: for this visit only */ }
  drawTheme();
  document.dispatchEvent(new Event("theme"));
});
document.getElementById("help").addEventListener("click", showKeys);

let leader = 0; // when g was pressed
document.addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey || document.querySelector("dialog[open]")) return;
  if (e.key === "Escape") {
    if (isTyping(document.activeElement)) document.activeElement.blur();
    else if (place.parts.length > 1) history.length > 1 ? history.back() : go(place.to("overview"));
    else if (place.get("q")) refine({ q: "" });
    return;
  }
  if (isTyping(e.target)) return;
  const led = Date.now() - leader < 1200;
  leader = e.key === "g" && !led ? Date.now() : 0;
  const view = led && listed.find(([, , key]) => key === e.key);
  const act = view ? () => go(place.to(view[0]))
    : { j: () => shown?.table?.move(1), k: () => shown?.table?.move(-1), Enter: () => shown?.table?.enter(), "/": () => document.querySelector("main input[type=search]")?.focus(), "?": showKeys, "@": showMoments, d: () => theme.click() }[e.key];
  if (!act || (e.key === "Enter" && document.activeElement !== main && document.activeElement !== document.body)) return;
  e.preventDefault();
  act();
});

function unauthorised() {
  shown?.close?.();
  shown = login(main, () => {
    shown = null;
    start();
  });
}

async function start() {
  const probe = await fetch("/api/v1/about", { method: "HEAD" }).catch(() => null);
  if (probe?.status === 401) return unauthorised();
  stream.open(unauthorised);
  route();
}

// A page in the background is forgotten at some time: then it lets go of its stream, of which a browser has few for one host, and
// takes it up again where it was when somebody looks.
const forgotten = 10 * 60 * 1000; // ms
let hidden;
document.addEventListener("visibilitychange", () => {
  clearTimeout(hidden);
  if (document.hidden) hidden = setTimeout(stream.close, forgotten);
  else if (stream.isClosed()) stream.open(unauthorised);
});

store.addEventListener("change", (e) => {
  if (!e.detail.onlyEvents || shown?.ofEvents) draw();
});
addEventListener("hashchange", route);
drawTheme();
start();
