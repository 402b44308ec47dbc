/** The bar on top: mesh, load, and the verdict of all expectations together. */

import { h, say, set } from "./dom.js";
import { count, ms, percent, rate, span } from "./figures.js";
import { icon } from "./icons.js";

const ORDER = ["fail", "invalid", "inconclusive", "pass"];
const TONES = { fail: "bad", invalid: "warn", inconclusive: "warn", pass: "ok" };

const FIGURES = [
  ["sent", "sent", (load) => `${rate(load.sent_rps)}/s`],
  ["success", "success", (load) => percent(load.success)],
  ["p50", "p50", (load) => ms(load.p50_ms)],
  ["p99", "p99", (load) => ms(load.p99_ms)],
  ["total", "in all", (load) => count(load.total.sent)],
];

export class Header {
  constructor(byId, announce) {
    this.at = byId;
    this.announce = announce;
    this.values = FIGURES.map(([name]) => h("dd", { "data-figure": name }));
    this.state = h("dd");
    byId("load").append(
      h("div", {}, h("dt", { text: "load" }), this.state),
      ...FIGURES.map(([, label], index) => h("div", {}, h("dt", { text: label }), this.values[index])),
    );
  }

  update(state) {
    const { load } = state;
    say(this.at("mesh"), state.mesh);
    say(this.at("about"), `up ${span(state.uptime_s)}`);
    say(this.state, `${load.running ? `${count(load.users)} users` : "none"}${load.late ? ", late" : ""}`);
    set(this.state, "title", load.late ?? "");
    set(this.state, "data-tone", load.late ? "warn" : load.running ? "ok" : "idle");
    FIGURES.forEach(([, , text], index) => say(this.values[index], text(load)));
    this.at("load-stop").hidden = !load.running;
    this.links(state);
    this.verdict(state.claims);
  }

  links({ locust }) {
    this.at("locust").hidden = !locust;
    if (locust) set(this.at("locust"), "href", locust);
  }

  /** Says a verdict aloud when it becomes another. */
  verdict(claims) {
    const worst = ORDER.find((one) => claims.some((claim) => claim.verdict === one));
    const tone = claims.some((one) => one.n) ? TONES[worst] : "idle";
    const many = claims.filter((one) => one.verdict === worst).length;
    const text = words(worst, many, claims.length);
    const place = this.at("verdict");
    if (this.told === text && place.dataset.tone === tone) return;
    set(place, "data-tone", tone);
    place.replaceChildren(icon(tone), h("span", { text }));
    if (this.told !== undefined && this.told !== text) this.announce(`Expectations: ${text}`);
    this.told = text;
  }
}

function words(worst, many, all) {
  if (!worst) return "no expectations yet";
  if (worst === "pass") return all === 1 ? "the expectation holds" : `all ${all} expectations hold`;
  const rest = { fail: "broken", invalid: "can't be judged", inconclusive: "not decided yet" }[worst];
  return `${many} of ${all} ${rest}`;
}
