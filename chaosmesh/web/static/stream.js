/** What the tower tells, whichever way it comes: by the worker that all tabs share, or by a connection of this tab. */

import { Hub } from "./hub.js";

/** Calls `on.state`, `on.history`, `on.event` (objects) and `on.link` (`{up, since}`). */
export function listen(on) {
  const take = (message) => {
    if (message.type === "link") on.link(message);
    else on[message.type](JSON.parse(message.text));
  };
  if ("SharedWorker" in window) shared(take);
  else alone(take);
}

function shared(take) {
  const worker = new SharedWorker("/static/hub-worker.js", { type: "module", name: "tower" });
  const tell = () => worker.port.postMessage(document.hidden ? "hidden" : "seen");
  worker.port.addEventListener("message", ({ data }) => take(data));
  worker.port.start();
  document.addEventListener("visibilitychange", tell);
  window.addEventListener("pagehide", () => worker.port.postMessage("gone"));
  window.addEventListener("pageshow", tell);
  tell();
}

function alone(take) {
  const hub = new Hub((message) => document.hidden || take(message));
  hub.wanted = () => !document.hidden;
  document.addEventListener("visibilitychange", () => document.hidden || hub.present().forEach(take));
  hub.start();
}
