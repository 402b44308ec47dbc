/** A route beside its edge: weights as sliders that make 100 %, and its retry and timeout. */

import { act, tried } from "./actions.js";
import { h, offer, say, set } from "./dom.js";
import { file, ms } from "./figures.js";
import { retryForm, timeoutForm } from "./policy.js";
import { linked, whole } from "./weights.js";

/** A section `{element, update(state)}` for a route, seen from one of the edges that take it. */
export function routePanel(route, edgeId) {
  const said = h("p", { class: "said", role: "status" });
  const change = changer(route.id, said);
  const where = h("span", { class: "quiet place", text: file(route.where), title: route.where });
  const weights = route.targets.length > 1 ? weightSliders(route, change) : null;
  const only = route.targets.length === 1 ? h("p", { class: "quiet", text: `all of it goes to ${route.targets[0].node}` }) : null;
  const retry = route.kind === "tcp" ? null : retryForm(route, (value) => change.now({ retry: value }));
  const timeout = timeoutForm(route, (value) => change.now({ timeout: value }));
  const parts = [weights, retry, timeout].filter(Boolean);
  const element = h(
    "section",
    { class: "part", "aria-label": `Route ${route.route}` },
    h("div", { class: "part-head" }, h("h3", { text: `Route ${route.route}` }), where),
    only,
    ...parts.map((one) => one.element),
    said,
  );
  return {
    element,
    update(state) {
      const now = state.routes.find((one) => one.id === route.id);
      if (!now) return;
      change.seen(now.hash);
      say(where, file(now.where));
      const edge = state.edges.find((one) => one.id === edgeId);
      for (const part of parts) part.update(now, edge, change.waiting());
    },
  };
}

/** Sends changes of one route one after another; what is asked for meanwhile is merged into the next. */
function changer(id, said) {
  let hash = null;
  let next = null;
  let busy = false;
  const send = async () => {
    busy = true;
    while (next) {
      const wanted = next;
      next = null;
      await tried(said, async () => {
        const told = await act("/api/routes", { id, hash, ...wanted });
        if (told.hash) hash = told.hash;
        return `in force after ${ms(told.ms)}`;
      });
    }
    busy = false;
  };
  return {
    seen: (now) => void (busy || (hash = now)),
    waiting: () => busy,
    now(wanted) {
      next = { ...next, ...wanted };
      if (!busy) send();
    },
  };
}

function weightSliders(route, change) {
  let weights = whole(route.targets.map((one) => one.weight));
  let held = false;
  const rows = route.targets.map((target, index) => slider(target, (value, done) => moved(index, value, done)));
  const moved = (index, value, done) => {
    weights = linked(weights, index, value);
    held = !done;
    rows.forEach((row, at) => row.weight(weights[at], at === index));
    if (done) change.now({ weights: Object.fromEntries(route.targets.map((one, at) => [one.node, weights[at]])) });
  };
  return {
    element: h("fieldset", { class: "weights" }, h("legend", { text: "Weights" }), ...rows.map((row) => row.element)),
    update(now, edge, waiting) {
      if (!held && !waiting) {
        weights = whole(now.targets.map((one) => one.weight));
        rows.forEach((row, at) => row.weight(weights[at], false));
      }
      rows.forEach((row, at) => row.seen(edge?.targets.find((one) => one.node === now.targets[at]?.node)));
    },
  };
}

/** One target: a slider, the same as a number, and what was seen. */
function slider(target, moved) {
  const range = h("input", { type: "range", min: 0, max: 100, step: 1, "aria-label": `Weight of ${target.node} in per cent` });
  const number = h("input", { type: "number", min: 0, max: 100, step: 1, "aria-label": `Weight of ${target.node}, typed` });
  const seen = h("span", { class: "quiet seen" });
  range.addEventListener("input", () => moved(Number(range.value), false));
  range.addEventListener("change", () => moved(Number(range.value), true));
  number.addEventListener("change", () => moved(Number(number.value), true));
  return {
    element: h("div", { class: "weight" }, h("span", { class: "target", text: target.node }), range, number, h("span", { class: "unit", text: "%", "aria-hidden": "true" }), seen),
    weight(value, mine) {
      if (!mine || document.activeElement !== range) range.value = value;
      set(range, "aria-valuetext", `${value} per cent`);
      offer(number, value);
    },
    seen(target_) {
      say(seen, target_?.share === null || target_ === undefined ? "" : `seen ${(target_.share * 100).toFixed(1)} %`);
    },
  };
}
