// A formula arrives as a tree, never as text that would be run: a number, a variable, or [operation, argument, ...].
// It becomes nested closures over the fixed table below, with NumPy's values in float64, NaN and infinity included.

const MOST_NODES = 1000; // a formula of 200 characters has at most 200
const DEEPEST = 250;

// C and NumPy: 1 to any power is 1, and so is -1 to an infinite one. JavaScript says NaN.
const power = (u, v) => (u === 1 || (u === -1 && Math.abs(v) === Infinity) ? 1 : Math.pow(u, v));

const OPERATIONS = new Map([
  ["+", (u, v) => u + v],
  ["-", (u, v) => u - v],
  ["*", (u, v) => u * v],
  ["/", (u, v) => u / v],
  ["**", power],
  ["neg", (u) => -u],
  ["pos", (u) => u],
  ["sin", (u) => Math.sin(u)],
  ["cos", (u) => Math.cos(u)],
  ["tan", (u) => Math.tan(u)],
  ["tanh", (u) => Math.tanh(u)],
  ["exp", (u) => Math.exp(u)],
  ["log", (u) => Math.log(u)],
  ["sqrt", (u) => Math.sqrt(u)],
  ["abs", (u) => Math.abs(u)],
  ["sigmoid", (u) => 0.5 * (1 + Math.tanh(0.5 * u))],
  ["relu", (u) => Math.max(u, 0)],
]);
const VARIABLES = new Map([
  ["x", (x, a, b) => x],
  ["a", (x, a, b) => a],
  ["b", (x, a, b) => b],
]);

// The function (x, a, b) of a tree; an error for anything that is not one.
export function compile(tree) {
  let nodes = 0;
  const build = (node, depth) => {
    nodes += 1;
    if (nodes > MOST_NODES || depth > DEEPEST) throw new RangeError("The formula is too large.");
    if (typeof node === "number" && Number.isFinite(node)) return () => node;
    if (typeof node === "string" && VARIABLES.has(node)) return VARIABLES.get(node);
    return apply(node, depth);
  };
  const apply = (node, depth) => {
    const operation = Array.isArray(node) ? OPERATIONS.get(node[0]) : undefined;
    if (operation === undefined || node.length !== operation.length + 1) {
      throw new TypeError("This is not part of a formula.");
    }
    const [u, v] = node.slice(1).map((part) => build(part, depth + 1));
    if (v === undefined) return (x, a, b) => operation(u(x, a, b));
    return (x, a, b) => operation(u(x, a, b), v(x, a, b));
  };
  return build(tree, 0);
}
