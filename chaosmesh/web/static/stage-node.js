/** One workload of the picture: its name, and a chip for each replica with health and ejection. */

import { s, say, set } from "./dom.js";
import { BOX } from "./layout.js";
import { rate } from "./figures.js";

const CHIP = { width: 22, height: 15, step: 26, most: 5 };
const KINDS = { gateway: "gateway", node: "", external: "outside the mesh" };

/** What is told of a replica: tone, sign and words. */
export function condition(replica) {
  if (replica.state === "down") return { tone: "bad", sign: "×", words: "down" };
  if (replica.state === "hung") return { tone: "bad", sign: "‖", words: "stopped" };
  if (replica.state === "starting") return { tone: "idle", sign: "…", words: "starting" };
  if (replica.ejected.length) return { tone: "warn", sign: "↷", words: `ejected by ${replica.ejected.join(", ")}` };
  if (replica.healthy === false) return { tone: "warn", sign: "!", words: "fails its health check" };
  return { tone: "ok", sign: "", words: replica.healthy === null ? "up" : "up, healthy" };
}

export function drawNode(node, at, narrow, lines, parts, choose) {
  const left = at.x - BOX.width / 2;
  const top = at.y - BOX.height / 2;
  const chips = s("g");
  const group = s(
    "g",
    {
      role: "button",
      tabindex: -1,
      class: `node kind-${node.kind}`,
      "data-part": node.id,
      onclick: () => choose({ node: node.id }),
    },
    s("rect", { x: left, y: top, width: BOX.width, height: BOX.height, rx: 10 }),
    s("text", { x: left + 13, y: top + 24, class: "title", text: clipped(node.label) }),
    " ",
    chips,
  );
  parts.append(group);
  const users = node.entry ? arrival(at, narrow, lines) : null;
  return {
    update(state, chosen) {
      const now = state.nodes.find((one) => one.id === node.id);
      set(group, "aria-pressed", String(chosen?.node === node.id));
      set(group, "data-chosen", chosen?.node === node.id);
      drawChips(chips, left + 13, top + 36, now);
      set(group, "aria-label", `${[...group.querySelectorAll("text")].map((one) => one.textContent).join(" ")}: ${KINDS[node.kind] || "workload"} ${node.label}, ${told(now)}`);
      if (users) say(users, `${rate(state.load.sent_rps ?? 0)}/s`);
    },
  };
}

function told(node) {
  return node.replicas.map((one) => `replica ${one.index} ${condition(one).words}`).join(", ") || KINDS[node.kind];
}

function drawChips(group, x, y, node) {
  const shown = node.replicas.slice(0, CHIP.most);
  const signature = node.replicas.map((one) => condition(one).words).join();
  if (group.dataset.signature === signature) return;
  group.dataset.signature = signature;
  const chips = shown.map((replica, index) => {
    const { tone, sign } = condition(replica);
    const left = x + index * CHIP.step;
    return s(
      "g",
      { class: "chip", "data-tone": tone },
      s("rect", { x: left, y, width: CHIP.width, height: CHIP.height, rx: 4 }),
      s("text", { x: left + CHIP.width / 2, y: y + 11.5, text: sign || String(replica.index) }),
    );
  });
  const more = node.replicas.length - shown.length;
  const rest = more > 0 ? [s("text", { x: x + CHIP.most * CHIP.step, y: y + 12, class: "detail", text: `+${more}` })] : [];
  const kind = node.replicas.length ? [] : [s("text", { x, y: y + 12, class: "detail", text: KINDS[node.kind] })];
  group.replaceChildren(...[...chips, ...rest, ...kind].flatMap((one) => [one, " "]));
}

/** Where users come in. */
function arrival(at, narrow, lines) {
  const [x, y] = narrow ? [at.x, at.y - BOX.height / 2] : [at.x - BOX.width / 2, at.y];
  const path = narrow ? `M${x} ${y - 30}V${y - 6}` : `M${x - 62} ${y}H${x - 6}`;
  const tip = narrow ? `M${x} ${y - 2}l-5 -9h10z` : `M${x - 2} ${y}l-9 -5v10z`;
  const place = narrow ? { x: x + 12, y: y - 16 } : { x: x - 36, y: y - 9 };
  const figure = s("text", { ...place, class: narrow ? "detail" : "detail middle" });
  const word = narrow ? { x: x - 42, y: y - 16 } : { x: x - 36, y: y + 18 };
  lines.append(
    s(
      "g",
      { class: "users" },
      s("path", { d: path, class: "curve", "stroke-width": 3 }),
      s("path", { d: tip, class: "tip" }),
      figure,
      s("text", { ...word, class: narrow ? "detail" : "detail middle", text: "users" }),
    ),
  );
  return figure;
}

function clipped(name) {
  return name.length > 18 ? `${name.slice(0, 17)}…` : name;
}
