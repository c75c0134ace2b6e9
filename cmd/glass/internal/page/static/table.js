// A table of any number of rows of which only those in sight exist, in the scrolling main element.
//
//  1. set takes the rows, already filtered, and sorts them
//  2. draw finds which of them are in sight, and puts each into an element of a small pool
//  3. keys move the choice, a click or Enter opens it

import { h, text, attr } from "./dom.js";

const overscan = 6; // rows beyond the edge: a wheel's notch finds them drawn

let tables = 0;

export class Table {
  #columns; #rows = []; #sorted = []; #pool = []; #sort; #key; #open; #height; #chosen = null; #heads = []; #id;

  // columns: {name, label, width, align, sort(row), text(row) or draw(cell, row), title(row)}
  // sort: "name" or "-name"; open(row) is what Enter and a click do; href(row) its link
  constructor({ label, columns, key, open, sort, height = 38, empty }) {
    this.#columns = columns;
    this.#key = key;
    this.#open = open;
    this.#height = height;
    this.#sort = sort;
    this.#id = `table-${++tables}`;
    this.head = h("div", { class: "tr th", role: "row" }, columns.map((c) => this.#heading(c)));
    this.body = h("div", { class: "tbody", role: "rowgroup" });
    this.empty = h("div", { class: "empty", hidden: true }, empty ?? "Nothing here.");
    this.grid = h("div", { class: "table", role: "grid", "aria-label": label, tabindex: "0", onkeydown: (e) => this.#keydown(e), onclick: (e) => this.#click(e) }, this.head, this.body);
    this.grid.style.setProperty("--columns", columns.map((c) => c.width ?? "minmax(0, 1fr)").join(" "));
    this.el = h("div", {}, this.grid, this.empty);
    this.#mark();
  }

  // attach is for when the table stands in the document, detach for when it leaves.
  attach(main) {
    this.main = main;
    this.redraw = () => this.draw();
    main.addEventListener("scroll", this.redraw, { passive: true });
    this.watch = new ResizeObserver(this.redraw);
    this.watch.observe(main);
  }

  detach() {
    this.main?.removeEventListener("scroll", this.redraw);
    this.watch?.disconnect();
  }

  set(rows, emptyWords) {
    this.#rows = rows;
    this.#arrange();
    this.empty.hidden = rows.length > 0;
    this.grid.hidden = rows.length === 0;
    if (emptyWords && !rows.length) this.empty.replaceChildren(emptyWords);
    attr(this.grid, "aria-rowcount", rows.length + 1);
    this.draw();
  }

  #arrange() {
    const down = this.#sort?.startsWith("-");
    const column = this.#columns.find((c) => c.name === this.#sort?.replace("-", ""));
    if (!column?.sort) {
      this.#sorted = this.#rows;
      return;
    }
    const keyed = this.#rows.map((row) => [column.sort(row), row]);
    const sign = down ? -1 : 1;
    keyed.sort(([a, x], [b, y]) => (a < b ? -sign : a > b ? sign : this.#key(x) < this.#key(y) ? -1 : 1));
    this.#sorted = keyed.map(([, row]) => row);
  }

  draw() {
    if (!this.main || this.grid.hidden) return;
    const total = this.#sorted.length * this.#height;
    if (this.body.style.height !== total + "px") this.body.style.height = total + "px";
    const above = this.main.getBoundingClientRect().top - this.body.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(above / this.#height) - overscan);
    const last = Math.min(this.#sorted.length, Math.ceil((above + this.main.clientHeight) / this.#height) + overscan);
    const need = Math.max(0, last - first);
    while (this.#pool.length < need) this.#pool.push(this.#row());
    for (const slot of this.#pool) slot.used = false;
    for (let i = first; i < last; i++) this.#fill(this.#pool[i % this.#pool.length], i);
    for (const slot of this.#pool) slot.el.hidden = !slot.used;
  }

  #row() {
    const cells = this.#columns.map((c) => h("div", { class: "td " + (c.align ?? ""), role: "gridcell" }));
    const el = h("div", { class: "tr", role: "row" }, cells);
    this.body.append(el);
    return { el, cells };
  }

  #fill(slot, i) {
    const row = this.#sorted[i];
    const key = this.#key(row);
    slot.used = true;
    if (slot.i !== i) slot.el.style.transform = `translateY(${i * this.#height}px)`;
    slot.i = i;
    slot.el.id = `${this.#id}-${i}`;
    slot.el.dataset.key = key;
    attr(slot.el, "aria-rowindex", i + 2);
    attr(slot.el, "aria-selected", key === this.#chosen ? "true" : "false");
    this.#columns.forEach((c, n) => {
      const cell = slot.cells[n];
      if (c.draw) c.draw(cell, row);
      else text(cell, c.text(row));
      if (c.title) attr(cell, "title", c.title(row) || null);
    });
  }

  #heading(c) {
    const el = h("div", { class: "td " + (c.align ?? ""), role: "columnheader" });
    if (!c.sort) {
      el.textContent = c.label;
    } else {
      el.append(h("button", { type: "button", class: "sort", tabindex: "-1", onclick: (e) => { e.stopPropagation(); this.#by(c); } }, c.label));
    }
    this.#heads.push([c, el]);
    return el;
  }

  #by(c) {
    const first = c.align?.startsWith("num") ? "-" + c.name : c.name; // of numbers the largest is wanted
    const other = first.startsWith("-") ? c.name : "-" + c.name;
    this.#sort = this.#sort === first ? other : first;
    this.#mark();
    this.#arrange();
    this.draw();
  }

  #mark() {
    for (const [c, el] of this.#heads) {
      const by = this.#sort?.replace("-", "") === c.name;
      attr(el, "aria-sort", by ? (this.#sort.startsWith("-") ? "descending" : "ascending") : null);
    }
  }

  // move chooses the row so many further on; the page calls it for j and k.
  move(by) {
    if (!this.#sorted.length) return;
    const now = this.#sorted.findIndex((row) => this.#key(row) === this.#chosen);
    const next = Math.min(this.#sorted.length - 1, Math.max(0, now < 0 ? (by > 0 ? 0 : this.#sorted.length - 1) : now + by));
    this.#chosen = this.#key(this.#sorted[next]);
    this.#show(next);
    this.draw();
    attr(this.grid, "aria-activedescendant", `${this.#id}-${next}`);
    if (document.activeElement !== this.grid) this.grid.focus({ preventScroll: true });
  }

  #show(i) {
    const main = this.main.getBoundingClientRect();
    const top = this.body.getBoundingClientRect().top + i * this.#height;
    const head = this.head.offsetHeight;
    if (top < main.top + head) this.main.scrollTop -= main.top + head - top;
    else if (top + this.#height > main.bottom - 8) this.main.scrollTop += top + this.#height - main.bottom + 8;
  }

  enter() {
    const row = this.#sorted.find((r) => this.#key(r) === this.#chosen);
    if (row) this.#open?.(row);
  }

  #keydown(e) {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 15, PageUp: -15, End: Infinity, Home: -Infinity }[e.key];
    if (step) this.move(Math.max(-this.#sorted.length, Math.min(this.#sorted.length, step)));
    else if (e.key === "Enter" && e.target === this.grid) this.enter();
    else return;
    e.preventDefault();
  }

  #click(e) {
    const el = e.target.closest(".tbody .tr");
    const row = el && this.#sorted.find((r) => String(this.#key(r)) === el.dataset.key);
    if (!row || getSelection()?.toString()) return; // who marks text does not want to leave
    this.#chosen = this.#key(row);
    if (this.#open) this.#open(row, e);
    this.draw();
  }
}
