// Two numbers, live: the flow as arrows, the nullclines, and one orbit of the iteration and of the flow, drawn again
// in the frame in which the start or a parameter moves. Python gets the values on release.

import { Board, mount } from "../widgets/live/board.js";
import { Player } from "../widgets/live/player.js";
import { Settings } from "../widgets/live/settings.js";
import { describe, dimAnswers, dragInside, followSliders, keyedInPlane } from "../widgets/live/handles.js";
import { Panel, element, set, short, stroke } from "../widgets/live/chart.js";
import { arrows, nullcline, planarCell, planarFixedPoints, planarFlow, planarOrbit } from "./planar.js";

const END = 25; // units of time of the flow, in steps of 0.05
const STEP = 0.02;

class PortraitBoard extends Board {
  constructor(root) {
    super();
    const find = (name) => root.querySelector(name);
    this.settings = new Settings(["radius", "angle", "x1", "x2", "z1", "z2"]);
    [this.reading, this.spoken, this.key] = [".reading", ".spoken", ".key"].map(find);
    this.panel = new Panel(find(".portrait"), { x: "z₁ (drag the start)", y: "z₂", label: "Phase portrait" });
    this.handle = element("g", { class: "handle" }, this.panel.svg);
    this.grip = element("circle", { class: "grip", r: 20 }, this.handle);
    this.knob = element("rect", { class: "knob", width: 13, height: 13, rx: 2 }, this.handle);
    this.take();
    this.player = new Player(find(".bar"), find(".portrait"), "portrait", () => this.plan());
    this.unfollow = followSliders(() => this.data.sliders, (name, value) => this.move({ [name]: value }));
    this.watch = new ResizeObserver(() => this.plan());
    this.watch.observe(find(".portrait"));
  }

  // The start follows the pointer and the arrow keys.
  take() {
    const { settings } = this;
    const move = (z1, z2) => {
      settings.held = true;
      this.move({ z1: Math.round(z1 * 1000) / 1000, z2: Math.round(z2 * 1000) / 1000 });
    };
    const release = () => this.release();
    const cancel = () => {
      settings.cancel();
      this.plan();
    };
    dragInside(this.panel, { move, release, cancel });
    keyedInPlane(this.handle, "Start", () => ({ ...settings.now, half: this.data.half, step: STEP }), move, release);
  }

  adopt(data, report) {
    this.data = data;
    this.settings.adopt(data, report);
    this.player.fit(data.steps);
    for (const [name, color] of Object.entries(data.key)) {
      this.key.querySelector(`.${name}`).style.setProperty("--mark", color);
    }
    this.plan();
  }

  get said() {
    return this.reading.textContent;
  }

  draw() {
    const { data, panel, player } = this;
    const { now, ahead } = this.settings;
    const cell = planarCell(now);
    const window = [-data.half, data.half];
    const start = [now.z1, now.z2];
    panel.frame(window, window);
    this.drawField(cell);
    const fixed = ahead ? planarFixedPoints(cell) : data.fixed;
    const path = planarOrbit(cell, start, data.steps).slice(0, player.step + 1);
    const flow = planarFlow(cell, start, END, 500).slice(0, 20 * player.step + 1); // one step is one unit of time
    panel.line("flow", flow, stroke(data.key.flow, 2));
    panel.line("orbit", path, stroke(data.key.iteration, 1.5));
    panel.discs("points", path, 3, { fill: data.key.iteration });
    this.drawFixedPoints(fixed);
    this.drawStart(now);
    this.reading.textContent = sentence(path, fixed, player.step);
    dimAnswers(ahead);
  }

  drawField(cell) {
    const { data, panel } = this;
    const strokes = arrows(cell, data.half, 17).flatMap(([tail, tip]) => [tail, tip, [NaN, NaN], ...head(tail, tip)]);
    panel.line("field", strokes, { ...stroke(data.look.neutral, 1), opacity: 0.85 });
    panel.line("first", nullcline(cell, 0, data.half), stroke(data.key.first, 2, "dash"));
    panel.line("second", nullcline(cell, 1, data.half), stroke(data.key.second, 2, "dash"));
  }

  drawFixedPoints(fixed) {
    const { panel, data } = this;
    const at = (stable) => fixed.filter((point) => point.stable === stable).map(({ z }) => z);
    panel.discs("stable", at(true), 6, { fill: data.look.fixed, stroke: "white", "stroke-width": 1.5 });
    panel.discs("unstable", at(false), 5.5, { fill: "none", stroke: data.look.fixed, "stroke-width": 2 });
  }

  drawStart({ z1, z2 }) {
    const { panel, data } = this;
    const [x, y] = [panel.x(z1), panel.y(z2)];
    set(this.knob, { x: x - 6.5, y: y - 6.5 });
    set(this.grip, { cx: x, cy: y });
    const text = `z1 = ${short(z1)}, z2 = ${short(z2)}; arrow keys move both`;
    describe(this.handle, { value: z1, low: -data.half, high: data.half, text });
  }

  close() {
    this.unfollow();
    super.close();
  }
}

// The two short strokes of an arrow's head, with gaps.
function head(tail, tip) {
  const [u, v] = [tip[0] - tail[0], tip[1] - tail[1]];
  const side = (turn) => [tip[0] - 0.35 * (u - turn * v), tip[1] - 0.35 * (v + turn * u)];
  return [side(0.6), tip, side(-0.6), [NaN, NaN]];
}

function sentence(path, fixed, step) {
  const [z1, z2] = path[path.length - 1].map((value) => short(value));
  const count = (test) => fixed.filter(test).length;
  const points = `${fixed.length} fixed point${fixed.length === 1 ? "" : "s"}`;
  const stable = `${count((p) => p.stable)} stable for the iteration, ${count((p) => p.settles)} for the flow`;
  return `${points}: ${stable}. After ${step} step${step === 1 ? "" : "s"} z = (${z1}, ${z2}).`;
}

export default mount(PortraitBoard, "moved");
