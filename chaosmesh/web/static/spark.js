/** A line of one minute, small: a picture with its last value in words. */

import { h, s, say, set } from "./dom.js";

const SIZE = { width: 160, height: 34 };

/** `top`: what the scale ends at; without one it ends at the largest value. */
export function spark(title, text, top = null) {
  const path = s("path", { class: "line" });
  const words = s("title");
  const svg = s("svg", { viewBox: `0 0 ${SIZE.width} ${SIZE.height}`, class: "spark", role: "img", preserveAspectRatio: "none" }, words, path);
  const caption = h("figcaption", { class: "quiet", text: title });
  return {
    element: h("figure", {}, svg, caption),
    update(values) {
      const known = values.filter((one) => one !== null);
      const most = top ?? Math.max(1, ...known);
      say(words, known.length ? `${title}: now ${text(known.at(-1))}, least ${text(Math.min(...known))}, most ${text(Math.max(...known))}` : `${title}: nothing yet`);
      set(path, "d", line(values, most));
    },
  };
}

function line(values, most) {
  const step = SIZE.width / Math.max(1, values.length - 1);
  let pen = "M";
  let made = "";
  values.forEach((value, index) => {
    if (value === null) {
      pen = "M";
      return;
    }
    made += `${pen}${(index * step).toFixed(1)} ${(SIZE.height - 2 - (value / most) * (SIZE.height - 5)).toFixed(1)}`;
    pen = "L";
  });
  return made;
}
