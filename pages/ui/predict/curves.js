// The two curves of the clock, with a vertical line at its moment: the probabilities of the classes, and the residual.

import { short, stroke } from "../widgets/live/chart.js";
import { CurvePanel } from "../widgets/live/curve.js";

const LIKELY = 0.05; // a class is named from this probability on
const NAMED = 3; // classes at most
const LINE = 14; // pixels between names
const POWERS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

// A curve with words beside its moment.
class SaidCurve extends CurvePanel {
  // Whether there is room for words on the right of a place.
  roomy(x) {
    return this.x(x) < (this.plot.left + 2 * this.plot.right) / 3;
  }

  // Words beside a place, on the side where there is room.
  say(name, words, x, height) {
    const right = this.roomy(x);
    const place = { x: this.x(x) + (right ? 8 : -8), y: height, "text-anchor": right ? "start" : "end" };
    const text = this.mark(name, "text", place, this.over);
    text.setAttribute("class", "label");
    text.textContent = words;
  }
}

export class Chances extends SaidCurve {
  constructor(box, seek) {
    super(box, "probability", "The probability of each class after every evaluation", seek);
  }

  yTicks() {
    return [0, 0.5, 1].map((p) => [p, `${100 * p} %`]);
  }

  draw({ nfe, paths, names, answer, converged, step, look }) {
    this.span(nfe, [-0.04, 1.08]);
    const curve = (k) => nfe.map((x, i) => [x, paths[i][k]]);
    const others = names.map((_, k) => (k === answer ? "" : this.path(curve(k)))).join("");
    this.mark("others", "path", { d: others, fill: "none", opacity: 0.6, ...stroke(look.neutral, 1) });
    this.line("answer", curve(answer), stroke(converged ? look.answer : look.neutral, 2.5));
    this.cursor(nfe[step]);
    const now = paths[step].map((p, k) => [p, k]).filter(([p]) => p >= LIKELY);
    const named = now.sort(([p], [q]) => q - p).slice(0, NAMED);
    this.discs("dots", named.map(([p]) => [nfe[step], p]), 4, {});
    this.name(named.reverse(), names, nfe[step]);
  }

  // The most probable classes beside their dots, from below, apart from one another. named: [probability, class].
  name(named, names, x) {
    let floor = Infinity;
    for (let i = 0; i < NAMED; i += 1) {
      const [p, k] = named[i] ?? [NaN, 0];
      if (named[i]) floor = Math.min(floor - LINE, this.y(p) + (p > 0.5 ? 18 : -6)); // beside its line
      this.say(`name-${i}`, named[i] ? `${names[k]}: ${percent(p)}` : "", x, named[i] ? floor : 0);
    }
  }
}

export class Residual extends SaidCurve {
  constructor(box, seek) {
    super(box, "relative residual", "The relative residual after every evaluation, on a log axis", seek);
  }

  // Values are log10: ticks are whole powers of ten.
  yTicks(most) {
    const [low, high] = [Math.ceil(this.yRange[0]), Math.floor(this.yRange[1])];
    const apart = Math.max(1, Math.ceil((high - low) / most));
    const powers = [];
    for (let power = high; power >= low; power -= apart) powers.push([power, powerOfTen(power)]);
    return powers;
  }

  draw({ nfe, residual, tol, converged, step, look, solver }) {
    const seen = residual.filter(Number.isFinite);
    const [low, high] = [Math.min(tol, ...seen), Math.max(tol, ...seen) + 0.3];
    this.span(nfe, [low - 0.2 * (high - low), high]); // room for words below the end
    const curve = nfe.map((x, i) => [x, residual[i]]);
    this.line("tolerance", this.xRange.map((x) => [x, tol]), stroke(look.neutral, 1, "dash"));
    this.line("ahead", curve, { ...stroke(solver.color, 2), opacity: 0.3 });
    this.line("passed", curve.slice(0, step + 1), stroke(solver.color, 2));
    this.cursor(nfe[step]);
    this.discs("steps", curve, 2.5, { fill: solver.color });
    this.discs("dots", [curve[step]], 4, {});
    this.say("limit", `tolerance ${scientific(tol)}`, this.xRange[0], this.y(tol) + 14);
    const known = Number.isFinite(residual[step]);
    const height = this.y(residual[step]) + (this.roomy(nfe[step]) ? -8 : 18); // beside a curve that falls
    this.say("value", known ? scientific(residual[step]) : "", nfe[step], known ? height : 0);
    cross(this, converged ? null : curve.at(-1), look);
  }
}

// A solve that failed ends in a hollow red cross with the words. place: [x, y] in data, or null.
export function cross(panel, place, look) {
  const shown = place?.every(Number.isFinite);
  const [x, y] = shown ? [panel.x(place[0]), panel.y(place[1])] : [0, 0];
  const d = shown ? `M${x - 6},${y - 6}l12,12m0,-12l-12,12` : "";
  panel.mark("lost", "path", { d, fill: "none", ...stroke(look.failed, 2) }, panel.over);
  const left = x > 140; // there is room
  const beside = { x: x + (left ? -10 : 10), y: y + 16, "text-anchor": left ? "end" : "start" };
  const words = panel.mark("lost-words", "text", beside, panel.over);
  words.setAttribute("class", "label lost-words");
  words.textContent = shown ? "not converged" : "";
}

// 3.2e-4 for its log10.
export function scientific(log) {
  return Number((10 ** log).toPrecision(2)).toExponential().replace("e+", "e");
}

export function percent(p) {
  if (!Number.isFinite(p)) return "undefined";
  return p >= 0.9995 ? "> 99.9 %" : `${short(100 * p)} %`;
}

function powerOfTen(power) {
  if (power === 0) return "1";
  const digits = Array.from(String(Math.abs(power)), (digit) => POWERS[digit]).join("");
  return `10${power < 0 ? "⁻" : ""}${digits}`;
}
