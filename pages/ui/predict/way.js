// The path of the state in the plane of two principal components, among equilibria of known digits as grey numerals.

import { element, Panel, set, stroke } from "../widgets/live/chart.js";
import { cross } from "./curves.js";

const MARK = 4; // half the side of the square at the start
const SMALL = 8, LARGE = 16; // pixels kept free around a small and a bold numeral
const EDGE = 7; // pixels from the frame within which a small one would be cut

export class Way extends Panel {
  constructor(box) {
    super(box, { x: "", y: "", label: "The path of the state among the equilibria of known digits" });
    this.landmarks = element("g", {}, this.inside);
  }

  draw({ plane, step, converged, look, solver, label }) {
    this.box.hidden = !plane;
    if (!plane) return;
    const titles = plane.explained.map((share, i) => `component ${i + 1} (${share} % of the variance)`);
    if (titles.join() !== this.titles.join()) Object.assign(this, { titles, stamp: "" });
    this.frame(...plane.ranges);
    this.scatter(plane, converged ? label : "");
    const { places } = plane;
    this.line("ahead", places, stroke(solver.color, 1.5));
    this.line("passed", places.slice(0, step + 1), stroke(solver.color, 2.5));
    this.discs("steps", places.slice(0, step + 1), 2.5, { fill: solver.color });
    const [x, y] = this.pixels(places[0]);
    const square = { x: x - MARK, y: y - MARK, width: 2 * MARK, height: 2 * MARK, fill: look.neutral };
    this.mark("start", "rect", square, this.over);
    this.discs("equilibrium", converged ? places.slice(-1) : [], 6, { fill: look.answer });
    this.discs("head", [places[step]], 4.5, {});
    cross(this, converged ? null : places.at(-1), look);
  }

  pixels([x, y]) {
    return Number.isFinite(x) && Number.isFinite(y) ? [this.x(x), this.y(y)] : [-99, -99];
  }

  // Small numerals that would cover others are left out; the rest stay where they are until the plane or its size
  // changes. That of the answer is highlighted.
  scatter({ points, labels, centres, name }, label) {
    const stamp = `${name} ${this.stamp} ${label}`;
    if (stamp === this.scattered) return;
    this.scattered = stamp;
    this.landmarks.replaceChildren();
    const write = (place, words, kind) => {
      const [x, y] = this.pixels(place);
      const text = element("text", { x, y: y + 4, "text-anchor": "middle", class: kind }, this.landmarks);
      text.textContent = words;
      return text;
    };
    const taken = centres.map(([, ...place]) => [...this.pixels(place), LARGE]);
    points.forEach((place, i) => {
      const [x, y] = this.pixels(place);
      const { left: west, right: east, top: north, bottom: south } = this.plot;
      if (Math.min(x - west, east - x, y - north, south - y) < EDGE) return;
      if (taken.some(([left, top, room]) => Math.hypot(x - left, y - top) < room)) return;
      taken.push([x, y, SMALL]);
      write(place, labels[i], "landmark");
    });
    for (const [digit, ...place] of centres) {
      const text = write(place, digit, "centre label");
      if (String(digit) === label) set(text, { class: "centre label theirs" });
    }
  }
}
