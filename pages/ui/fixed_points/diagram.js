// The bifurcation diagram of one number: late iterates over a, with a handle at the present a.

import { describe, dragInside, keyed } from "../widgets/live/handles.js";
import { Panel, element, set, short } from "../widgets/live/chart.js";
import { density, lateIterates } from "./orbits.js";

const SLICE = 8; // milliseconds of work at a time
const ROWS = 180; // about one a pixel
const STEP = 0.01;

export class Diagram {
  // hands: {now(), move(a), release, cancel}, called as the handle is dragged.
  constructor(box, hands) {
    const titles = { x: "parameter a (drag)", y: "x after many steps", label: "Bifurcation diagram over the parameter a" };
    this.panel = new Panel(box, titles);
    this.canvas = box.querySelector("canvas");
    this.handle = element("g", { class: "handle" }, this.panel.svg);
    this.upright = element("line", { class: "upright" }, this.handle);
    this.knob = element("circle", { class: "knob", r: 7 }, this.handle);
    this.label = element("text", { class: "label", "aria-hidden": "true" }, this.handle);
    this.range = [0, 1];
    const move = (a) => hands.move(Math.round(a * 1000) / 1000);
    dragInside(this.panel, { ...hands, move: (a) => move(a) });
    keyed(this.handle, "Parameter a", () => ({ ...this.described, value: hands.now() }), move, hands.release);
  }

  // Sweep again if the settings or the size have changed, a slice at a time; the old picture stays until then.
  sweep(f, settings, color) {
    const columns = Math.max(60, Math.min(600, this.canvas.parentNode.clientWidth - 56));
    const stamp = JSON.stringify([settings, columns]);
    if (stamp === this.stamp) return;
    this.stamp = stamp;
    const sweep = lateIterates(f, settings, columns);
    const late = [];
    const work = () => {
      const end = performance.now() + SLICE;
      while (performance.now() < end && this.stamp === stamp) {
        const { value, done } = sweep.next();
        if (done) return this.paint(density(late, ROWS, settings.window), settings.sweep, columns, color);
        late.push(value);
      }
      if (this.stamp === stamp) setTimeout(work);
    };
    work();
  }

  paint({ low, high, ink }, sweep, columns, color) {
    this.panel.frame(sweep, [low, high]);
    const { left, right, top, bottom } = this.panel.plot;
    const style = { left: `${left}px`, top: `${top}px`, width: `${right - left}px`, height: `${bottom - top}px` };
    Object.assign(this.canvas.style, style);
    [this.canvas.width, this.canvas.height] = [columns, ink.length / columns];
    const pen = this.canvas.getContext("2d");
    const image = pen.createImageData(columns, ink.length / columns);
    const [r, g, b] = [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16));
    ink.forEach((share, i) => image.data.set([r, g, b, share ? 255 * (0.55 + 0.45 * share) : 0], 4 * i));
    pen.putImageData(image, 0, 0);
    if (this.described) this.point(this.described.value, this.bounds);
  }

  // Put the handle at a. bounds: of a itself, of which the diagram may show a part.
  point(a, bounds) {
    const [low, high] = bounds;
    this.bounds = bounds;
    this.described = { value: a, low, high, step: STEP, text: `a = ${short(a, 4)}` };
    describe(this.handle, this.described);
    if (!this.panel.plot) return;
    const [first, last] = this.panel.xRange;
    const { top, bottom, right } = this.panel.plot;
    const x = this.panel.x(Math.min(last, Math.max(first, a)));
    set(this.upright, { x1: x, x2: x, y1: top, y2: bottom, visibility: a < first || a > last ? "hidden" : "visible" });
    set(this.knob, { cx: x, cy: bottom });
    const side = x > right - 90 ? { x: x - 6, "text-anchor": "end" } : { x: x + 6, "text-anchor": "start" };
    set(this.label, { ...side, y: top + 13 });
    this.label.textContent = `a = ${short(a, 4)}`;
  }
}
