/** Weights that always make 100. Pure. */

/** Relative weights as whole per cent that make 100. */
export function whole(weights) {
  return shared(weights, 100);
}

/** One weight gets a value; the others share the rest as they did before, or evenly where they had nothing. */
export function linked(weights, index, value) {
  if (weights.length === 1) return [100];
  const mine = Math.max(0, Math.min(100, Math.round(value)));
  const others = weights.map((one, at) => (at === index ? 0 : one));
  const even = weights.map((_, at) => (at === index ? 0 : 1));
  const rest = shared(others.some((one) => one > 0) ? others : even, 100 - mine);
  return rest.map((one, at) => (at === index ? mine : one));
}

/** An amount in whole numbers by shares; what rounding leaves over goes to the largest remainders. */
function shared(shares, amount) {
  const sum = shares.reduce((all, one) => all + one, 0);
  if (sum <= 0) return shares.map(() => 0);
  const exact = shares.map((one) => (amount * one) / sum);
  const parts = exact.map(Math.floor);
  const order = exact.map((one, at) => [one - parts[at], at]).sort((a, b) => b[0] - a[0] || a[1] - b[1]);
  const missing = amount - parts.reduce((all, one) => all + one, 0);
  for (const [, at] of order.slice(0, missing)) parts[at] += 1;
  return parts;
}
