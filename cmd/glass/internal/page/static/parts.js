// What several views are made of: the head, the filters, a condition, a cell.

import { h, text, attr } from "./dom.js";
import { store } from "./store.js";
import { here, refine } from "./app.js";
import { showMoments } from "./dialogs.js";
import { ago, capital, clock, conditionName, count } from "./words.js";

// head is the title of a view, a line under it, and on its right the moment that is shown.
export function head(title = "") {
  const crumb = h("p", { class: "crumb", hidden: true });
  const name = h("h1", {}, title);
  const sub = h("p", { class: "sub" });
  const moment = h("button", { type: "button", class: "moment", title: "Show another moment (@)", onclick: showMoments });
  return {
    el: h("header", { class: "head" }, h("div", {}, crumb, name, sub), moment),
    set(t, s) {
      text(name, t);
      text(sub, s ?? "");
      text(moment, (store.past ? "At " : "Now ") + clock(store.clock, false));
      if (document.title !== `${t} · glass`) document.title = `${t} · glass`;
    },
    // from says which view this one is a part of.
    from(label, href) {
      crumb.hidden = false;
      crumb.replaceChildren(h("a", { href }, label));
    },
  };
}

// filters are a search field and choices, kept in the address. choices: [{name, label, options: () => [[value, words]…]}]
export function filters(placeholder, choices = []) {
  const field = h("input", { type: "search", placeholder, "aria-label": placeholder, autocomplete: "off", spellcheck: "false", oninput: () => refine({ q: field.value }) });
  const selects = choices.map((c) => h("select", { "aria-label": c.label, onchange: (e) => refine({ [c.name]: e.target.value }) }));
  const found = h("span", { class: "found", role: "status" });
  return {
    el: h("div", { class: "filters", role: "search" }, h("div", { class: "field" }, field, h("kbd", {}, "/")), selects, found),
    draw(words) {
      const q = here().get("q");
      if (field.value !== q) field.value = q;
      choices.forEach((c, n) => options(selects[n], c, here().get(c.name)));
      text(found, words);
    },
  };
}

// options are those that there are now; a chosen one stays, also if nothing is of it any more.
function options(select, choice, chosen) {
  const all = choice.options();
  if (chosen && !all.some(([value]) => value === chosen)) all.push([chosen, chosen]);
  const state = JSON.stringify(all);
  if (select.dataset.state !== state) {
    select.dataset.state = state;
    select.replaceChildren(h("option", { value: "" }, choice.label), ...all.map(([value, words]) => h("option", { value }, words)));
  }
  if (select.value !== chosen) select.value = chosen;
}

// distinct are the values of a field, for choices.
export function distinct(rows, field) {
  const all = new Set();
  for (const row of rows) if (row[field]) all.add(row[field]);
  return [...all].sort().map((v) => [v, v]);
}

const said = new WeakMap(); // rows are replaced when they change, so what was said of one holds

// matches says whether a row has all words of a search somewhere in it.
export function matches(row, words, fields) {
  if (!words.length) return true;
  let all = said.get(row);
  if (all === undefined) {
    all = fields.map((f) => (typeof f === "function" ? f(row) : row[f]) ?? "").join(" ").toLowerCase();
    said.set(row, all);
  }
  return words.every((w) => all.includes(w));
}

export const wordsOf = (q) => q.toLowerCase().split(/\s+/).filter(Boolean);

// appOf is under which name the side lists a row's process.
export function appOf(row) {
  const i = store.now.instances.get(row.inst);
  return row.app || i?.app || i?.host || row.inst;
}

export const ofChosenApp = (row) => !here().get("app") || appOf(row) === here().get("app");

// address is where a row's own view is.
export const socketAddress = (r) => here().to("socket", r.inst, String(r.sock));
export const connectionAddress = (c) => here().to("connection", ...c.conn.split("/"));

// card is a condition: what is wrong, with whom, why, and what to do.
export function card(c) {
  const subject = [c.sock_name || c.sock_type, c.peer_id || c.peer || c.remote || c.endpoint].filter(Boolean).join(" → ");
  return h("article", { class: "card " + (c.sev || "warn") },
    h("div", { class: "card-head" }, h("h3", {}, conditionName(c)), subject && h("a", { class: "subject mono", href: c.sock ? socketAddress(c) : here().to("overview") }, subject), h("span", { class: "since", "data-since": c.since }, "")),
    c.why && h("p", {}, capital(c.why)), c.hint && h("p", { class: "hint" }, h("b", {}, "What to do"), " ", capital(c.hint)));
}

// Cards keep the elements of conditions that last, and say how long.
export class Cards {
  el = h("div", { class: "cards" });

  set(conditions) {
    const order = { error: 0, warn: 1 };
    const all = [...conditions].sort((a, b) => (order[a.sev] ?? 2) - (order[b.sev] ?? 2) || (a.since < b.since ? -1 : 1));
    const state = JSON.stringify(all.map((c) => [c.condition, c.inst, c.sock, c.conn, c.endpoint, c.why, c.sev]));
    if (this.el.dataset.state !== state) {
      this.el.dataset.state = state;
      this.el.replaceChildren(...all.map(card));
      this.el.hidden = !all.length;
    }
    for (const since of this.el.querySelectorAll("[data-since]")) text(since, "for " + ago(since.dataset.since, store.clock).replace(" ago", "").replace("now", "a moment"));
  }
}

// facts is a list of names and values; rows: [[name, value or element]…]. What is unknown is left out.
export function facts(el, rows) {
  const known = rows.filter(([, value]) => value !== undefined && value !== null && value !== "");
  const state = JSON.stringify(known.map(([name]) => name));
  if (el.dataset.state !== state) {
    el.dataset.state = state;
    el.replaceChildren(...known.map(([name]) => h("div", {}, h("dt", {}, name), h("dd", {}))));
  }
  known.forEach(([, value], n) => text(el.children[n].lastChild, String(value)));
}

// named draws a name with a softer second line of small words.
export function named(cell, name, small, href) {
  if (!cell.firstChild) cell.append(h("a", { class: "named" }, h("b", {}), h("small", {})));
  const a = cell.firstChild;
  attr(a, "href", href);
  text(a.firstChild, name);
  text(a.lastChild, small ?? "");
}

// level draws a queue against its mark: the number, and a thin bar.
export function filled(cell, n, limit) {
  if (!cell.firstChild) cell.append(h("span", {}), h("i", { class: "bar", "aria-hidden": "true" }, h("i", {})));
  text(cell.firstChild, count(n));
  const share = limit > 0 ? Math.min(1, n / limit) : 0;
  attr(cell, "data-level", share >= 0.95 ? "error" : share >= 0.5 ? "warn" : n > 0 ? "some" : "none");
  const width = (share * 100).toFixed(0) + "%";
  if (cell.lastChild.firstChild.style.width !== width) cell.lastChild.firstChild.style.width = width;
  attr(cell, "title", limit > 0 ? `${count(n)} of ${count(limit)} messages, the mark of one peer` : null);
}

// number draws a count that stands out only if it is not zero.
export function number(cell, n, form = count, bad = "") {
  text(cell, form(n));
  attr(cell, "data-level", n > 0 ? bad || "some" : "none");
}

