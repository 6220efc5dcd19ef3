// One clock for a solve: the path of its state, the probabilities, the residual and every unit at the same moment.

import { Board, mount } from "../widgets/live/board.js";
import { floatsOf } from "../widgets/live/bytes.js";
import { nearest } from "../widgets/live/curve.js";
import { Player } from "../widgets/live/player.js";
import { Chances, percent, Residual, scientific } from "./curves.js";
import { nameOf, StateMap } from "./state.js";
import { Equation } from "./unit.js";
import { Way } from "./way.js";
import { short } from "../widgets/live/chart.js";

const SECONDS = 4; // that it plays at most
const ARRAYS = ["sources", "kernel", "given", "gain", "offset", "scale", "shift"];

class ClockBoard extends Board {
  constructor(root) {
    super();
    const find = (name) => root.querySelector(name);
    const seek = (x) => this.seek(x);
    this.way = new Way(find(".plane"));
    this.chances = new Chances(find(".chances"), seek);
    this.residual = new Residual(find(".residual"), seek);
    this.map = new StateMap(find(".state"), { choose: (unit) => this.choose(unit), look: (unit) => this.look(unit) });
    this.equation = new Equation(find(".unit"));
    this.one = find(".one");
    this.one.addEventListener("toggle", () => this.plan());
    this.table = find(".numbers table");
    this.reading = find(".reading");
    this.spoken = find(".spoken");
    const words = (step) => `evaluation ${this.data?.nfe[step] ?? 0} of ${this.data?.nfe.at(-1) ?? 0}`;
    this.player = new Player(find(".bar"), find(".plots"), "solve", () => this.plan(), { words, seconds: SECONDS });
    this.watch = new ResizeObserver(() => this.plan());
    this.watch.observe(find(".plots"));
  }

  // A new answer is played once; the same one stays at its moment.
  adopt(data) {
    if (data.name === this.data?.name) return this.plan();
    const numbers = (list) => list.map((value) => value ?? NaN); // JSON has no NaN
    const before = this.data?.shape.join();
    const { plane } = data;
    this.data = {
      ...data,
      residual: numbers(data.residual),
      paths: data.paths.map(numbers),
      plane: plane && { ...plane, places: plane.places.map(numbers) },
      ...this.unpacked(data),
    };
    if (data.shape.join() !== before) this.unit = this.strongest();
    this.hover = null;
    this.tabulate();
    return this.player.present(data.nfe.length - 1);
  }

  unpacked({ states, equation, nfe }) {
    const all = floatsOf(states);
    const size = all.length / nfe.length;
    const arrays = equation && Object.fromEntries(ARRAYS.map((name) => [name, floatsOf(equation[name] ?? states)]));
    return {
      states: nfe.map((_, step) => all.subarray(step * size, (step + 1) * size)),
      equation: equation && { ...equation, ...arrays },
    };
  }

  // The unit of the largest value at the end.
  strongest() {
    const end = this.data.states.at(-1);
    return end.reduce((best, value, unit) => (Math.abs(value) > Math.abs(end[best]) ? unit : best), 0);
  }

  seek(x) {
    this.player.stop(nearest(this.data.nfe, x));
  }

  choose(unit) {
    this.unit = unit;
    this.hover = null;
    this.one.open = true;
    this.plan();
  }

  look(unit) {
    if (unit === this.hover) return;
    this.hover = unit;
    this.plan();
  }

  draw() {
    if (!this.data) return;
    const step = Math.min(this.player.step, this.data.nfe.length - 1);
    const { unit, hover } = this;
    const said = this.tell(step);
    const picture = { ...this.data, step, unit, hover, said, state: this.data.states[step] };
    this.way.draw(picture);
    this.chances.draw(picture);
    this.residual.draw(picture);
    this.map.draw(picture);
    if (this.one.open) this.equation.draw(picture);
  }

  // The moment in words, below the pictures and for screen readers.
  tell(step) {
    const { nfe, shape, states } = this.data;
    const value = `${nameOf(this.unit, shape)} is ${short(states[step][this.unit])}`;
    this.reading.textContent = this.words(step);
    const said = `After ${nfe[step]} of ${nfe.at(-1)} evaluations: ${this.words(step)} ${value}.`;
    if (!this.player.timer && said !== this.saidLast) this.spoken.textContent = this.saidLast = said;
    return said;
  }

  words(step) {
    const { nfe, residual, paths, names, converged, tol } = this.data;
    const best = paths[step].reduce((most, p, k) => (p > paths[step][most] ? k : most), 0);
    const left = Number.isFinite(residual[step]) ? scientific(residual[step]) : "not finite";
    const lost = !converged && step === nfe.length - 1;
    const end = lost ? `: not converged, above the tolerance ${scientific(tol)}.` : ".";
    return `${names[best]} (${percent(paths[step][best])}), residual ${left}${end}`;
  }

  tabulate() {
    const { nfe } = this.data;
    const line = (cells, kind) => {
      const row = document.createElement("tr");
      for (const words of cells) row.append(Object.assign(document.createElement(kind), { textContent: words }));
      return row;
    };
    const rows = nfe.map((count, step) => line([count, ...this.cells(step)], "td"));
    this.table.replaceChildren(line(["evaluations", "residual", ...this.data.names], "th"), ...rows);
  }

  cells(step) {
    const { residual, paths } = this.data;
    return [Number.isFinite(residual[step]) ? scientific(residual[step]) : "not finite", ...paths[step].map(percent)];
  }
}

export default mount(ClockBoard, "moment");
