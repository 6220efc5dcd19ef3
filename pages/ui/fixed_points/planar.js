// The cell f(z) = tanh(W z + x) in the plane, in float64, as deq/maps/planar.py has it.

// W is `radius` times a turn by `angle` degrees.
export function planarCell({ radius, angle, x1, x2 }) {
  const turn = (angle * Math.PI) / 180;
  const [c, s] = [radius * Math.cos(turn), radius * Math.sin(turn)];
  const map = ([p, q]) => [Math.tanh(c * p - s * q + x1), Math.tanh(s * p + c * q + x2)];
  return { weights: [[c, -s], [s, c]], x: [x1, x2], map };
}

// z <- f(z): steps + 1 points.
export function planarOrbit({ map }, start, steps) {
  const path = [start];
  for (let k = 0; k < steps; k += 1) path.push(map(path[k]));
  return path;
}

// The flow dz/dt = f(z) - z by the classical Runge-Kutta method of order four: one point for each of `steps`.
export function planarFlow({ map }, start, end, steps) {
  const h = end / steps;
  const speed = (z) => map(z).map((value, i) => value - z[i]);
  const ahead = (z, v, share) => [z[0] + share * h * v[0], z[1] + share * h * v[1]];
  const path = [start];
  for (let k = 0; k < steps; k += 1) {
    const z = path[k];
    const v1 = speed(z);
    const v2 = speed(ahead(z, v1, 0.5));
    const v3 = speed(ahead(z, v2, 0.5));
    const v4 = speed(ahead(z, v3, 1));
    path.push(ahead(z, [0, 1].map((i) => (v1[i] + 2 * v2[i] + 2 * v3[i] + v4[i]) / 6), 1));
  }
  return path;
}

// df/dz = diag(1 - f(z)^2) W.
function jacobian({ weights, map }, z) {
  return map(z).map((value, i) => weights[i].map((w) => (1 - value * value) * w));
}

// All fixed points as {z, stable, settles}, by Newton's method from a grid. stable: for the iteration, both eigenvalues
// of df/dz inside the unit circle; settles: for the flow, both left of 1.
export function planarFixedPoints(cell, size = 15) {
  const found = [];
  for (let i = 0; i < size * size; i += 1) {
    const z = polish(cell, [i % size, Math.floor(i / size)].map((k) => 1.05 * ((2 * k) / (size - 1) - 1)));
    if (z && found.every((other) => Math.hypot(other[0] - z[0], other[1] - z[1]) > 1e-5)) found.push(z);
  }
  return found.map((z) => ({ z, ...stability(jacobian(cell, z)) }));
}

function polish(cell, z) {
  for (let k = 0; k < 40; k += 1) {
    const [[a, b], [c, d]] = jacobian(cell, z);
    const det = (1 - a) * (1 - d) - b * c;
    const [p, q] = cell.map(z).map((value, i) => value - z[i]);
    if (Math.hypot(p, q) < 1e-13) break;
    const step = Math.abs(det) < 1e-12 ? [p, q] : [((1 - d) * p + b * q) / det, (c * p + (1 - a) * q) / det];
    z = z.map((value, i) => clip(value + clip(step[i], 0.3), 1.2));
  }
  const [p, q] = cell.map(z);
  return Math.hypot(p - z[0], q - z[1]) < 1e-11 ? z : null;
}

function clip(value, most) {
  return Math.min(most, Math.max(-most, value));
}

// The conditions of Jury and of Routh and Hurwitz, from trace and determinant.
function stability([[a, b], [c, d]]) {
  const [trace, det] = [a + d, a * d - b * c];
  const settles = trace < 2 && (1 - a) * (1 - d) - b * c > 0;
  return { stable: Math.abs(trace) < 1 + det && det < 1, settles };
}

// The curve where component i of the velocity is 0, as points [z1, z2] with gaps. With z_i = tanh(t) it is a straight
// line in the other component; where that has no weight, the curve is vertical or horizontal.
export function nullcline({ weights, x }, i, half) {
  const [own, other] = [weights[i][i], weights[i][1 - i]];
  const place = (mine, theirs) => (i === 0 ? [mine, theirs] : [theirs, mine]);
  const ts = Array.from({ length: 801 }, (_, k) => (k - 400) / 80);
  if (Math.abs(other) > 1e-9) {
    return ts.map((t) => place(Math.tanh(t), (t - own * Math.tanh(t) - x[i]) / other)).filter(inside(3 * half));
  }
  const gap = (t) => t - own * Math.tanh(t) - x[i];
  const roots = ts.filter((t, k) => k && gap(ts[k - 1]) * gap(t) <= 0).map(Math.tanh);
  return roots.flatMap((z) => [place(z, -half), place(z, half), [NaN, NaN]]);
}

function inside(most) {
  return ([p, q]) => Math.abs(p) < most && Math.abs(q) < most;
}

// Arrows of bounded length along the velocity on a grid, as [tail, tip]: slow regions remain visible.
export function arrows({ map }, half, size) {
  const spacing = (2 * half) / size;
  return Array.from({ length: size * size }, (_, i) => {
    const z = [i % size, Math.floor(i / size)].map((k) => -half + (k + 0.5) * spacing);
    const v = map(z).map((value, j) => value - z[j]);
    const scale = (0.75 * spacing) / (Math.hypot(...v) + 0.15);
    return [z, [z[0] + scale * v[0], z[1] + scale * v[1]]];
  });
}
