/** Everything that happened, the newest first. */

import { h, keyed, say } from "./dom.js";
import { arrow, clock, ms } from "./figures.js";
import { icon } from "./icons.js";

const MOST = 200;
const KINDS = [["", "everything"], ["fault", "faults"], ["heal", "healing"], ["policy", "policy"], ["load", "load"], ["claim", "expectations"], ["health", "health"], ["stop", "stops"], ["note", "notes"]];

export class Timeline {
  constructor(room, choose) {
    this.events = new Map();
    this.kind = h("select", { "aria-label": "What to show" }, ...KINDS.map(([value, text]) => h("option", { value, text })));
    this.kind.addEventListener("change", () => this.draw());
    this.list = h("ol", { class: "timeline", tabindex: 0, "aria-label": "What happened, the newest first" });
    this.none = h("p", { class: "quiet", text: "Nothing yet." });
    this.show = keyed(this.list, (one) => one.id, (event) => entry(event, choose));
    room.querySelector(".head").append(this.kind);
    room.append(this.none, this.list);
  }

  /** The whole list of the tower; what it has forgotten is forgotten here. */
  update(state) {
    this.events = new Map(state.events.map((one) => [one.id, one]));
    this.draw();
  }

  /** One entry, before the next state tells it anyway. */
  add(event) {
    this.events.set(event.id, event);
    this.draw();
  }

  draw() {
    const found = [...this.events.values()].filter((one) => !this.kind.value || one.kind === this.kind.value);
    found.sort((a, b) => b.at_ms - a.at_ms || String(b.id).localeCompare(String(a.id), "en", { numeric: true }));
    this.none.hidden = found.length > 0;
    this.show(found.slice(0, MOST));
  }
}

function entry(event, choose) {
  const text = h("span");
  const place = event.edge ? h("button", { type: "button", class: "link", text: arrow(event.edge), onclick: () => choose({ edge: event.edge }) }) : null;
  return {
    element: h("li", { "data-kind": event.kind }, h("time", { datetime: new Date(event.at_ms).toISOString(), text: clock(event.at_ms) }), h("span", { class: "sign" }, icon(event.kind, 14)), h("span", { class: "words" }, text, place ? " " : null, place)),
    update: (now) => say(text, now.ms === null || now.ms === undefined ? now.text : `${now.text} (${ms(now.ms)})`),
  };
}
