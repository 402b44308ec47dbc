/** Expectations: what must hold, what was seen so far, and how sure that is. */

import { act, tried } from "./actions.js";
import { h, keyed, s, say, set } from "./dom.js";
import { arrow, count, VERDICT_TONES } from "./figures.js";
import { icon } from "./icons.js";

const SIZE = { width: 220, height: 40 };
const WORDS = { pass: "holds", fail: "broken", inconclusive: "not decided yet", invalid: "can't be judged" };
const MEASURES = [
  ["success", "success at least", "99 %"],
  ["p99", "p99 at most", "300ms"],
  ["p95", "p95 at most", "200ms"],
  ["p50", "p50 at most", "100ms"],
  ["attempts", "attempts a call at most", "1.5"],
  ["status_503", "answers with 503 at most", "1 %"],
  ["overflow", "stopped by a breaker at most", "1 %"],
];

export class Claims {
  constructor(room) {
    this.list = h("ul", { class: "claims" });
    this.none = h("p", { class: "quiet", text: "Nothing is expected yet. Say below what must hold." });
    this.said = h("p", { class: "said", role: "status" });
    this.show = keyed(this.list, (one) => one.id, () => card(this.said));
    this.form = adder(this.said);
    room.append(this.none, this.list, this.form.element, this.said);
  }

  update(state) {
    this.none.hidden = state.claims.length > 0;
    this.show(state.claims);
    this.form.update(state.edges);
  }
}

function card(said) {
  let claim = null;
  let shown = "";
  const sign = h("span", { class: "sign" });
  const verdict = h("strong");
  const text = h("span", { class: "claim-text" });
  const reason = h("p", { class: "quiet" });
  const chart = evidence();
  const drop = h("button", { type: "button", class: "small", text: "Remove" });
  drop.addEventListener("click", () => tried(said, async () => void (await act("/api/claims", { remove: claim.id }))));
  const element = h("li", { class: "claim" }, h("div", { class: "claim-words" }, h("p", {}, sign, verdict, " ", text), reason), chart.element, drop);
  return {
    element,
    update(now) {
      claim = now;
      const tone = now.n ? VERDICT_TONES[now.verdict] : "idle";
      set(element, "data-tone", tone);
      if (shown !== tone) sign.replaceChildren(icon(tone, 15));
      shown = tone;
      say(verdict, WORDS[now.verdict]);
      say(text, now.on && !now.text.includes("→") ? `${now.text} on ${arrow(now.on)}` : now.text);
      set(drop, "aria-label", `Remove: ${now.text}`);
      const more = now.needed ? `about ${count(now.needed)} requests more to decide` : "";
      say(reason, [now.reason.replace(`${now.text}: `, ""), now.n ? `${count(now.n)} seen` : "", more].filter(Boolean).join(" · "));
      chart.update(now);
    },
  };
}

/** The interval as it narrows, against the bound. */
function evidence() {
  const words = s("title");
  const band = s("path", { class: "band" });
  const line = s("path", { class: "line" });
  const bound = s("path", { class: "bound" });
  const svg = s("svg", { viewBox: `0 0 ${SIZE.width} ${SIZE.height}`, class: "evidence", role: "img", preserveAspectRatio: "none" }, words, band, bound, line);
  return {
    element: svg,
    update({ points, bound: wanted, estimate, low, high }) {
      say(words, `seen ${figure(estimate)}, between ${figure(low)} and ${figure(high)}, wanted ${figure(wanted)}`);
      const scale = scaled(points, wanted);
      set(svg, "hidden", scale === null);
      if (!scale) return;
      const { x, y } = scale;
      const upper = points.map(([t, , , top]) => `${x(t)} ${y(top)}`);
      const lower = points.map(([t, , bottom]) => `${x(t)} ${y(bottom)}`).reverse();
      set(band, "d", `M${[...upper, ...lower].join("L")}Z`);
      set(line, "d", `M${points.map(([t, seen]) => `${x(t)} ${y(seen)}`).join("L")}`);
      set(bound, "d", typeof wanted === "number" ? `M0 ${y(wanted)}H${SIZE.width}` : null);
    },
  };
}

function scaled(points, wanted) {
  if (!points.length) return null;
  const ends = points.slice(-40).flatMap(([, , low, high]) => [low, high]).concat(typeof wanted === "number" ? [wanted] : []);
  const least = Math.min(...ends);
  const most = Math.max(...ends);
  const room = Math.max((most - least) * 0.15, 1e-6);
  const [first, last] = [points[0][0], points.at(-1)[0]];
  const inside = (value) => Math.max(least - room, Math.min(most + room, value));
  return {
    x: (t) => (((t - first) / Math.max(1e-9, last - first)) * SIZE.width).toFixed(1),
    y: (value) => (((most + room - inside(value)) / (most - least + 2 * room)) * SIZE.height).toFixed(1),
  };
}

function figure(value) {
  return typeof value === "number" ? String(Number(value.toPrecision(4))) : (value ?? "nothing");
}

function adder(said) {
  const measure = h("select", { "aria-label": "What is measured" }, ...MEASURES.map(([name, text]) => h("option", { value: name, text })));
  const bound = h("input", { type: "text", size: 7, required: true, "aria-label": "Bound, such as 99 % or 300ms" });
  const on = h("select", { "aria-label": "Where" });
  const again = h("button", { type: "button", class: "small", text: "Judge anew from now" });
  again.addEventListener("click", () => tried(said, async () => void (await act("/api/claims", { again: true }))));
  const element = h("form", { class: "adder", "aria-label": "A new expectation" }, h("span", { text: "Expect" }), measure, bound, on, h("button", { type: "submit", class: "small", text: "Add" }), again);
  const usual = () => (bound.value = MEASURES.find(([name]) => name === measure.value)[2]);
  measure.addEventListener("change", usual);
  usual();
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    tried(said, async () => void (await act("/api/claims", { add: { measure: measure.value, on: on.value || null, bound: bound.value } })));
  });
  return {
    element,
    update(edges) {
      const names = edges.map((one) => one.id).join();
      if (on.dataset.names === names) return;
      on.dataset.names = names;
      const held = on.value;
      on.replaceChildren(h("option", { value: "", text: "of users" }), ...edges.map((one) => h("option", { value: one.id, text: `on ${one.label}` })));
      on.value = held;
    },
  };
}
