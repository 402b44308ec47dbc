/** The shared worker: one hub for all tabs. Tabs that nobody looks at are told nothing until somebody does. */

import { Hub } from "./hub.js";

const tabs = new Map();
const hub = new Hub((message) => {
  for (const [port, seen] of tabs) if (seen) port.postMessage(message);
});
hub.wanted = () => [...tabs.values()].includes(true);
hub.start();

self.addEventListener("connect", ({ ports: [port] }) => {
  port.addEventListener("message", ({ data }) => heard(port, data));
  port.addEventListener("close", () => tabs.delete(port));
  port.start();
});

function heard(port, data) {
  if (data === "gone") {
    tabs.delete(port);
    return;
  }
  const before = tabs.get(port);
  tabs.set(port, data === "seen");
  if (data === "seen" && !before) for (const message of hub.present()) port.postMessage(message);
}
