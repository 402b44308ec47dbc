/** The charts over time: they share their time, their shaded faults and one cursor. */

import { Chart } from "./chart.js";
import { fresh, h, say, set } from "./dom.js";
import { clock, ms, percent, rate } from "./figures.js";
import { cut } from "./plot.js";

const LENGTHS = [[120, "2 minutes"], [300, "5 minutes"], [1200, "20 minutes"]];

const tidy = (value) => Number(value.toPrecision(3)).toLocaleString("en");
const axis = (figure, short) => (value, marked = false) => (marked ? short(value) : figure(value));

export class Charts {
  constructor(room) {
    this.room = h("div", { class: "plots" });
    this.charts = [
      new Chart("Latency of users", [{ name: "p99", label: "p99", kind: "line" }, { name: "p95", label: "p95", kind: "line" }, { name: "p50", label: "p50", kind: "line" }], axis(ms, (value) => `${tidy(value)} ms`)),
      new Chart("Requests a second", [{ name: "done", label: "answered", kind: "area" }, { name: "failed", label: "failed", kind: "area" }, { name: "planned", label: "planned", kind: "line" }], axis(rate, tidy)),
      new Chart("Success, seen and predicted", [{ name: "band", label: "predicted", kind: "band", low: "band_low", of: "band_high" }, { name: "success", label: "seen", kind: "line" }], axis(percent, (value) => `${tidy(value * 100)} %`), true),
    ];
    this.length = h("select", { "aria-label": "How much is shown" }, ...LENGTHS.map(([value, text]) => h("option", { value, text: `the last ${text}` })));
    const id = fresh("cursor");
    this.cursor = h("input", { id, type: "range", min: 0, max: 0, value: 0, class: "cursor" });
    this.moment = h("output", { for: id, class: "quiet" });
    this.live = true;
    this.length.addEventListener("change", () => this.draw());
    this.cursor.addEventListener("input", () => this.move(Number(this.cursor.value)));
    room.querySelector(".head").append(this.length);
    room.append(this.room, h("div", { class: "scrub" }, h("label", { for: id, text: "Look at" }), this.cursor, this.moment));
    this.room.append(...this.charts.map((one) => one.element));
    this.room.addEventListener("pointermove", (event) => this.point(event));
    this.room.addEventListener("pointerleave", () => this.move(Infinity));
    new ResizeObserver(() => this.draw()).observe(this.room);
  }

  update(history) {
    const success = history.done.map((done, index) => (done ? Math.max(0, 1 - history.failed[index] / done) : null));
    this.history = { ...history, success };
    this.draw();
  }

  draw() {
    if (!this.history || !this.room.clientWidth) return;
    this.shown = cut(this.history, Number(this.length.value));
    for (const one of this.charts) one.update(this.shown, this.room.clientWidth);
    const last = Math.max(0, this.shown.t.length - 1);
    set(this.cursor, "max", last);
    if (this.live) this.cursor.value = last;
    this.move(this.live ? Infinity : Math.min(last, Number(this.cursor.value)));
  }

  point(event) {
    if (!this.shown?.t.length) return;
    const x = event.clientX - this.room.getBoundingClientRect().left;
    const chart = this.charts[0];
    const near = this.shown.t.findIndex((at) => chart.x(at) >= x);
    this.move(near < 0 ? Infinity : near);
  }

  move(index) {
    const last = (this.shown?.t.length ?? 0) - 1;
    if (last < 0) return;
    this.live = index >= last;
    const at = this.live ? last : index;
    this.cursor.value = at;
    const text = this.live ? "now" : clock(this.shown.t[at] * 1000);
    say(this.moment, text);
    set(this.cursor, "aria-valuetext", text);
    for (const one of this.charts) one.at(this.live ? null : at);
  }
}
