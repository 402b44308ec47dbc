/** The emergency stop: no question asked, from everywhere; then it says what it did. */

import { act, Refused } from "./actions.js";
import { h } from "./dom.js";
import { ms } from "./figures.js";
import { icon } from "./icons.js";

/** `told`: where the answer is said; it is an alert. */
export function emergency(button, told) {
  const stop = async () => {
    if (button.dataset.busy) return;
    button.dataset.busy = "yes";
    try {
      show(told, await act("/api/stop", {}));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      fill(told, "bad", `Not stopped: ${error.message}`);
    } finally {
      delete button.dataset.busy;
    }
  };
  button.addEventListener("click", stop);
  document.addEventListener("keydown", (event) => {
    if (event.altKey && !event.ctrlKey && !event.metaKey && event.code === "KeyX") {
      event.preventDefault();
      stop();
    }
  });
}

function show(told, answer) {
  const healed = (answer.healed ?? []).map((one) => (typeof one === "string" ? one : one.label));
  const faults = healed.length ? `healed: ${healed.join(", ")}` : "no fault was in force";
  const left = answer.left ?? [];
  const rest = left.length ? ` Still there: ${left.join("; ")}.` : "";
  fill(told, left.length ? "bad" : "ok", `Stopped in ${ms(answer.ms)}. The load has ended; ${faults}.${rest}`);
}

function fill(told, tone, text) {
  told.dataset.tone = tone;
  const close = h("button", { type: "button", class: "small", text: "Close", onclick: () => told.replaceChildren() });
  told.replaceChildren(icon(tone), h("span", { text }), close);
}
