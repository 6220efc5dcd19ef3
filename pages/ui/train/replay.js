// A run on points in the plane, moment by moment: its classes or the evaluations of its solves, and where these fail.
// Played once, after its end.

import { Board, mount } from "../widgets/live/board.js";
import { bytesOf, inflated } from "../widgets/live/bytes.js";
import { Panel, element, short } from "../widgets/live/chart.js";
import { Player } from "../widgets/live/player.js";
import { OUTLINES } from "./outlines.js";

const SECONDS = 6; // that it plays
const FAILED = 0x80, CLASS = 0x07, DOUBTS = 15; // a cell, see deq/jobs/film.py; of evaluations, all seven bits count
const MANY = 400; // points, which are drawn smaller

const played = new Set(); // runs that this tab has seen played

class ReplayBoard extends Board {
  constructor(root) {
    super();
    const find = (name) => root.querySelector(name);
    this.box = find(".film");
    this.canvas = find("canvas");
    this.bar = find(".bar");
    this.reading = find(".reading");
    this.spoken = find(".spoken");
    this.scale = find(".scale");
    this.panel = new Panel(this.box, { x: "x₁", y: "x₂", label: "The plane" });
    this.panel.svg.setAttribute("role", "img");
    const words = (step) => this.place(step);
    this.player = new Player(this.bar, this.box, "training", () => this.plan(), { words, seconds: SECONDS });
    this.track();
    this.watch = new ResizeObserver(() => this.plan());
    this.watch.observe(this.box);
  }

  // The slider with a mark over it where the equilibrium is lost.
  track() {
    const { slider } = this.player;
    const track = document.createElement("span");
    this.mark = document.createElement("i");
    track.className = "track";
    this.mark.className = "mark";
    slider.replaceWith(track);
    slider.setAttribute("aria-label", "Moment of the run");
    track.append(slider, this.mark);
  }

  place(step) {
    return this.data ? `update ${grouped(this.data.steps[step])} of ${grouped(this.data.total)}` : "";
  }

  // Take over a longer film: stay at its end, or at the update that is being looked at.
  async adopt(data) {
    if (data.frames !== this.newest) this.unpacked = null;
    this.newest = data.frames;
    this.unpacked ??= inflated(bytesOf(data.frames));
    const cells = await this.unpacked;
    if (data.frames !== this.newest) return; // a newer film has come meanwhile
    const { player } = this;
    const same = this.data?.run === data.run && player.step < this.data.steps.length - 1;
    const seen = same ? this.data.steps[player.step] : Infinity;
    const last = data.steps.length - 1;
    Object.assign(this, { data, cells, lost: data.lost ? last : -1 });
    this.bar.classList.toggle("idle", last === 0);
    player.fit(last);
    player.place(same ? nearest(data.steps, seen) : last);
    this.markLoss(last);
    this.legend();
    if (!data.live && last && !played.has(data.run)) {
      played.add(data.run);
      player.present(last);
    }
    this.plan();
  }

  markLoss(last) {
    this.mark.hidden = this.lost < 0;
    this.mark.style.background = this.data.failed;
    const share = this.lost / Math.max(1, last);
    this.mark.style.left = `calc(7px + ${share} * (100% - 16px))`; // the middle of the knob
    this.mark.title = "The equilibrium is lost";
  }

  // What the colours of the evaluations mean.
  legend() {
    const { ramp, range } = this.data;
    this.scale.style.visibility = ramp.length ? "visible" : "hidden"; // it keeps its place
    const [low, bar, high] = this.scale.children;
    [low.textContent, high.textContent] = [grouped(range[0]), `${grouped(range[1])} evaluations`];
    const stops = ramp.filter((_, k) => k % 16 === 0 || k === ramp.length - 1);
    bar.style.background = stops.length ? `linear-gradient(to right, ${stops.map((rgb) => `rgb(${rgb})`)})` : "";
  }

  draw() {
    if (!this.data) return;
    const { data, panel, player } = this;
    panel.frame([-data.half, data.half], [-data.half, data.half]);
    const step = Math.min(player.step, data.steps.length - 1);
    const cells = this.cells.subarray(step * data.side ** 2, (step + 1) * data.side ** 2);
    this.paint(cells);
    this.scatter();
    this.tell(step);
  }

  // The points, each as the marker of its class; they stay where they are while the film plays.
  scatter() {
    const { data, panel } = this;
    if (this.scattered === `${data.run} ${data.points.length} ${panel.stamp}`) return;
    this.scattered = `${data.run} ${data.points.length} ${panel.stamp}`;
    this.marks ??= element("g", { stroke: "white" }, panel.inside);
    const size = data.points.length > MANY ? 0.36 : 0.7;
    this.marks.replaceChildren();
    for (const [x, y, label] of data.points) {
      const [, fill, symbol] = data.looks[label];
      const transform = `translate(${panel.x(x)},${panel.y(y)}) scale(${size})`;
      element("path", { d: OUTLINES[symbol], fill, transform }, this.marks);
    }
  }

  // The classes smoothly, and over them in sharp cells, hatched, where the solves fail.
  paint(cells) {
    const { canvas, panel, data } = this;
    const { left, right, top, bottom } = panel.plot;
    const ratio = devicePixelRatio || 1;
    const [width, height] = [right - left, bottom - top];
    Object.assign(canvas.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
    [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    pen.imageSmoothingQuality = "high";
    pen.drawImage(data.ramp.length ? evaluations(cells, data) : classes(cells, data), 0, 0, width, height);
    this.hatch(pen, cells, width / data.side, height / data.side);
  }

  hatch(pen, cells, width, height) {
    const { side, failed } = this.data;
    const places = [...cells.keys()].filter((k) => cells[k] & FAILED);
    const edge = (place, size) => Math.round(place * size); // of whole pixels: no seams
    pen.fillStyle = `${failed}66`; // pale: pink
    pen.strokeStyle = `${failed}b3`;
    pen.beginPath();
    for (const k of places) {
      const [column, row] = [k % side, side - 1 - Math.floor(k / side)];
      const [x, right] = [edge(column, width), edge(column + 1, width)];
      const [y, bottom] = [edge(row, height), edge(row + 1, height)];
      pen.clearRect(x, y, right - x, bottom - y);
      pen.fillRect(x, y, right - x, bottom - y);
      pen.moveTo(x, bottom);
      pen.lineTo(right, y);
    }
    pen.stroke();
  }

  // The moment in words, below the picture and for screen readers.
  tell(step) {
    const { data, player } = this;
    const said = sentence(data, step, step === this.lost);
    this.reading.textContent = said;
    const what = data.ramp.length ? "Evaluations" : "Classes";
    this.panel.svg.setAttribute("aria-label", `${what} in the plane. ${said}`);
    if (!player.timer && !data.live && said !== this.said) this.spoken.textContent = this.said = said;
  }
}

function sentence(data, step, lost) {
  const percent = (share) => `${short(100 * share)} %`;
  const shares = [`solves converge in ${percent(data.converged[step])} of the plane`];
  if (data.ramp.length) shares.unshift(`${short(data.median[step])} evaluations at the median`);
  if (data.accuracy[step] !== null) shares.unshift(`accuracy ${percent(data.accuracy[step])}`);
  if (data.loss[step] !== null) shares.unshift(`validation loss ${short(data.loss[step])}`);
  if (data.radius[step] !== null) shares.push(`spectral radius ${short(data.radius[step])}`);
  const when = data.steps[step] ? `Update ${grouped(data.steps[step])}` : "Before training";
  return `${when}: ${shares.join(", ")}.${lost ? " The equilibrium is lost." : ""}`;
}

function grouped(count) {
  return count.toLocaleString("en");
}

function nearest(steps, wanted) {
  const far = steps.map((step) => Math.abs(step - wanted));
  return far.indexOf(Math.min(...far));
}

// Failed cells have the colour of their class too.
function classes(cells, { side, looks, shades: [pale, strong] }) {
  const colors = looks.map(([, color]) => [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16)));
  const opacity = (cell) => pale + ((strong - pale) * ((cell & ~FAILED) >> 3)) / DOUBTS;
  return picture(cells, side, (cell) => [...colors[cell & CLASS], 255 * opacity(cell)]);
}

function evaluations(cells, { side, ramp }) {
  return picture(cells, side, (cell) => [...ramp[cell & ~FAILED], 255]);
}

// One pixel a cell, the top row first.
function picture(cells, side, color) {
  const canvas = new OffscreenCanvas(side, side);
  const pen = canvas.getContext("2d");
  const image = pen.createImageData(side, side);
  cells.forEach((cell, k) => {
    image.data.set(color(cell), 4 * ((side - 1 - Math.floor(k / side)) * side + (k % side)));
  });
  pen.putImageData(image, 0, 0);
  return canvas;
}

export default mount(ReplayBoard, "nothing");
