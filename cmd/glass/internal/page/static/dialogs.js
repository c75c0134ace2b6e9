// What opens over a view: the keys, and the choice of a moment.

import { h } from "./dom.js";
import { store } from "./store.js";
import { go, here } from "./app.js";

function show(...content) {
  const dialog = h("dialog", { onclose: () => dialog.remove(), onclick: (e) => e.target === dialog && dialog.close() }, ...content);
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

const keys = [
  ["j k", "next and previous row"], ["Enter", "open the chosen row"], ["/", "search in this view"], ["Esc", "leave the search, go back"],
  ["g o", "Overview"], ["g c", "Connections"], ["g e", "Events"], ["g t", "Topology"],
  ["@", "show another moment"], ["d", "dark, light, as the system"], ["?", "these keys"],
];

export function showKeys() {
  show(h("h2", {}, "Keys"), h("dl", {}, keys.flatMap(([key, what]) => [h("dt", {}, key.split(" ").flatMap((k) => [h("kbd", {}, k), " "])), h("dd", {}, what)])),
    h("form", { method: "dialog" }, h("button", { autofocus: true }, "Close")));
}

const local = (d) => new Date(d - d.getTimezoneOffset() * 60000).toISOString().slice(0, 19);

// showMoments asks for a moment; views then show what was true at it.
export function showMoments() {
  const now = store.past?.at ?? store.live.at ?? new Date();
  const to = (d) => {
    dialog.close();
    go(here().with({ at: d ? d.toISOString() : "" }));
  };
  const before = (words, seconds) => h("button", { type: "button", onclick: () => to(new Date(now - seconds * 1000)) }, words);
  const field = h("input", { type: "datetime-local", step: "1", value: local(now), max: local(new Date()), required: true, "aria-label": "the moment" });
  const dialog = show(h("h2", {}, "Show another moment"),
    h("form", { onsubmit: (e) => { e.preventDefault(); to(new Date(field.value)); } },
      h("div", { class: "row" }, before("1 min before", 60), before("5 min", 300), before("15 min", 900), before("1 hour", 3600), before("1 day", 86400)),
      h("div", { class: "row" }, field, h("button", {}, "Show"), h("button", { type: "button", onclick: () => to(null) }, "Now"))));
}
