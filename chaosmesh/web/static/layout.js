/**
 * Where everything of the picture stands, in pixels. Pure. The tower says columns and rows; this turns them into boxes,
 * labels and curves, from left to right, or from top to bottom where the room is narrow.
 */

export const BOX = { width: 150, height: 62 };
export const PILL = { width: 124, height: 40 };
const ROOM = { least: 196, most: 340, row: 128, across: 172, down: 150, margin: 26, entry: 64, close: 22 };

/** `{width, height, boxes: {id: {x, y}}, edges: {id: {pill, trunk, branches}}}`; `x`, `y` are middles. */
export function layout(nodes, edges, width) {
  const columns = Math.max(0, ...nodes.map((one) => one.column)) + 1;
  const narrow = width < 640;
  const boxes = narrow ? downwards(nodes) : rightwards(nodes, columns, width);
  const pills = labels(edges, boxes, narrow);
  const drawn = Object.fromEntries(edges.map((edge) => [edge.id, curves(edge, boxes, pills[edge.id], narrow)]));
  const all = [...Object.values(boxes), ...Object.values(pills)];
  return {
    narrow,
    boxes,
    edges: drawn,
    width: Math.max(0, ...all.map((at) => at.x)) + BOX.width / 2 + ROOM.margin,
    height: Math.max(0, ...all.map((at) => at.y)) + BOX.height / 2 + ROOM.margin,
  };
}

function rightwards(nodes, columns, width) {
  const free = width - columns * BOX.width - 2 * ROOM.margin - ROOM.entry;
  const gap = Math.min(ROOM.most, Math.max(ROOM.least, free / Math.max(1, columns - 1)));
  const at = (node) => ({
    x: ROOM.entry + ROOM.margin + BOX.width / 2 + node.column * (BOX.width + gap),
    y: ROOM.margin + BOX.height / 2 + (node.row + 0.15) * ROOM.row,
  });
  return Object.fromEntries(nodes.map((node) => [node.id, at(node)]));
}

function downwards(nodes) {
  const at = (node) => ({
    x: ROOM.margin / 2 + BOX.width / 2 + node.row * ROOM.across,
    y: ROOM.margin + BOX.height / 2 + node.column * (BOX.height + ROOM.down) + ROOM.entry / 2,
  });
  return Object.fromEntries(nodes.map((node) => [node.id, at(node)]));
}

/** The label of each edge: just behind its caller, at the height of where it goes, none upon another. */
function labels(edges, boxes, narrow) {
  const [along, across] = narrow ? ["y", "x"] : ["x", "y"];
  const long = narrow ? BOX.height : BOX.width;
  const lanes = new Map();
  for (const edge of edges) {
    const from = boxes[edge.client];
    const to = edge.targets.map((one) => boxes[one.node]).filter(Boolean);
    const aim = to.length ? to.reduce((sum, one) => sum + one[across], 0) / to.length : from[across];
    const near = to.length ? Math.min(...to.map((one) => one[along])) : from[along];
    const forward = near > from[along];
    const reach = narrow ? ROOM.down : ROOM.least;
    const gap = forward ? near - from[along] - long : reach;
    const half = (narrow ? PILL.height : PILL.width) / 2;
    const place = from[along] + long / 2 + (to.length > 1 ? (narrow ? 2 : 1) * ROOM.close + half : Math.min(gap, reach + long) / 2);
    const lane = `${from[along]}`;
    lanes.set(lane, [...(lanes.get(lane) ?? []), { id: edge.id, place, aim: 0.55 * aim + 0.45 * from[across] }]);
  }
  const found = {};
  const apart = narrow ? PILL.width + 42 : PILL.height + 46;
  for (const lane of lanes.values()) {
    for (const one of spread(lane, apart)) found[one.id] = { [along]: one.place, [across]: one.aim };
  }
  return found;
}

/** Pushes what is too close apart, and keeps the middle of all where it was. */
function spread(lane, apart) {
  const sorted = [...lane].sort((a, b) => a.aim - b.aim);
  const before = sorted.reduce((sum, one) => sum + one.aim, 0);
  sorted.forEach((one, index) => {
    if (index) one.aim = Math.max(one.aim, sorted[index - 1].aim + apart);
  });
  const shift = (sorted.reduce((sum, one) => sum + one.aim, 0) - before) / sorted.length;
  const least = sorted[0].aim - shift < PILL.height ? 0 : shift;
  return sorted.map((one) => ({ ...one, aim: one.aim - least }));
}

function curves(edge, boxes, pill, narrow) {
  const ahead = narrow ? { x: 0, y: 1 } : { x: 1, y: 0 };
  const half = narrow ? BOX.height / 2 : BOX.width / 2;
  const side = narrow ? PILL.height / 2 : PILL.width / 2;
  const moved = (at, by) => ({ x: at.x + ahead.x * by, y: at.y + ahead.y * by });
  const branches = edge.targets
    .filter((one) => boxes[one.node])
    .map((one) => {
      const from = moved(pill, side);
      const to = moved(boxes[one.node], -half - 10);
      return { node: one.node, path: curve(from, to, ahead), label: narrow && to.x >= pill.x ? { x: to.x + 9, y: to.y - 8 } : { x: to.x - 9, y: to.y - 11 } };
    });
  return { pill, trunk: curve(moved(boxes[edge.client], half), moved(pill, -side), ahead), branches };
}

function curve(from, to, ahead) {
  const reach = Math.max(24, (Math.abs(to.x - from.x) * ahead.x + Math.abs(to.y - from.y) * ahead.y) / 2);
  const one = `${from.x + ahead.x * reach} ${from.y + ahead.y * reach}`;
  const two = `${to.x - ahead.x * reach} ${to.y - ahead.y * reach}`;
  return `M${from.x} ${from.y}C${one} ${two} ${to.x} ${to.y}`;
}
