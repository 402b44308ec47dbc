/** Inputs for what the tower describes: a whole number, a share (asked in per cent), milliseconds, text, a choice. */

import { fresh, h, offer } from "./dom.js";

const UNITS = { share: "%", ms: "ms" };

/** `{element, read(), show(values)}` for one field; `changed()` is called when a user has set it. */
function field(one, changed) {
  const id = fresh("field");
  const control = one.type === "choice" ? choice(one, id) : input(one, id);
  control.addEventListener("change", changed);
  const show = (value) => offer(control, value === null || value === undefined ? "" : shown(one, value));
  show(one.default);
  return {
    name: one.name,
    show,
    read: () => read(one, control),
    element: h(
      "span",
      { class: `field field-${one.type}` },
      h("label", { for: id, text: one.label }),
      control,
      UNITS[one.type] ? h("span", { class: "unit", text: UNITS[one.type], "aria-hidden": "true" }) : null,
    ),
  };
}

function input(one, id) {
  if (one.type === "text") return h("input", { id, type: "text", size: 10 });
  const scale = one.type === "share" ? 100 : 1;
  const limit = (value) => (value === null || value === undefined ? null : value * scale);
  return h("input", { id, type: "number", step: one.type === "share" ? "any" : 1, min: limit(one.min), max: limit(one.max) });
}

function choice(one, id) {
  return h("select", { id }, ...one.choices.map((name) => h("option", { value: name, text: name })));
}

function shown(one, value) {
  return one.type === "share" ? Number((value * 100).toFixed(4)) : value;
}

function read(one, control) {
  if (control.value === "") return null;
  if (one.type === "share") return Number(control.value) / 100;
  return one.type === "int" || one.type === "ms" ? Number(control.value) : control.value;
}

/** All fields of a form: `{element, read() → {name: value}, show(values)}`. Empty ones are left out. */
export function fields(described, changed = () => {}) {
  const held = described.map((one) => field(one, changed));
  return {
    element: h("span", { class: "fields" }, ...held.map((one) => one.element)),
    read: () => Object.fromEntries(held.map((one) => [one.name, one.read()]).filter(([, value]) => value !== null)),
    show: (values) => held.forEach((one) => one.show(values[one.name])),
  };
}

/** What is set, in short: `503 · 30 %`. Choices that are at their default say nothing. */
export function summary(described, values) {
  const told = described.filter((one) => {
    const value = values[one.name];
    return value !== null && value !== undefined && value !== "" && !(one.type === "choice" && value === one.default) && !(value === 0 && one.default === 0);
  });
  return told.map((one) => `${shown(one, values[one.name])}${UNITS[one.type] ? ` ${UNITS[one.type]}` : ""}`).join(" · ");
}

/** A switch with its name. `flip(on)` is called when a user flips it. */
export function toggle(name, flip) {
  const button = h("button", { type: "button", role: "switch", "aria-checked": "false", class: "switch" }, h("span", { class: "knob" }), h("span", { text: name }));
  button.addEventListener("click", () => flip(button.getAttribute("aria-checked") !== "true"));
  return button;
}
