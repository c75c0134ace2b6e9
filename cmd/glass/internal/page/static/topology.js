// Who is connected to whom: sockets as boxes, in layers from those that dial to those that listen.

import { layout, Graph } from "/vendor/dagre.esm.js";
import { h, s, text, attr } from "./dom.js";
import { store } from "./store.js";
import { here } from "./app.js";
import { ask } from "./stream.js";
import { head, filters, wordsOf } from "./parts.js";
import { bare, count, plural, rate } from "./words.js";

const few = 6; // unknown peers of one socket that are drawn one by one; more are one box
const poll = 2000;

export function topology(main) {
  const top = head("Topology");
  const bar = filters("Search sockets and peers");
  const canvas = s("svg", { class: "graph", role: "group", "aria-label": "Sockets and their connections" }, s("g", {}));
  const frame = h("div", { class: "canvas" }, canvas);
  const empty = h("p", { class: "empty", hidden: true }, "No socket is connected to another yet.");
  main.append(top.el, bar.el, frame, empty);
  const view = new View(canvas);
  let graph = null, drawn = "", open = true, timer;

  async function refresh() {
    clearTimeout(timer);
    try {
      graph = gathered(await (await ask("/api/v1/graph" + (store.past ? "?at=" + encodeURIComponent(store.past.at.toISOString()) : ""))).json());
      draw();
    } catch (err) {
      top.set("Topology", err.message);
    }
    if (open && !store.past) timer = setTimeout(refresh, poll);
  }

  function draw() {
    if (!graph) return;
    const q = wordsOf(here().get("q"));
    const { nodes, edges } = filtered(graph, here().get("app"), q);
    top.set("Topology", nodes.length ? `${plural(nodes.filter((n) => n.known).length, "socket")}, ${plural(edges.reduce((n, e) => n + e.conns, 0), "connection")}` : "");
    bar.draw("");
    empty.hidden = nodes.length > 0;
    frame.hidden = nodes.length === 0;
    const shape = JSON.stringify([nodes.map((n) => [n.id, n.label, n.count]), edges.map((e) => [e.from, e.to])]);
    if (shape !== drawn) {
      drawn = shape;
      view.place(nodes, edges);
    }
    view.update(edges);
  }

  refresh();
  let moment = store.past;
  return {
    draw() {
      if (moment !== store.past) {
        moment = store.past;
        graph = null;
        refresh();
      }
      draw();
    },
    close() {
      open = false;
      clearTimeout(timer);
      view.close();
    },
  };
}

// gathered has peers that nobody knows, where one socket has many, as one node; and edges between the same two as one.
function gathered(g) {
  const nodes = new Map((g.nodes ?? []).map((n) => [n.id, { ...n, count: 1 }]));
  const strangers = new Map(); // socket → its peers that are not known
  for (const e of g.edges ?? []) {
    const [socket, peer] = nodes.get(e.to)?.known === false ? [e.from, e.to] : [e.to, e.from];
    if (nodes.get(peer)?.known !== false) continue;
    if (!strangers.has(socket)) strangers.set(socket, []);
    strangers.get(socket).push(peer);
  }
  const renamed = new Map();
  for (const [socket, all] of strangers) {
    if (all.length <= few) continue;
    const id = `peers:${socket}`;
    nodes.set(id, { id, label: `${count(all.length)} peers`, known: false, count: all.length, app: "" });
    for (const peer of all) {
      renamed.set(peer, id);
      nodes.delete(peer);
    }
  }
  const edges = new Map();
  for (const e of g.edges ?? []) {
    const from = renamed.get(e.from) ?? e.from, to = renamed.get(e.to) ?? e.to;
    const key = from + "→" + to;
    const one = edges.get(key) ?? { key, from, to, rate: 0, conns: 0, state: e.state, transport: e.transport, conn: e.conn };
    one.rate += e.rate ?? 0;
    one.conns += e.state === "ready" || e.state === "handshake" ? Math.max(1, Math.ceil((e.conn ?? []).length / (bothKnown(nodes, from, to) ? 2 : 1))) : 0;
    edges.set(key, one);
  }
  return { nodes: [...nodes.values()], edges: [...edges.values()] };
}

// bothKnown: then both ends of a connection are among an edge's.
const bothKnown = (nodes, a, b) => nodes.get(a)?.known && nodes.get(b)?.known;

// filtered leaves what matches, and what that is connected to.
function filtered(g, app, q) {
  if (!app && !q.length) return g;
  const hit = new Set(g.nodes.filter((n) => (!app || n.app === app) && q.every((w) => `${n.label} ${n.type ?? ""} ${n.app ?? ""} ${n.id}`.toLowerCase().includes(w))).map((n) => n.id));
  const edges = g.edges.filter((e) => hit.has(e.from) || hit.has(e.to));
  const near = new Set([...hit, ...edges.flatMap((e) => [e.from, e.to])]);
  return { nodes: g.nodes.filter((n) => near.has(n.id)), edges };
}

const boxHeight = 46;

// A View is the drawing: placed when the shape changes, updated when only rates do, moved and zoomed by hand.
class View {
  #svg; #g; #labels = new Map(); #box = { x: 0, y: 0, k: 1 }; #drag = null; #listeners = new AbortController();

  constructor(svg) {
    this.#svg = svg;
    this.#g = svg.firstChild;
    const on = (name, f, o) => svg.addEventListener(name, f, { signal: this.#listeners.signal, ...o });
    on("wheel", (e) => { if (e.ctrlKey || e.metaKey) { e.preventDefault(); this.#zoom(e); } }, { passive: false });
    on("pointerdown", (e) => { if (!e.target.closest("a")) { this.#drag = { x: e.clientX - this.#box.x, y: e.clientY - this.#box.y }; svg.setPointerCapture(e.pointerId); } });
    on("pointermove", (e) => { if (this.#drag) this.#moveTo({ ...this.#box, x: e.clientX - this.#drag.x, y: e.clientY - this.#drag.y }); });
    on("pointerup", () => { this.#drag = null; });
  }

  close() {
    this.#listeners.abort();
  }

  place(nodes, edges) {
    const g = new Graph({ multigraph: true });
    g.setGraph({ rankdir: "LR", nodesep: 18, ranksep: 150, marginx: 12, marginy: 12 });
    g.setDefaultEdgeLabel(() => ({}));
    for (const n of nodes) g.setNode(n.id, { width: widthOf(n), height: boxHeight, n });
    for (const e of edges) if (g.hasNode(e.from) && g.hasNode(e.to)) g.setEdge(e.from, e.to, {}, e.key);
    layout(g);
    this.#labels.clear();
    const lines = edges.filter((e) => g.hasNode(e.from) && g.hasNode(e.to)).map((e) => this.#edge(e, g.edge(e.from, e.to, e.key)));
    this.#g.replaceChildren(...lines, ...nodes.map((n) => node(n, g.node(n.id))));
    const { width, height } = g.graph();
    const room = this.#svg.clientWidth || 900;
    const k = Math.max(0.45, Math.min(1.15, room / width));
    const tall = Math.max(innerHeight - 230, Math.min(height * k + 24, 6000));
    attr(this.#svg, "height", tall);
    this.#moveTo({ k, x: Math.max(0, (room - width * k) / 2), y: Math.max(0, Math.min(90, (tall - height * k) / 2)) });
  }

  #edge(e, path) {
    const points = path.points;
    const d = points.map((p, i) => (i ? "L" : "M") + p.x.toFixed(1) + " " + p.y.toFixed(1)).join("");
    const mid = points[Math.floor(points.length / 2)];
    const label = s("text", { x: mid.x, y: mid.y - 6, class: "rate", "text-anchor": "middle" });
    const line = s("path", { d: smooth(points) || d, class: "edge" });
    this.#labels.set(e.key, [label, line]);
    return s("g", { class: "link-" + (e.transport ?? "tcp") }, line, label, s("title", {}, `${e.transport ?? ""} ${e.state ?? ""}`.trim()));
  }

  update(edges) {
    for (const e of edges) {
      const [label, line] = this.#labels.get(e.key) ?? [];
      if (!label) continue;
      text(label, e.rate >= 0.05 ? rate(e.rate) + "/s" : { waiting: "nobody answers", connecting: "dialling", gave_up: "gave up" }[e.state] ?? "");
      attr(line, "class", "edge" + (e.state && e.state !== "ready" ? " pending" : "") + (e.rate >= 0.05 ? " busy" : ""));
    }
  }

  #zoom(e) {
    const k = Math.max(0.2, Math.min(2.5, this.#box.k * (e.deltaY < 0 ? 1.12 : 1 / 1.12)));
    const at = this.#svg.getBoundingClientRect();
    const x = e.clientX - at.left, y = e.clientY - at.top, f = k / this.#box.k;
    this.#moveTo({ k, x: x - (x - this.#box.x) * f, y: y - (y - this.#box.y) * f });
  }

  #moveTo(box) {
    this.#box = box;
    attr(this.#g, "transform", `translate(${box.x.toFixed(1)} ${box.y.toFixed(1)}) scale(${box.k.toFixed(3)})`);
  }
}

const second = (n) => (n.known === false ? (n.count > 1 ? "not told of themselves" : "tells nothing of itself") : [n.type, n.app].filter(Boolean).join(" · "));
const first = (n) => bare(n.label) || "a peer";
const widthOf = (n) => Math.max(132, Math.min(280, 30 + Math.max(first(n).length * 7.6, second(n).length * 6.4)));

// smooth is a curve through an edge's points.
function smooth(p) {
  let d = `M${p[0].x} ${p[0].y}`;
  for (let i = 1; i < p.length; i++) {
    const a = p[i - 1], b = p[i], mx = (a.x + b.x) / 2;
    d += `C${mx} ${a.y} ${mx} ${b.y} ${b.x} ${b.y}`;
  }
  return d;
}

function node(n, at) {
  const x = at.x - at.width / 2, y = at.y - at.height / 2;
  const inner = [s("rect", { x, y, width: at.width, height: at.height, rx: 9 }), s("text", { x: x + 13, y: y + 20, class: "label" }, clip(first(n), at.width)), s("text", { x: x + 13, y: y + 36, class: "second" }, clip(second(n), at.width))];
  if (n.known === false) return s("g", { class: "node unknown" }, inner);
  return s("a", { class: "node", href: here().to("socket", ...n.id.split("/")), "aria-label": `${first(n)}, ${second(n)}` }, inner);
}

const clip = (words, width) => (words.length * 6.2 > width - 20 ? words.slice(0, Math.floor((width - 26) / 6.4)) + "…" : words);

