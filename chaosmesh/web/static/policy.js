/** Retry, timeout and breaker in App Mesh's own shapes, edited in place. Nothing is sent before "Put in force". */

import { fresh, h, offer, say, set } from "./dom.js";
import { toggle } from "./fields.js";

const EVENTS = {
  httpRetryEvents: ["server-error", "gateway-error", "client-error", "stream-error"],
  tcpRetryEvents: ["connection-error"],
  grpcRetryEvents: ["cancelled", "deadline-exceeded", "internal", "resource-exhausted", "unavailable"],
};
const FIRST = { maxRetries: 2, perRetryTimeout: { unit: "ms", value: 250 }, httpRetryEvents: ["server-error"] };

const duration = (value) => (value === "" ? null : { unit: "ms", value: Number(value) });
const inMs = (value) => (value ? (value.unit === "s" ? value.value * 1000 : value.value) : "");

function numberField(label, unit, least = 0) {
  const id = fresh("rule");
  const input = h("input", { id, type: "number", min: least, step: 1 });
  return { input, element: h("span", { class: "field" }, h("label", { for: id, text: label }), input, unit ? h("span", { class: "unit", text: unit, "aria-hidden": "true" }) : null) };
}

/** A form that keeps what a user has begun to change until it is put in force or left. */
function form(title, controls, read, show, put) {
  let changed = false;
  const send = h("button", { type: "submit", class: "small primary", text: "Put in force", hidden: true, "aria-label": `Put in force: ${title}` });
  const leave = h("button", { type: "button", class: "small", text: "Leave as it is", hidden: true });
  const mark = (now) => {
    changed = now;
    send.hidden = leave.hidden = !now;
  };
  const element = h("form", { class: "rule", "aria-label": title }, h("h4", { text: title }), ...controls, h("span", { class: "buttons" }, send, leave));
  let last = null;
  element.addEventListener("input", () => mark(true));
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    mark(false);
    put(read());
  });
  leave.addEventListener("click", () => {
    mark(false);
    if (last) show(last);
  });
  return {
    element,
    mark,
    update(now, _edge, waiting) {
      last = now;
      if (!changed && !waiting) show(now);
    },
  };
}

export function retryForm(route, put) {
  const count = numberField("at most", "tries more");
  const each = numberField("each within", "ms", 1);
  const names = [...(route.kind === "grpc" ? EVENTS.grpcRetryEvents : []), ...EVENTS.httpRetryEvents, ...EVENTS.tcpRetryEvents];
  const boxes = names.map((name) => h("input", { type: "checkbox", value: name }));
  const events = h("span", { class: "events", role: "group", "aria-label": "Retry on" }, ...boxes.map((box) => h("label", {}, box, box.value)));
  const detail = h("span", { class: "fields" }, count.element, each.element, events);
  const hidden = h("p", { class: "quiet" });
  let before = route.retry ?? FIRST;
  const chosen = (list) => boxes.filter((box) => box.checked && list.includes(box.value)).map((box) => box.value);
  const read = () => {
    const events_ = Object.entries(EVENTS).map(([key, list]) => [key, chosen(list)]).filter(([, list]) => list.length);
    return { maxRetries: Number(count.input.value), perRetryTimeout: duration(each.input.value) ?? FIRST.perRetryTimeout, ...Object.fromEntries(events_) };
  };
  const show = ({ retry, hidden_retries }) => {
    set(flip, "aria-checked", String(Boolean(retry)));
    hidden.hidden = Boolean(retry) || !hidden_retries;
    say(hidden, hidden_retries ? `none written, so App Mesh adds ${hidden_retries} by itself; for none at all: on, with 0` : "");
    detail.hidden = !retry;
    before = retry ?? before;
    offer(count.input, before.maxRetries);
    offer(each.input, inMs(before.perRetryTimeout));
    const on = Object.keys(EVENTS).flatMap((key) => before[key] ?? []);
    for (const box of boxes) box.checked = on.includes(box.value);
  };
  const flip = toggle("Retries", (wanted) => {
    set(flip, "aria-checked", String(wanted));
    made.mark(false);
    put(wanted ? before : null);
  });
  const made = form("Retry", [flip, detail, hidden], read, show, put);
  return made;
}

export function timeoutForm(route, put) {
  const request = numberField("a request", "ms", 0);
  const idle = numberField("idle", "ms", 0);
  const controls = route.kind === "tcp" ? [idle.element] : [request.element, idle.element];
  const read = () => {
    const parts = Object.entries({ perRequest: duration(request.input.value), idle: duration(idle.input.value) });
    const set_ = parts.filter(([, value]) => value);
    return set_.length ? Object.fromEntries(set_) : null;
  };
  const show = ({ timeout }) => {
    offer(request.input, inMs(timeout?.perRequest));
    offer(idle.input, inMs(timeout?.idle));
  };
  return form("Timeout", [h("span", { class: "fields" }, ...controls)], read, show, put);
}

const POOLS = {
  http: [["maxConnections", "connections"], ["maxPendingRequests", "waiting"]],
  http2: [["maxRequests", "requests"]],
  grpc: [["maxRequests", "requests"]],
  tcp: [["maxConnections", "connections"]],
};

/** The breaker of a workload's listener: `connectionPool` of its protocol. */
export function breakerForm(breaker, protocol, put) {
  const held = POOLS[protocol].map(([name, label]) => [name, numberField(`at most`, label, 1)]);
  const read = () => {
    const values = held.filter(([, one]) => one.input.value !== "").map(([name, one]) => [name, Number(one.input.value)]);
    return values.length ? { [protocol]: Object.fromEntries(values) } : null;
  };
  const show = ({ pool }) => held.forEach(([name, one]) => offer(one.input, pool?.[protocol]?.[name] ?? ""));
  return form("Breaker", [h("span", { class: "fields" }, ...held.map(([, one]) => one.element))], read, show, put);
}
