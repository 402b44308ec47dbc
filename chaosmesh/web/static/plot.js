/** Scales and paths of a chart. Pure. */

const STEPS = [1, 2, 2.5, 5, 10];

/** Round marks from 0 up to `most`, about `wanted` of them. */
export function marks(most, wanted = 4) {
  const rough = Math.max(most, 1e-9) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = STEPS.find((one) => one * power >= rough) * power;
  const found = [];
  for (let value = 0; value < most + step * 0.99; value += step) found.push(Number(value.toPrecision(6)));
  return found;
}

/** Round moments between two (seconds since 1970), about `wanted` of them. */
export function moments(first, last, wanted = 6) {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600];
  const step = steps.find((one) => (last - first) / one <= wanted) ?? 1200;
  const found = [];
  for (let at = Math.ceil(first / step) * step; at <= last; at += step) found.push(at);
  return found;
}

/** A line through what is known; gaps stay gaps. */
export function line(times, values, x, y) {
  let pen = "M";
  let made = "";
  for (let index = 0; index < times.length; index += 1) {
    const value = values[index];
    if (value === null || value === undefined) pen = "M";
    else {
      made += `${pen}${x(times[index]).toFixed(1)} ${y(value).toFixed(1)}`;
      pen = "L";
    }
  }
  return made;
}

/** What lies between two rows of values (`low` may be null: from the ground), in pieces where both are known. */
export function area(times, low, high, x, y) {
  let made = "";
  let piece = [];
  const close = () => {
    if (piece.length > 1) {
      const back = [...piece].reverse().map((index) => `${x(times[index]).toFixed(1)} ${y(low ? low[index] : 0).toFixed(1)}`);
      made += `M${piece.map((index) => `${x(times[index]).toFixed(1)} ${y(high[index]).toFixed(1)}`).join("L")}L${back.join("L")}Z`;
    }
    piece = [];
  };
  for (let index = 0; index < times.length; index += 1) {
    const known = high[index] !== null && high[index] !== undefined && (!low || (low[index] !== null && low[index] !== undefined));
    if (known) piece.push(index);
    else close();
  }
  close();
  return made;
}

/** The part of a history that a window shows: `{t, …}` with every row cut alike. */
export function cut(history, seconds) {
  const last = history.t.at(-1) ?? 0;
  const from = history.t.findIndex((at) => at >= last - seconds);
  if (from <= 0) return history;
  const rows = Object.entries(history).map(([name, row]) => [name, name === "windows" ? row : row.slice(from)]);
  return Object.fromEntries(rows);
}
