// Charts: a line of a minute in a table's row, and one with axes on a socket's page.

import uPlot from "/vendor/uPlot.esm.js";
import { h, s } from "./dom.js";
import { clock, day, rate } from "./words.js";

const wide = 88, tall = 22;

// spark draws a socket's last minute into el: messages a second, in and out.
export function spark(el, history, now) {
  const series = [history.map((p) => p.rx ?? 0), history.map((p) => p.tx ?? 0)];
  const x = history.map((p) => Math.max(0, wide * (1 - (now - new Date(p.t)) / 60000))); // now is at the right
  if (!el.firstChild) {
    el.append(s("svg", { class: "spark", viewBox: `0 0 ${wide} ${tall}`, "aria-hidden": "true", preserveAspectRatio: "none" }, s("path", { class: "first" }), s("path", { class: "second" })));
  }
  const most = Math.max(1, ...series.flat());
  series.forEach((points, n) => {
    const path = el.firstChild.childNodes[n];
    const d = points.some((v) => v > 0) ? line(x, points, most) : "";
    if (path.getAttribute("d") !== d) path.setAttribute("d", d);
  });
}

function line(x, points, most) {
  return points.map((v, i) => `${i ? "L" : "M"}${x[i].toFixed(1)} ${(tall - 2 - (v / most) * (tall - 4)).toFixed(1)}`).join("");
}

// tick is a moment on an axis that is so many seconds long.
const tick = (t, long) => (long > 90000 ? day(t).slice(5) + " " : "") + clock(t, false).slice(0, long > 600 ? 5 : 8);

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);

// resolved is a token as the browser paints it now: a canvas knows no light-dark().
function resolved(name) {
  const probe = h("span", { hidden: true });
  probe.style.color = colour(name);
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

// A Chart is series over time, with axes. set gives it columns: seconds, then numbers.
export class Chart {
  constructor(label, names, form = rate) {
    this.el = h("div", { class: "chart", role: "img", "aria-label": label });
    this.names = names;
    this.form = form;
    this.resize = new ResizeObserver(() => this.plot?.setSize(this.#size()));
    this.resize.observe(this.el);
    this.theme = () => { this.plot?.destroy(); this.plot = null; if (this.data) this.set(this.data); };
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", this.theme);
    document.addEventListener("theme", this.theme);
  }

  #size() {
    return { width: Math.max(240, this.el.clientWidth), height: 190 };
  }

  set(data) {
    this.data = data;
    if (!this.el.isConnected) return;
    if (this.plot) this.plot.setData(data);
    else this.plot = new uPlot(this.#options(), data, this.el);
  }

  #options() {
    const faint = resolved("--faint"), line = resolved("--line");
    const axis = { stroke: faint, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: "11px Inter, sans-serif" };
    const strokes = ["--accent", "--second"].map(resolved);
    return {
      ...this.#size(),
      cursor: { points: { size: 6 }, y: false },
      legend: { show: true },
      scales: { y: { range: (_u, _min, max) => [0, Math.max(max * 1.1, 1)] } },
      axes: [{ ...axis, space: 96, values: (u, ticks) => ticks.map((t) => tick(new Date(t * 1000), u.scales.x.max - u.scales.x.min)) }, { ...axis, size: 56, values: (_u, ticks) => ticks.map((v) => this.form(v)) }],
      series: [
        {},
        ...this.names.map((label, n) => ({ label, stroke: strokes[n], width: 1.6, points: { show: false }, value: (_u, v) => (v == null ? "" : this.form(v)) })),
      ],
    };
  }

  close() {
    this.resize.disconnect();
    matchMedia("(prefers-color-scheme: dark)").removeEventListener("change", this.theme);
    document.removeEventListener("theme", this.theme);
    this.plot?.destroy();
  }
}
