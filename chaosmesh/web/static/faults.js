/** The faults of one place (an edge, a replica, the control plane): a switch each, its strength, and when it heals itself. */

import { act, tried } from "./actions.js";
import { fresh, h, say, set } from "./dom.js";
import { fields, summary, toggle } from "./fields.js";
import { count, span } from "./figures.js";

const LENGTHS = [10, 30, 60, 120, 300, 600];
const USUAL = 60;

const same = (one, other) => one.edge === other.edge && one.node === other.node && one.external === other.external && (one.replica ?? null) === (other.replica ?? null);

/** A section `{element, update(state)}`. `places`: `[{label, on}]`; with several, a choice of them stands on top. */
export function faultPanel(title, kinds, places) {
  const length = h("select", { "aria-label": "How long a fault lasts" }, ...LENGTHS.map((one) => h("option", { value: one, text: span(one) })));
  length.value = USUAL;
  const place = h("select", { "aria-label": `Where: ${title}` }, ...places.map((one, index) => h("option", { value: index, text: one.label })));
  const on = () => places[Number(place.value)].on;
  const rows = kinds.map((kind) => faultRow(kind, on, () => Number(length.value)));
  const element = h(
    "section",
    { class: "part", "aria-label": title },
    h("div", { class: "part-head" }, h("h3", { text: title }), places.length > 1 ? place : null, h("span", { class: "quiet" }, "each lasts ", length)),
    h("ul", { class: "faults" }, ...rows.map((one) => one.element)),
  );
  let last = null;
  const update = (state) => {
    last = state;
    const here = state.faults.filter((one) => same(one.on, on()));
    for (const row of rows) row.update(here);
  };
  place.addEventListener("change", () => last && update(last));
  return { element, update, active: () => rows.some((one) => one.active()) };
}

function faultRow(kind, on, length) {
  let fault = null;
  const said = h("p", { class: "said", role: "status" });
  const flip = toggle(kind.label, (wanted) => tried(said, wanted ? start : heal));
  const start = async () => {
    await act("/api/faults", { kind: kind.kind, on: on(), fields: strength.read(), ttl_s: length() });
    set(flip, "aria-checked", "true");
  };
  const heal = async () => {
    if (fault) await act(`/api/faults/${fault.id}`, {}, "DELETE");
    set(flip, "aria-checked", "false");
  };
  const change = () => {
    say(open, brief());
    return fault && tried(said, async () => void (await act(`/api/faults/${fault.id}`, { fields: strength.read() })));
  };
  const strength = fields(kind.fields, change);
  const brief = () => summary(kind.fields, strength.read()) || "details";
  const id = fresh("strength");
  const details = h("div", { id, class: "details", hidden: true }, strength.element);
  const open = h("button", { type: "button", class: "small strength", "aria-expanded": "false", "aria-controls": id, "aria-description": `Strength of: ${kind.label}`, text: brief() });
  open.addEventListener("click", () => {
    details.hidden = !details.hidden;
    set(open, "aria-expanded", String(!details.hidden));
  });
  const left = h("progress", { max: 1, "aria-label": `Time left of: ${kind.label}` });
  const words = h("span", { class: "quiet" });
  const again = h("button", { type: "button", class: "small", text: "Renew", "aria-label": `Renew: ${kind.label}` });
  again.addEventListener("click", () => tried(said, async () => void (await act(`/api/faults/${fault.id}`, { ttl_s: length() }))));
  const running = h("div", { class: "running", hidden: true }, left, words, again);
  return {
    active: () => fault !== null,
    element: h("li", {}, h("div", { class: "fault" }, flip, kind.fields.length ? open : null), details, running, said),
    update(here) {
      const now = here.find((one) => one.kind === kind.kind) ?? null;
      if (now && fault?.id !== now.id) strength.show(now.fields);
      if (now && fault?.id !== now.id) say(open, brief());
      fault = now;
      set(flip, "aria-checked", String(fault !== null));
      running.hidden = fault === null;
      if (fault === null) return;
      left.value = fault.ttl_s ? fault.left_s / fault.ttl_s : 1;
      const hit = fault.hit === null ? "" : ` · hit ${count(fault.hit)}`;
      say(words, `heals itself in ${span(fault.left_s ?? 0)}${hit}${fault.evidence ? ` · ${fault.evidence}` : ""}`);
    },
  };
}
