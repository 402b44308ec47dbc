/** One edge of the picture: its curves are as wide as its traffic, its label carries tone, sign and figures. */

import { s, say, set } from "./dom.js";
import { ms, percent, short, times, TONE_WORDS } from "./figures.js";
import { shape } from "./icons.js";
import { PILL } from "./layout.js";

export function drawEdge(edge, plan, narrow, lines, parts, choose) {
  const curves = s("g", { class: "edge" }, s("path", { d: plan.trunk, class: "curve" }));
  const ends = plan.branches.map((branch) => {
    const path = s("path", { d: branch.path, class: "curve" });
    const share = s("text", { x: branch.label.x, y: branch.label.y, class: narrow && branch.label.x > plan.pill.x ? "share" : "share ends" });
    curves.append(path, s("path", { d: head(branch.path), class: "tip" }));
    return { node: branch.node, path, share };
  });
  curves.addEventListener("click", () => choose({ edge: edge.id }));
  lines.append(curves);
  const label = pill(edge, plan.pill, narrow, choose);
  parts.append(label.group, ...ends.map((end) => end.share));
  return {
    update(state, chosen, broad) {
      const now = state.edges.find((one) => one.id === edge.id);
      const picked = chosen?.edge === edge.id;
      for (const part of [curves, label.group]) {
        set(part, "data-tone", now.tone);
        set(part, "data-chosen", picked);
      }
      set(label.group, "aria-pressed", String(picked));
      set(curves.firstChild, "stroke-width", broad(now.rps));
      for (const end of ends) follow(end, now, broad);
      label.update(now, state.faults.filter((one) => now.faults.includes(one.id)));
    },
  };
}

function follow(end, edge, broad) {
  const target = edge.targets.find((one) => one.node === end.node);
  const share = target.share ?? target.weight / 100;
  set(end.path, "stroke-width", broad(edge.rps * share));
  set(end.path, "data-empty", share === 0 && edge.targets.length > 1);
  say(end.share, edge.targets.length > 1 ? `${Number((share * 100).toFixed(share < 0.1 ? 1 : 0))} %` : "");
}

/** The end of a curve, as a small triangle that points the way it arrives. */
function head(path) {
  const numbers = path.match(/-?[\d.]+/g).map(Number);
  const [x, y] = numbers.slice(-2);
  const [cx, cy] = numbers.slice(-4, -2);
  return Math.abs(x - cx) > Math.abs(y - cy) || cy === y
    ? `M${x + 9} ${y}l-11 -6.5v13z`
    : `M${x} ${y + 9}l-6.5 -11h13z`;
}

function pill(edge, at, narrow, choose) {
  const left = at.x - PILL.width / 2;
  const top = at.y - PILL.height / 2;
  const parts = {
    sign: s("path", { transform: `translate(${left + 8} ${at.y - 8})`, class: "sign" }),
    name: s("text", { x: at.x - (narrow ? 8 : 0), y: top - 7, class: narrow ? "name ends" : "name", text: short(edge.service) }),
    first: s("text", { x: left + 31, y: at.y - 3, class: "figure" }),
    second: s("text", { x: left + 31, y: at.y + 12, class: "detail" }),
    struck: s("text", narrow ? { x: at.x + 8, y: top - 7, class: "struck begins" } : { x: at.x, y: top + PILL.height + 15, class: "struck" }),
  };
  const group = s(
    "g",
    {
      role: "button",
      tabindex: -1,
      class: "pill",
      "data-part": edge.id,
      onclick: () => choose({ edge: edge.id }),
    },
    s("rect", { x: left, y: top, width: PILL.width, height: PILL.height, rx: 9 }),
    ...Object.values(parts).flatMap((one) => [one, " "]),
  );
  return { group, update: (now, faults) => fill(group, parts, now, faults) };
}

function fill(group, parts, edge, faults) {
  set(parts.sign, "d", shape(edge.tone));
  say(parts.first, edge.tone === "idle" ? "no traffic" : percent(edge.success));
  const tries = edge.attempts > 1.005 ? ` · ×${times(edge.attempts)}` : "";
  say(parts.second, edge.tone === "idle" ? "–" : `${ms(edge.p99_ms)}${tries}`);
  const names = faults.map(brief);
  say(parts.struck, names.length > 1 ? `⚡ ${names.length} faults` : names.length ? `⚡ ${names[0]}` : "");
  set(group, "aria-label", `${seen(parts)}: edge ${edge.label}, ${TONE_WORDS[edge.tone]}${edge.tone === "idle" ? "" : "; success, p99, attempts a call"}`);
}

/** What is read on the label: its name for assistive technology begins with it, as people who speak to a page need. */
function seen(parts) {
  return Object.values(parts).map((one) => one.textContent).filter(Boolean).join(" ");
}

/** A fault in two words: `errors 30 %`. */
function brief({ kind, fields }) {
  if (typeof fields.share === "number") return `${kind} ${Number((fields.share * 100).toFixed(1))} %`;
  return typeof fields.ms === "number" ? `${kind} ${ms(fields.ms)}` : kind;
}
