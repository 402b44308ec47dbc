/** What is chosen in the picture, beside it: an edge, a workload, or the mesh as a whole. */

import { edgeParts } from "./inspector-edge.js";
import { meshParts, nodeParts } from "./inspector-rest.js";
import { h } from "./dom.js";

export class Inspector {
  constructor(room) {
    this.room = room;
    this.signature = "";
    this.parts = [];
  }

  /** Parts are made anew when something else is chosen, or when its shape has changed; else they only follow. */
  update(state, chosen) {
    const found = kinds(state, chosen);
    if (found.signature !== this.signature) {
      this.signature = found.signature;
      const { title, sub, parts } = found.make();
      this.parts = parts;
      const head = h("div", { class: "head" }, h("h2", { id: "inspector-title", text: title }), h("p", { class: "quiet", text: sub }));
      this.room.replaceChildren(head, ...parts.map((one) => one.element));
    }
    for (const part of this.parts) part.update(state);
  }
}

function kinds(state, chosen) {
  const edge = state.edges.find((one) => one.id === chosen?.edge);
  const node = state.nodes.find((one) => one.id === chosen?.node);
  const shape = (routes, breakers, nodes) => JSON.stringify([chosen, routes.map((one) => [one.id, one.kind, one.targets.map((target) => target.node)]), breakers.map((one) => one.id), nodes.map((one) => [one.id, one.replicas.length])]);
  if (edge) {
    const routes = state.routes.filter((one) => serviceOf(state, one) === edge.service);
    const nodes = state.nodes.filter((one) => edge.targets.some((target) => target.node === one.id));
    const breakers = state.breakers.filter((one) => nodes.some((target) => breakerOf(one, target.id)));
    return { signature: shape(routes, breakers, nodes), make: () => edgeParts(state, edge, routes, nodes, breakers) };
  }
  if (node) {
    const breakers = state.breakers.filter((one) => breakerOf(one, node.id));
    return { signature: shape([], breakers, [node]), make: () => nodeParts(state, node, breakers) };
  }
  return { signature: `mesh ${state.canary?.steps?.length}`, make: () => meshParts(state) };
}

/** A route is of all edges that lead to its service. */
function serviceOf(state, route) {
  return state.edges.find((one) => one.id === route.edge)?.service;
}

/** `virtualNode/NAME`, or `virtualNode/NAME:PORT` where it listens at several. */
function breakerOf(breaker, node) {
  return breaker.id.split("/")[1].split(":")[0] === node;
}
