/** The topology: what is drawn anew when the mesh is another, and what only follows the figures. */

import { drawEdge } from "./stage-edge.js";
import { drawNode } from "./stage-node.js";
import { s } from "./dom.js";
import { layout } from "./layout.js";

const MANY = 40;
const SMALLEST = 0.62;
const THINNEST = 1.5;

export class Stage {
  /** `choose({edge} | {node})` is called when something is picked. */
  constructor(room, choose) {
    this.room = room;
    this.choose = choose;
    this.signature = "";
    this.drawn = [];
    this.width = room.clientWidth;
    new ResizeObserver(() => this.resized()).observe(room);
    room.addEventListener("keydown", (event) => this.key(event));
  }

  resized() {
    if (Math.abs(this.room.clientWidth - this.width) < 8) return;
    this.width = this.room.clientWidth;
    this.signature = "";
    if (this.last) this.update(...this.last);
  }

  update(state, chosen) {
    this.last = [state, chosen];
    const signature = JSON.stringify([
      state.nodes.map((one) => [one.id, one.column, one.row, one.entry, one.kind]),
      state.edges.map((one) => [one.id, one.targets.map((target) => target.node)]),
    ]);
    if (signature !== this.signature) this.draw(state);
    this.signature = signature;
    const busiest = Math.max(1, ...state.edges.map((one) => one.rps));
    const widest = state.edges.length > MANY ? 3 : 7.5;
    const broad = (rps) => (THINNEST + (widest - THINNEST) * Math.sqrt(Math.max(0, rps) / busiest)).toFixed(1);
    for (const one of this.drawn) one.update(state, chosen, broad);
    this.rove(chosen);
  }

  draw(state) {
    const plan = layout(state.nodes, state.edges, this.width);
    const scale = Math.max(SMALLEST, Math.min(1, this.width / plan.width));
    const svg = s("svg", {
      viewBox: `0 0 ${plan.width} ${plan.height}`,
      width: plan.width * scale,
      height: plan.height * scale,
      role: "group",
      "aria-label": "Picture of the mesh: arrow keys go from one part to the next",
      class: state.edges.length > MANY ? "mesh crowded" : "mesh",
    });
    const lines = svg.appendChild(s("g"));
    const parts = svg.appendChild(s("g"));
    const edges = state.edges.map((edge) => drawEdge(edge, plan.edges[edge.id], plan.narrow, lines, parts, this.choose));
    const nodes = state.nodes.map((node) => drawNode(node, plan.boxes[node.id], plan.narrow, lines, parts, this.choose));
    this.drawn = [...edges, ...nodes];
    this.stops = [...parts.querySelectorAll("[role=button]")];
    const kept = this.room.contains(document.activeElement) ? document.activeElement.dataset.part : null;
    this.room.replaceChildren(svg);
    this.stops.find((one) => one.dataset.part === kept)?.focus();
  }

  /** One stop for the tab key: the chosen part, or the first. */
  rove(chosen) {
    const inside = this.stops.includes(document.activeElement) ? document.activeElement : null;
    const name = chosen?.edge ?? chosen?.node;
    const at = inside ?? this.stops.find((one) => one.dataset.part === name) ?? this.stops[0];
    for (const one of this.stops) one.setAttribute("tabindex", one === at ? 0 : -1);
  }

  key(event) {
    const at = this.stops?.indexOf(event.target) ?? -1;
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (at < 0 || event.altKey || event.ctrlKey) return;
    if (event.key === "Enter" || event.key === " ") event.target.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    else if (event.key === "Home") this.stops[0].focus();
    else if (event.key === "End") this.stops.at(-1).focus();
    else if (step) this.stops[(at + step + this.stops.length) % this.stops.length].focus();
    else return;
    event.preventDefault();
    this.rove(null);
  }
}

