/** An edge: its figures beside what the policy predicts, its faults, its routes, the breakers behind it. */

import { act, tried } from "./actions.js";
import { h, say, set } from "./dom.js";
import { faultPanel } from "./faults.js";
import { count, file, ms, percent, rate, times, TONE_WORDS } from "./figures.js";
import { icon } from "./icons.js";
import { breakerForm } from "./policy.js";
import { routePanel } from "./routes.js";
import { spark } from "./spark.js";

export function edgeParts(state, edge, routes, nodes, breakers) {
  const kinds = state.kinds.filter((one) => one.on === "edge");
  const parts = [
    figures(edge.id),
    ...[...routes].sort((a, b) => b.targets.length - a.targets.length).map((one) => routePanel(one, edge.id)),
    ...(kinds.length ? [faultPanel("Faults on this edge", kinds, [{ label: edge.label, on: { edge: edge.id } }])] : []),
    ...replicaFaults(state, nodes).map((one) => folded("Faults on a replica", one)),
    ...breakers.map((one) => folded(`Breaker of ${breakerOf(one)}, port ${one.listener}`, breakerPanel(one))),
  ];
  return { title: edge.label, sub: edge.service, parts };
}

/** A part that is opened by its title. It opens by itself while a fault in it is in force. */
function folded(title, part) {
  const element = h("details", { class: "part" }, h("summary", {}, h("h3", { text: title })), part.element);
  return {
    element,
    update(state) {
      part.update(state);
      if (part.active?.()) element.open = true;
    },
  };
}

const breakerOf = (breaker) => breaker.id.split("/")[1];

/** The faults that act on one replica of these workloads, or on all of them. */
export function replicaFaults(state, nodes) {
  const kinds = state.kinds.filter((one) => one.on === "replica");
  const copies = (node) => node.replicas.map((one) => ({ label: `${node.label} ${one.index}`, on: { node: node.id, replica: one.index } }));
  const places = nodes.flatMap((node) => [...copies(node), { label: `${node.label}, all of it`, on: { node: node.id } }]);
  return kinds.length && places.length ? [faultPanel("Faults on a replica", kinds, places)] : [];
}

const NUMBERS = [
  ["success", "Success", (edge) => percent(edge.success)],
  ["rps", "Requests", (edge) => `${rate(edge.rps)}/s`],
  ["p50", "p50", (edge) => ms(edge.p50_ms)],
  ["p99", "p99", (edge) => ms(edge.p99_ms)],
  ["attempts", "Attempts a call", (edge) => times(edge.attempts)],
  ["ejections", "Ejections", (edge) => count(edge.ejections)],
  ["overflows", "Stopped by a breaker", (edge) => count(edge.overflows)],
  ["n", "Calls in all", (edge) => count(edge.total.calls)],
];

function figures(id) {
  const values = NUMBERS.map(([name]) => h("dd", { "data-figure": name }));
  const list = h("dl", { class: "figures" }, ...NUMBERS.map(([, label], index) => h("div", {}, h("dt", { text: label }), values[index])));
  const tone = h("p", { class: "tone" });
  const predicted = h("p", { class: "quiet predicted" });
  const lines = [spark("requests/s, last minute", rate), spark("success, last minute", percent, 1)];
  const element = h("section", { class: "part", "aria-label": "Figures of the last 10 seconds" }, tone, list, predicted, h("div", { class: "sparks" }, ...lines.map((one) => one.element)));
  let shown = "";
  return {
    element,
    update(state) {
      const edge = state.edges.find((one) => one.id === id);
      if (!edge) return;
      set(element, "data-tone", edge.tone);
      if (shown !== edge.tone) tone.replaceChildren(icon(edge.tone), h("strong", { text: TONE_WORDS[edge.tone] }), h("span", { class: "quiet", text: " over the last 10 seconds" }));
      shown = edge.tone;
      NUMBERS.forEach(([, , text], index) => say(values[index], text(edge)));
      say(predicted, prediction(edge));
      lines[0].update(edge.history.rps);
      lines[1].update(edge.history.success);
    },
  };
}

function prediction({ predicted }) {
  if (!predicted) return "";
  const { low, high } = predicted.success;
  const band = high - low < 0.0005 ? percent(high) : `${percent(low)} – ${percent(high)}`;
  return `The policy predicts a success of ${band} and ${times(predicted.attempts)} attempts a call.`;
}

export function breakerPanel(breaker) {
  const said = h("p", { class: "said", role: "status" });
  const { protocol } = breaker;
  let { hash } = breaker;
  const put = (pool) => tried(said, async () => `in force after ${ms((await act("/api/breakers", { id: breaker.id, hash, pool })).ms)}`);
  const form = breakerForm(breaker, protocol, put);
  const name = breakerOf(breaker);
  const element = h("section", { class: "part", "aria-label": `Breaker of ${name}` }, h("div", { class: "part-head" }, h("h3", { text: `Breaker of ${name}` }), h("span", { class: "quiet place", text: file(breaker.where), title: breaker.where })), form.element, said);
  return {
    element,
    update(state) {
      const now = state.breakers.find((one) => one.id === breaker.id);
      if (!now) return;
      hash = now.hash;
      form.update(now);
    },
  };
}
