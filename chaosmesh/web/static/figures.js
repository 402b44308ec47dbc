/** Numbers as people read them. What is not known is a dash. */

const NONE = "–";
const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const TENTH = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

/** A share of 0–1. It says 100 % only where nothing at all is missing. */
export function percent(share) {
  if (share === null || share === undefined) return NONE;
  if (share === 0 || share === 1) return `${share * 100} %`;
  const digits = share > 0.99 ? 2 : 1;
  const scale = 10 ** digits;
  return `${(Math.floor(share * 100 * scale) / scale).toFixed(digits)} %`;
}

/** Milliseconds; from one second on in seconds. */
export function ms(value) {
  if (value === null || value === undefined) return NONE;
  if (value >= 1000) return `${(value / 1000).toFixed(2)} s`;
  return value < 10 ? `${value.toFixed(1)} ms` : `${WHOLE.format(value)} ms`;
}

/** So many a second. */
export function rate(value) {
  if (value === null || value === undefined) return NONE;
  return value < 10 ? TENTH.format(value) : WHOLE.format(value);
}

export function count(value) {
  return value === null || value === undefined ? NONE : WHOLE.format(value);
}

/** Attempts a call: `1.31`. */
export function times(value) {
  return value === null || value === undefined ? NONE : value.toFixed(2);
}

/** Seconds as a length of time. */
export function span(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const rest = whole % 60 ? ` ${String(whole % 60).padStart(2, "0")} s` : "";
  if (whole < 3600) return `${Math.floor(whole / 60)} min${rest}`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")} min`;
}

/** A moment (milliseconds since 1970) on the wall clock. */
export function clock(at) {
  return new Date(at).toLocaleTimeString("en-GB");
}

/** A service by its first label. */
export function short(service) {
  return service.split(".")[0];
}

/** An edge's id as words: `departures → flights`. */
export function arrow(id) {
  return id.replace("->", " → ");
}

/** The last part of a path. */
export function file(where) {
  return (where ?? "").split("/").at(-1);
}

export const TONE_WORDS = { ok: "well", warn: "weak", bad: "failing", idle: "no traffic" };
export const VERDICT_TONES = { pass: "ok", fail: "bad", inconclusive: "warn", invalid: "warn" };
