/** The emergency stop: no question asked, from everywhere; then it says what it did. */

import { act, Refused } from "./actions.js";
import { h } from "./dom.js";
import { ms } from "./figures.js";
import { icon } from "./icons.js";

/** `told`: where the answer is said; it is an alert. */
export function emergency(button, told) {
  const stop = async (policy = false) => {
    if (button.dataset.busy) return;
    button.dataset.busy = "yes";
    try {
      show(told, await act("/api/stop", { policy }), () => stop(true));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      fill(told, "bad", `Not stopped: ${error.message}`);
    } finally {
      delete button.dataset.busy;
    }
  };
  button.addEventListener("click", () => stop());
  document.addEventListener("keydown", (event) => {
    if (event.altKey && !event.ctrlKey && !event.metaKey && event.code === "KeyX") {
      event.preventDefault();
      stop();
    }
  });
}

function show(told, answer, back) {
  const healed = (answer.healed ?? []).map((one) => (typeof one === "string" ? one : one.label));
  const faults = healed.length ? `healed: ${healed.join(", ")}` : "no fault was in force";
  const left = answer.left ?? [];
  const rest = left.length ? ` Still there: ${left.join("; ")}.` : "";
  const policy = answer.policy ? ` Also, ${answer.policy}.` : "";
  const text = `Stopped in ${ms(answer.ms)}. The load has ended; ${faults}.${policy}${rest}`;
  const more = answer.policy ? [] : [h("button", { type: "button", class: "small", text: "Put the documents' policy back", onclick: back })];
  fill(told, left.length ? "bad" : "ok", text, more);
}

function fill(told, tone, text, more = []) {
  told.dataset.tone = tone;
  const close = h("button", { type: "button", class: "small", text: "Close", onclick: () => told.replaceChildren() });
  told.replaceChildren(icon(tone), h("span", { text }), ...more, close);
}
