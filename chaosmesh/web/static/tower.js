/** The page: one state comes in, every part follows it. What is drawn is drawn once a frame, and only while seen. */

import { act, tried } from "./actions.js";
import { Charts } from "./charts.js";
import { Claims } from "./claims.js";
import { h, set } from "./dom.js";
import { EdgeList } from "./edges.js";
import { exporting } from "./export.js";
import { span, TONE_WORDS } from "./figures.js";
import { Header } from "./header.js";
import { icon } from "./icons.js";
import { Inspector } from "./inspector.js";
import { Stage } from "./stage.js";
import { emergency } from "./stop.js";
import { listen } from "./stream.js";
import { Timeline } from "./timeline.js";

const LISTED_FROM = 13;
const NARROW = "(max-width: 900px)";

const at = (id) => document.getElementById(id);
let state = null;
let chosen = null;
let waiting = false;

const header = new Header(at, announce);
const stage = new Stage(at("picture"), choose);
const list = new EdgeList(at("list"), choose);
const inspector = new Inspector(at("inspector"));
const claims = new Claims(at("claims"));
const charts = new Charts(at("charts"));
const timeline = new Timeline(at("timeline"), choose);

function announce(text) {
  at("said").textContent = text;
}

function choose(what) {
  chosen = what;
  draw();
  if (window.matchMedia(NARROW).matches) at("inspector").scrollIntoView({ block: "start" });
  announce(`${at("inspector-title").textContent} is shown`);
}

function draw() {
  if (!state) return;
  if (!chosen && state.edges.length) chosen = { edge: state.edges[0].id };
  header.update(state);
  stage.update(state, chosen);
  set(at("whole"), "aria-pressed", String(chosen?.mesh === true));
  if (!at("list").hidden) list.update(state, chosen);
  inspector.update(state, chosen);
  claims.update(state);
}

function arrived(next) {
  if (state && next.folder !== state.folder) announce(`The mesh was started anew: ${next.mesh}`);
  if (!state) showList(next.edges.length >= LISTED_FROM);
  state = next;
  timeline.update(next);
  document.title = `${next.mesh} · control tower`;
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    draw();
  });
}

function showList(shown) {
  at("list").hidden = !shown;
  set(at("listed"), "aria-pressed", String(shown));
  if (shown && state) list.update(state, chosen);
}

let away = null;

function linked({ up, since }) {
  const place = at("link");
  document.body.classList.toggle("away", !up);
  if (!up) {
    away = since;
    place.dataset.tone = "bad";
    place.replaceChildren(icon("bad"), "The tower does not answer. What you see is old; trying again.");
  } else if (away !== null) {
    place.dataset.tone = "ok";
    place.replaceChildren(icon("ok"), `The tower is back, after ${span((since - away) / 1000)}.`);
    away = null;
  }
}

at("legend").append(...["ok", "warn", "bad", "idle"].map((tone) => h("span", { "data-tone": tone }, icon(tone, 13), TONE_WORDS[tone])));
at("listed").addEventListener("click", () => showList(at("list").hidden));
at("whole").addEventListener("click", () => choose({ mesh: true }));
at("load-stop").addEventListener("click", () => tried(at("said"), async () => void (await act("/api/load", { do: "stop" }))));
emergency(at("stop"), at("stopped"));
exporting(at("export"), at("exported"));
listen({ state: arrived, history: (told) => charts.update(told.history), event: (event) => timeline.add(event), link: linked });
