/** A workload with its replicas, and what concerns the whole mesh: the canary and the control plane. */

import { act, tried } from "./actions.js";
import { h, keyed, say, set } from "./dom.js";
import { faultPanel } from "./faults.js";
import { icon } from "./icons.js";
import { breakerPanel, replicaFaults } from "./inspector-edge.js";
import { condition } from "./stage-node.js";

export function nodeParts(state, node, breakers) {
  return { title: node.label, sub: node.entry ? "users come in here" : "", parts: [replicas(node.id), ...replicaFaults(state, [node]), ...outside(state, node), ...breakers.map(breakerPanel)] };
}

/** The faults of what is outside the mesh. */
function outside(state, node) {
  const kinds = state.kinds.filter((one) => one.on === "external");
  return node.kind === "external" && kinds.length ? [faultPanel("Faults on the way there", kinds, [{ label: node.label, on: { external: node.id } }])] : [];
}

function replicas(id) {
  const body = h("tbody");
  const show = keyed(body, (one) => one.index, replicaRow);
  const head = h("tr", {}, ...["Replica", "Condition", "Process"].map((text) => h("th", { scope: "col", text })));
  return {
    element: h("section", { class: "part replicas", "aria-label": "Replicas" }, h("table", {}, h("thead", {}, head), body)),
    update: (state) => show(state.nodes.find((one) => one.id === id)?.replicas ?? []),
  };
}

function replicaRow() {
  const cells = [h("th", { scope: "row" }), h("td"), h("td")];
  const element = h("tr", {}, ...cells);
  let shown = "";
  return {
    element,
    update(replica) {
      const { tone, words } = condition(replica);
      set(element, "data-tone", tone);
      say(cells[0], String(replica.index));
      if (shown !== words) cells[1].replaceChildren(icon(tone, 14), ` ${words}`);
      shown = words;
      say(cells[2], replica.pid === null ? "–" : String(replica.pid));
    },
  };
}

export function meshParts(state) {
  const kinds = state.kinds.filter((one) => one.on === "control-plane");
  const host = state.kinds.filter((one) => one.on === "host");
  const parts = [facts()];
  if (state.canary) parts.push(canary());
  if (kinds.length) parts.push(faultPanel("Faults on the control plane", kinds, [{ label: "control plane", on: {} }]));
  if (host.length) parts.push(faultPanel("Faults on the host", host, [{ label: "host", on: {} }]));
  return { title: "Whole mesh", sub: state.mesh, parts };
}

function facts() {
  const rows = [["Runtime", "runtime"], ["Profile", "profile"], ["Seed", "seed"], ["Run folder", "folder"], ["App Mesh API", "api"]];
  const values = rows.map(() => h("dd"));
  const element = h("section", { class: "part", "aria-label": "Facts" }, h("dl", { class: "facts" }, ...rows.map(([label], index) => h("div", {}, h("dt", { text: label }), values[index]))));
  return { element, update: (state) => rows.forEach(([, name], index) => say(values[index], String(state[name] ?? "–"))) };
}

function canary() {
  const said = h("p", { class: "said", role: "status" });
  const steps = h("ol", { class: "steps" });
  const state_ = h("p", {});
  const buttons = [["start", "Start"], ["pause", "Pause"], ["back", "Take back"]].map(([todo, text]) =>
    h("button", { type: "button", class: "small", text, onclick: () => tried(said, async () => void (await act("/api/canary", { do: todo }))) }),
  );
  const element = h("section", { class: "part", "aria-label": "Canary" }, h("h3", { text: "Canary" }), state_, steps, h("span", { class: "buttons" }, ...buttons), said);
  return {
    element,
    update({ canary: now }) {
      if (!now) return;
      say(state_, `${now.route} to ${now.to}: ${now.state}, at ${now.at ?? 0} %${now.reason ? ` (${now.reason})` : ""}`);
      const texts = now.steps.map((one) => (typeof one === "number" ? `${one} %` : String(one.weight ?? one.text ?? one)));
      if (steps.dataset.at === `${now.at}`) return;
      steps.dataset.at = `${now.at}`;
      steps.replaceChildren(...texts.map((text) => h("li", { text, "aria-current": parseFloat(text) === now.at ? "step" : null })));
    },
  };
}
