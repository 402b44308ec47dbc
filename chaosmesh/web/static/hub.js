/**
 * The one connection to the tower that all tabs of a browser share: a browser opens six connections to a server at
 * most, and a stream of events holds one for good. It tells `{type, …}`: `state`, `history` and `event` carry JSON as
 * text, `link` says whether the tower answers.
 */

const HISTORY_EVERY = 2000;
const SILENT = 6000;
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 4000;

export class Hub {
  constructor(tell) {
    this.tell = tell;
    this.wanted = () => true;
    this.state = null;
    this.history = null;
    this.up = null;
    this.since = Date.now();
    this.pause = FIRST_PAUSE;
    this.retry = 0;
    this.heard = 0;
  }

  start() {
    this.open();
    setInterval(() => this.watch(), 1000);
    setInterval(() => this.up && this.wanted() && this.fetch(), HISTORY_EVERY);
  }

  open() {
    const source = new EventSource("/api/stream");
    this.source = source;
    this.heard = Date.now();
    source.addEventListener("open", () => this.fetch());
    source.addEventListener("state", (event) => this.arrived(event.data));
    source.addEventListener("event", (event) => this.tell({ type: "event", text: event.data }));
    source.addEventListener("error", () => this.lost());
  }

  arrived(text) {
    this.heard = Date.now();
    this.pause = FIRST_PAUSE;
    this.state = text;
    this.linked(true);
    this.tell({ type: "state", text });
  }

  /** The whole state with its history, which the stream leaves out. */
  async fetch() {
    try {
      const answer = await fetch("/api/state", { cache: "no-store" });
      if (!answer.ok) return;
      const text = await answer.text();
      this.history = text;
      this.tell({ type: "history", text });
    } catch {
      // the stream tells of a tower that is gone
    }
  }

  lost() {
    this.source.close();
    this.linked(false);
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.open(), this.pause);
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE);
  }

  /** A connection that says nothing is as good as none. */
  watch() {
    if (this.source.readyState === EventSource.OPEN && Date.now() - this.heard > SILENT) this.lost();
  }

  linked(up) {
    if (this.up === up) return;
    this.up = up;
    this.since = Date.now();
    this.tell({ type: "link", up, since: this.since });
  }

  /** What a tab that has just come needs. */
  present() {
    const told = [];
    if (this.up !== null) told.push({ type: "link", up: this.up, since: this.since });
    if (this.history) told.push({ type: "history", text: this.history });
    if (this.state) told.push({ type: "state", text: this.state });
    return told;
  }
}
