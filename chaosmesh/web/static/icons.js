/** Small pictures of 16 × 16: the second channel beside each colour. */

import { s } from "./dom.js";

const PATHS = {
  ok: "M3.2 8.6 6.6 12 13 4.6",
  warn: "M8 3.2v6M8 12.6v.2",
  bad: "M4 4l8 8M12 4l-8 8",
  idle: "M4 8h8",
  fault: "M9.2 1.6 3.6 9.2h4l-.8 5.2 5.6-7.6h-4z",
  heal: "M8 3v10M3 8h10",
  policy: "M3 4h10M3 8h10M3 12h6",
  load: "M2 12.5 6 8l3 3 5-7",
  claim: "M8 1.8 13.4 4v4.2c0 3-2.2 5-5.4 6-3.2-1-5.4-3-5.4-6V4z",
  health: "M1.6 8h3l2-4.4 3 8.4 1.8-4h3",
  stop: "M5.2 2h5.6L14 5.2v5.6L10.8 14H5.2L2 10.8V5.2z",
  note: "M8 7v5M8 4v.2",
};

/** The picture of a tone or of a kind of event. */
export function icon(name, size = 16) {
  return s(
    "svg",
    { viewBox: "0 0 16 16", width: size, height: size, "aria-hidden": "true", class: `icon icon-${name}` },
    s("path", { d: PATHS[name] ?? PATHS.note }),
  );
}

/** Its path alone, for a drawing. */
export function shape(name) {
  return PATHS[name] ?? PATHS.note;
}
