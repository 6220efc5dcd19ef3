// Maps of one number in float64, as deq/maps/scalar.py has them: orbits, fixed points, late iterates over a.

export const ESCAPED = 1e12; // an orbit this far out has diverged

// g(x) = (1 - damping) x + damping f(x, a, b); exactly f if damping is 1.
export function damped(f, { a, b, damping }) {
  if (damping === 1) return (x) => f(x, a, b);
  return (x) => (1 - damping) * x + damping * f(x, a, b);
}

// x_0 = start, x_{k+1} = g(x_k): steps + 1 values, NaN after the first that is beyond 1e12 or undefined.
export function orbit(g, start, steps) {
  const xs = new Float64Array(steps + 1).fill(NaN);
  let x = start;
  for (let k = 0; k <= steps; k += 1) {
    xs[k] = x;
    if (!(Math.abs(x) < ESCAPED)) break;
    x = g(x);
  }
  return xs;
}

// The values before the orbit escapes.
export function known(xs) {
  const end = xs.findIndex((x) => !(Math.abs(x) < ESCAPED));
  return Array.from(end < 0 ? xs : xs.subarray(0, end));
}

// Corners of the staircase: (x_0, x_0), (x_0, x_1), (x_1, x_1), (x_1, x_2), ...
export function staircase(xs) {
  return xs.flatMap((x, k) => (k ? [[xs[k - 1], x], [x, x]] : [[x, x]]));
}

export function evenly(low, high, count) {
  return Array.from({ length: count }, (_, i) => low + ((high - low) * i) / (count - 1));
}

// Crossings of g(x) = x in a window as {x, stable}; touchings and whole intervals are left to Python.
export function crossings(g, low, high, cells = 800) {
  const grid = evenly(low, high, cells + 1);
  const gaps = grid.map((x) => g(x) - x);
  const found = [];
  for (let i = 0; i <= cells; i += 1) {
    if (gaps[i] === 0 && gaps[i - 1] !== 0 && gaps[i + 1] !== 0) found.push(grid[i]);
    if (i < cells && gaps[i] * gaps[i + 1] < 0) {
      const x = bisect(g, grid[i], grid[i + 1], Math.sign(gaps[i]));
      const edge = Math.min(Math.abs(gaps[i]), Math.abs(gaps[i + 1]));
      if (Math.abs(g(x) - x) <= 1e-3 * edge + 1e-12) found.push(x); // at a pole or a jump the gap does not close
    }
  }
  return found.map((x) => ({ x, stable: Math.abs(slope(g, x)) < 1 }));
}

function bisect(g, low, high, sign) {
  for (let i = 0; i < 50; i += 1) {
    const middle = 0.5 * (low + high);
    if (Math.sign(g(middle) - middle) === sign) low = middle;
    else high = middle;
  }
  return 0.5 * (low + high);
}

function slope(g, x) {
  const h = 1e-6 * (1 + Math.abs(x));
  return (g(x + h) - g(x - h)) / (2 * h);
}

// For each of `columns` values of a: the iterates after a transient, none where the orbit diverges.
export function* lateIterates(f, { b, start, damping, sweep, transient, kept }, columns) {
  for (const a of evenly(sweep[0], sweep[1], columns)) {
    const xs = orbit(damped(f, { a, b, damping }), start, transient + kept);
    yield Math.abs(xs[transient + kept]) < ESCAPED ? xs.subarray(transient + 1) : xs.subarray(0, 0);
  }
}

// How often each column visits each of `rows` levels, as opacities of 0 to 1, top row first, with the range of x: that of
// nearly all iterates, but no further than a window's width beyond the window. Square roots keep both sharp branches and thin chaos visible, as in deq/plots/sweeps.py.
export function density(late, rows, window) {
  const [least, most] = [2 * window[0] - window[1], 2 * window[1] - window[0]];
  const all = Float64Array.from(late.flatMap((xs) => Array.from(xs)).filter((x) => x >= least && x <= most)).sort();
  if (!all.length) return { low: window[0], high: window[1], ink: new Float32Array(rows * late.length) };
  const at = (share) => all[Math.round(share * (all.length - 1))];
  const pad = 0.04 * (at(0.998) - at(0.002)) + 1e-9 * (1 + Math.abs(at(0.002)));
  const [low, high] = [at(0.002) - pad, at(0.998) + pad];
  const ink = new Float32Array(rows * late.length);
  late.forEach((xs, column) => {
    for (const x of xs) {
      const row = Math.floor(((high - x) / (high - low)) * rows);
      if (row >= 0 && row < rows) ink[row * late.length + column] += 1 / (0.05 * xs.length);
    }
  });
  return { low, high, ink: thicker(ink.map((share) => Math.sqrt(Math.min(share, 1))), late.length) };
}

// Branches two rows thick, or they look dotted.
function thicker(ink, columns) {
  return ink.map((share, i) => Math.max(share, 0.6 * (ink[i - columns] ?? 0)));
}
