/** All edges as a list, worst first: what a picture of 200 edges can't show. */

import { h, keyed, say, set } from "./dom.js";
import { ms, percent, rate, TONE_WORDS } from "./figures.js";
import { icon } from "./icons.js";

const ORDER = { bad: 0, warn: 1, ok: 2, idle: 3 };

export class EdgeList {
  constructor(room, choose) {
    this.filter = h("input", { type: "search", placeholder: "Find an edge", "aria-label": "Find an edge by name" });
    this.filter.addEventListener("input", () => this.last && this.update(...this.last));
    this.found = h("p", { class: "quiet", role: "status" });
    const body = h("ul", { class: "rows" });
    room.append(h("div", { class: "find" }, this.filter, this.found), body);
    this.show = keyed(body, (edge) => edge.id, (edge) => row(edge, choose, () => this.chosen));
  }

  update(state, chosen) {
    this.last = [state, chosen];
    this.chosen = chosen?.edge;
    const words = this.filter.value.trim().toLowerCase();
    const fits = state.edges.filter((one) => one.label.toLowerCase().includes(words));
    this.show(fits.sort((a, b) => ORDER[a.tone] - ORDER[b.tone] || b.rps - a.rps || a.id.localeCompare(b.id)));
    say(this.found, words ? `${fits.length} of ${state.edges.length}` : `${state.edges.length} edges`);
  }
}

function row(edge, choose, chosen) {
  const name = h("span", { class: "edge-name", text: edge.label });
  const figures = h("span", { class: "edge-figures" });
  const sign = h("span", { class: "sign" });
  const button = h("button", { type: "button", onclick: () => choose({ edge: edge.id }) }, sign, name, figures);
  let tone = "";
  return {
    element: h("li", {}, button),
    update(now) {
      if (tone !== now.tone) sign.replaceChildren(icon(now.tone, 14), h("span", { class: "unseen", text: TONE_WORDS[now.tone] }));
      tone = now.tone;
      set(button, "data-tone", now.tone);
      set(button, "aria-pressed", String(chosen() === now.id));
      const faults = now.faults.length ? `⚡${now.faults.length} · ` : "";
      say(figures, now.tone === "idle" ? `${faults}no traffic` : `${faults}${percent(now.success)} · ${rate(now.rps)}/s · ${ms(now.p99_ms)}`);
    },
  };
}
