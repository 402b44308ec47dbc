/** One chart: axes, shaded times of faults, lines and areas, and a cursor that all charts share. */

import { h, s, say, set } from "./dom.js";
import { clock } from "./figures.js";
import { area, line, marks, moments } from "./plot.js";

const EDGE = { left: 54, right: 12, top: 10, bottom: 22 };
const HEIGHT = 168;

/** `series`: `[{name, label, kind: "line"|"area"|"band"}]`; `figure` says a value in words. */
export class Chart {
  constructor(title, series, figure, share = false) {
    this.series = series;
    this.figure = figure;
    this.share = share;
    this.layers = { shades: s("g"), grid: s("g"), rows: s("g"), cursor: s("path", { class: "cursor" }) };
    this.words = s("desc");
    this.svg = s("svg", { class: "chart", role: "img", height: HEIGHT }, s("title", { text: title }), this.words, ...Object.values(this.layers));
    this.paths = series.map((one) => this.layers.rows.appendChild(s("path", { class: `${one.kind} series-${one.name}` })));
    this.keys = series.map((one) => h("b"));
    const legend = h("ul", { class: "keys" }, ...series.map((one, index) => h("li", {}, h("i", { class: `key series-${one.name} ${one.kind}`, "aria-hidden": "true" }), `${one.label} `, this.keys[index])));
    this.element = h("figure", { class: "plot" }, h("figcaption", {}, h("h3", { text: title }), legend), this.svg);
  }

  update(history, width) {
    this.history = history;
    const times = history.t;
    set(this.svg, "width", width);
    set(this.svg, "viewBox", `0 0 ${width} ${HEIGHT}`);
    const [first, last] = [times[0] ?? 0, Math.max((times[0] ?? 0) + 10, times.at(-1) ?? 0)];
    const least = this.share ? this.least() : 0;
    const steps = marks((this.share ? 1 : this.most()) - least).map((one) => one + least);
    const most = steps.at(-1);
    this.x = (at) => EDGE.left + ((at - first) / (last - first)) * (width - EDGE.left - EDGE.right);
    this.y = (value) => HEIGHT - EDGE.bottom - ((Math.max(least, Math.min(value, most)) - least) / (most - least)) * (HEIGHT - EDGE.top - EDGE.bottom);
    this.grid(steps, times.length ? moments(first, last, width < 500 ? 3 : 6) : [], width);
    this.shade(history.windows ?? [], first, last);
    this.series.forEach((one, index) => set(this.paths[index], "d", this.path(one, times)));
    this.tell();
  }

  path(one, times) {
    const values = this.history[one.of ?? one.name];
    if (!values) return null;
    if (one.kind === "line") return line(times, values, this.x, this.y);
    return area(times, one.low ? this.history[one.low] : null, values, this.x, this.y);
  }

  /** Where the scale of a share begins: near what is seen, at most at 90 %. */
  least() {
    const seen = this.series.flatMap((one) => [...(this.history[one.of ?? one.name] ?? []), ...(this.history[one.low] ?? [])]);
    const worst = seen.reduce((found, value) => Math.min(found, value ?? 1), 1);
    return Math.min(0.9, Math.max(0, Math.floor(worst * 10 - 0.01) / 10));
  }

  most() {
    let found = 0;
    for (const one of this.series) for (const value of this.history[one.of ?? one.name] ?? []) found = Math.max(found, value ?? 0);
    return found || 1;
  }

  grid(steps, times, width) {
    const bottom = HEIGHT - EDGE.bottom;
    const levels = steps.flatMap((value) => [
      s("path", { class: "rule", d: `M${EDGE.left} ${this.y(value).toFixed(1)}H${width - EDGE.right}` }),
      s("text", { class: "axis right", x: EDGE.left - 7, y: this.y(value) + 4, text: this.figure(value, true) }),
    ]);
    const hours = times.map((at) => s("text", { class: "axis middle", x: this.x(at), y: bottom + 16, text: clock(at * 1000) }));
    this.layers.grid.replaceChildren(...levels, ...hours);
  }

  shade(windows, first, last) {
    const seen = windows.filter((one) => (one.to ?? last) >= first && one.from <= last);
    const boxes = seen.map((one) => {
      const from = this.x(Math.max(first, one.from));
      const to = this.x(Math.min(last, one.to ?? last));
      return s("rect", { class: "shade", x: from, y: EDGE.top, width: Math.max(1.5, to - from), height: HEIGHT - EDGE.top - EDGE.bottom }, s("title", { text: one.label }));
    });
    this.layers.shades.replaceChildren(...boxes);
  }

  /** Values at a place of the history (the last one without any), in the legend and as a line through the chart. */
  at(index) {
    const known = index === null ? this.history.t.length - 1 : index;
    this.series.forEach((one, place) => say(this.keys[place], this.value(one, known)));
    set(this.layers.cursor, "d", index === null ? null : `M${this.x(this.history.t[index]).toFixed(1)} ${EDGE.top}V${HEIGHT - EDGE.bottom}`);
  }

  value(one, index) {
    const high = this.history[one.of ?? one.name]?.[index];
    const low = one.low ? this.history[one.low]?.[index] : null;
    if (one.low && high !== null && high !== undefined) return `${this.figure(low)} – ${this.figure(high)}`;
    return this.figure(high ?? null);
  }

  tell() {
    const windows = (this.history.windows ?? []).map((one) => one.label);
    const now = this.series.map((one) => `${one.label} ${this.value(one, this.history.t.length - 1)}`).join(", ");
    say(this.words, `Now: ${now}. ${windows.length ? `Shaded: ${windows.slice(-5).join(", ")}.` : ""}`);
  }
}
