// The cobweb of one number, and its iterates beside it: what the orbit does after `step` steps.

import { describe, dragInside, keyed } from "../widgets/live/handles.js";
import { Panel, element, set, short, stroke } from "../widgets/live/chart.js";
import { evenly, staircase } from "./orbits.js";

export class Cobweb {
  // hands: {now(), move(start), release, cancel, hover(x)}.
  constructor(box, hands) {
    this.panel = new Panel(box, { x: "x (drag the start)", y: "f(x)", label: "Cobweb" });
    const move = (x) => hands.move(this.rounded(x));
    dragInside(this.panel, { ...hands, move: (x) => move(x) });
    this.handle = element("g", { class: "handle" }, this.panel.svg);
    this.knob = element("rect", { class: "knob", width: 13, height: 13, rx: 2 }, this.handle);
    keyed(this.handle, "Start", () => ({ ...this.described, value: hands.now() }), move, hands.release);
  }

  // To a thousandth of the window or finer, in as few digits as that takes.
  rounded(x) {
    const digits = Math.ceil(3 - Math.log10(this.width));
    return Number(x.toFixed(Math.min(Math.max(digits, 0), 12)));
  }

  // g: the map that is iterated, damped or not. xs: the orbit up to the present step.
  draw({ f, g, now, window, xs, fixed, look, said }) {
    const { panel } = this;
    const [low, high] = window;
    this.width = high - low;
    panel.frame(window, window);
    const curve = evenly(low, high, 401);
    const near = (y) => (y > 2 * low - high && y < 2 * high - low ? y : NaN); // a pole would draw a vertical line
    panel.line("diagonal", [[low, low], [high, high]], stroke(look.neutral, 1, "dash"));
    panel.line("curve", curve.map((x) => [x, near(f(x, now.a, now.b))]), stroke(look.neutral, 3));
    const smooth = now.damping < 1 ? curve.map((x) => [x, near(g(x))]) : [];
    panel.line("damped", smooth, stroke(look.neutral, 2, "dot"));
    panel.line("orbit", staircase(xs), stroke(look.orbit, 2));
    marks(panel, fixed, look);
    panel.discs("present", xs.slice(-1).map((x) => [x, x]), 4.5, { fill: look.orbit });
    set(this.knob, { x: panel.x(now.start) - 6.5, y: panel.y(now.start) - 6.5 });
    this.described = { value: now.start, low, high, step: (high - low) / 200, text: said };
    describe(this.handle, this.described);
  }
}

// Filled discs for stable fixed points, open ones for unstable.
function marks(panel, fixed, look) {
  const at = (stable) => fixed.filter((point) => point.stable === stable).map(({ x }) => [x, x]);
  panel.discs("stable", at(true), 5.5, { fill: look.fixed, stroke: "white", "stroke-width": 1 });
  panel.discs("unstable", at(false), 5, { fill: "none", stroke: look.fixed, "stroke-width": 2 });
}

export class Iterates {
  constructor(box) {
    this.panel = new Panel(box, { x: "iteration k", y: "x after k steps", label: "Iterates" });
  }

  draw({ window, steps, xs, fixed, look }) {
    const { panel } = this;
    const [low, high] = window;
    const leaves = xs.some((x) => x < low || x > high);
    panel.frame([-0.02 * steps, steps * 1.02], leaves ? [2 * low - high, 2 * high - low] : window);
    const levels = fixed.flatMap(({ x }) => [[0, x], [steps, x], [NaN, NaN]]);
    panel.line("levels", levels, stroke(look.neutral, 1.5, "dot"));
    const points = xs.map((x, k) => [k, x]);
    panel.line("path", points, stroke(look.orbit, 1));
    panel.discs("points", points, steps > 40 ? 2 : 2.8, { fill: look.orbit });
  }
}

// What is on the screen in one line.
export function sentence({ now, xs, fixed, step }) {
  const last = xs.length - 1;
  const steps = (count) => `${count} step${count === 1 ? "" : "s"}`;
  const end = last < step ? `escapes after ${steps(last)}` : `after ${steps(step)} x = ${short(xs[last], 6)}`;
  const stable = fixed.filter((point) => point.stable).map(({ x }) => short(x, 4));
  const settles = stable.length && stable.length < 4 ? ` Stable fixed point${stable.length > 1 ? "s" : ""}: ${stable.join(", ")}.` : "";
  return `a = ${short(now.a, 5)}, start ${short(now.start, 4)}: ${end}.${settles}`;
}
