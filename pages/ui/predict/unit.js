// The equation of one unit with its numbers at the moment of the clock: its largest terms, their sum, what follows.

import { short } from "../widgets/live/chart.js";
import { nameOf } from "./state.js";

const SHOWN = 6; // terms
const UNKNOWN = "Only its value is shown: the equation of this model's cell is not available.";
const ACTIVATIONS = {
  relu: (v) => Math.max(0, v),
  tanh: Math.tanh,
  elu: (v) => (v > 0 ? v : Math.expm1(v)),
  linear: (v) => v,
};

function add(name, parent, words = "", kind = "") {
  const made = document.createElement(name);
  made.textContent = words;
  made.className = kind;
  parent.append(made);
  return made;
}

function signed(value) {
  return value < 0 ? short(value) : `+${short(value)}`;
}

// The numbers of a unit's equation at a step, see deq/analysis/explanation/units.py. shape: of the state.
export function numbers(equation, shape, state, unit, step) {
  const [rows, columns, channels] = shape;
  const { size, count, kernel, sources, given } = equation;
  const [channel, place] = [unit % channels, Math.floor(unit / channels)];
  const [row, column, half] = [Math.floor(place / columns), place % columns, (size - 1) / 2];
  const live = (name) => equation[name][step * channels + channel];
  const sums = new Array(count).fill(0);
  for (let tap = 0; tap < size * size; tap += 1) {
    const [y, x] = [row + Math.floor(tap / size) - half, column + (tap % size) - half];
    if (y < 0 || y >= rows || x < 0 || x >= columns) continue;
    const from = ((step * rows + y) * columns + x) * count;
    for (let j = 0; j < count; j += 1) sums[j] += kernel[(tap * count + j) * channels + channel] * sources[from + j];
  }
  const terms = sums.map((sum) => live("gain") * sum);
  const rest = { given: live("gain") * given[unit], offset: live("offset"), own: equation.own ? state[unit] : 0 };
  const total = terms.reduce((a, b) => a + b, 0) + rest.given + rest.offset + rest.own;
  const [scale, shift] = [live("scale"), live("shift")];
  return { terms, rest, total, scale, shift, next: scale * ACTIVATIONS[equation.activation](total) + shift };
}

export class Equation {
  constructor(box) {
    this.box = box;
  }

  // states: of every step.
  draw({ equation, shape, states, unit, step, name, look }) {
    const value = `${nameOf(unit % shape[2], [1, 1, shape[2]])} = ${short(states[step][unit])}`;
    this.box.replaceChildren();
    if (!equation) return add("p", this.box, `${value}. ${UNKNOWN}`);
    const last = states.length - 1;
    const stamp = `${name} ${unit}`; // rows keep their order while the clock moves
    if (stamp !== this.stamp) {
      const { terms } = numbers(equation, shape, states[last], unit, last);
      this.order = terms.map((_, j) => j).sort((i, j) => Math.abs(terms[j]) - Math.abs(terms[i])).slice(0, SHOWN);
      this.stamp = stamp;
    }
    const now = numbers(equation, shape, states[step], unit, step);
    const after = nameOf(unit % shape[2], [1, 1, shape[2]], "f(z)");
    add("p", this.box, `Unit ${nameOf(unit, shape)}: ${after} = ${equation.formula}`);
    this.tabulate(this.rows(now, equation, shape, unit, step), look);
    const { activation } = equation;
    const inner = activation === "linear" ? short(now.total) : `${activation}(${short(now.total)})`;
    const scaled = now.scale === 1 ? inner : `${short(now.scale)} · ${inner}`;
    const shifted = now.shift ? ` ${now.shift < 0 ? "−" : "+"} ${short(Math.abs(now.shift))} (${equation.shiftWords})` : "";
    const result = `${after} = ${scaled}${shifted} = ${short(now.next)}. At this moment ${value}.`;
    return add("p", this.box, result, "result-line");
  }

  // [label, how it is made, value] of the largest terms, the other terms and the rest.
  rows(now, equation, shape, unit, step) {
    const { size, source, count } = equation;
    const channels = shape[2];
    const made = (j) => {
      const weight = equation.kernel[j * channels + (unit % channels)];
      return size > 1 ? `${size} × ${size} places` : `${short(weight)} × ${short(equation.sources[step * count + j])}`;
    };
    const letter = (j) => nameOf(j, [1, 1, count], source);
    const rows = this.order.map((j) => [letter(j), made(j), now.terms[j]]);
    const others = now.terms.reduce((sum, term, j) => (this.order.includes(j) ? sum : sum + term), 0);
    if (count > rows.length) rows.push([`the other ${count - rows.length} terms`, "", others]);
    if (equation.own) rows.push([nameOf(unit % channels, [1, 1, channels]), "the unit itself", now.rest.own]);
    if (equation.givenWords) rows.push([equation.givenWords, "", now.rest.given]);
    if (equation.offsetWords) rows.push([equation.offsetWords, "", now.rest.offset]);
    return [...rows, ["sum", "", now.total]];
  }

  tabulate(rows, look) {
    const largest = Math.max(1e-12, ...rows.map(([, , value]) => Math.abs(value)));
    const table = add("table", this.box);
    rows.forEach(([label, made, value], i) => {
      const line = add("tr", table, "", i === rows.length - 1 ? "result" : "");
      add("th", line, label).scope = "row";
      add("td", line, made);
      const share = (50 * Math.abs(value)) / largest;
      const bar = add("i", add("td", line, "", "length"));
      Object.assign(bar.style, { width: `${share}%`, left: `${value < 0 ? 50 - share : 50}%` });
      bar.style.background = value < 0 ? look.less : look.more;
      add("td", line, signed(value), "number");
    });
  }
}
