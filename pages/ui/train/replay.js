// A run on points in the plane: its classes, or the evaluations of its solves, and where these fail.

import { mount } from "../widgets/live/board.js";
import { element } from "../widgets/live/chart.js";
import { gradient, mixed } from "../widgets/live/scales.js";
import { FilmBoard, grouped } from "./film.js";
import { OUTLINES } from "./outlines.js";

const FAILED = 0x80, CLASS = 0x07, CONFIDENCES = 15, COSTS = 128; // of a cell, see deq/jobs/film.py
const MANY = 400; // points, which are drawn smaller

class PlaneFilm extends FilmBoard {
  constructor(root) {
    super(root, { x: "x₁", y: "x₂" });
    this.canvas = root.querySelector("canvas");
    this.scale = root.querySelector(".scale");
  }

  // What the colours of the evaluations mean.
  adopts({ effort, range: [low, high] }) {
    this.what = `${effort ? "Evaluations" : "Classes"} in the plane`;
    this.scale.style.visibility = effort ? "visible" : "hidden"; // it keeps its place
    const [least, bar, most] = this.scale.children;
    [least.textContent, most.textContent] = [grouped(low), `${grouped(high)} evaluations`];
    bar.style.background = gradient();
  }

  show(step) {
    const { data, panel } = this;
    panel.frame([-data.half, data.half], [-data.half, data.half]);
    this.paint(this.bytes.subarray(step * data.side ** 2, (step + 1) * data.side ** 2));
    this.scatter();
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
    pen.drawImage(data.effort ? evaluations(cells, data) : classes(cells, data), 0, 0, width, height);
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
}

// Failed cells have the colour of their class too.
function classes(cells, { side, looks, shades: [pale, strong] }) {
  const colors = looks.map(([, color]) => [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16)));
  const opacity = (cell) => pale + ((strong - pale) * ((cell & ~FAILED) >> 3)) / CONFIDENCES;
  return picture(cells, side, (cell) => [...colors[cell & CLASS], 255 * opacity(cell)]);
}

function evaluations(cells, { side }) {
  return picture(cells, side, (cell) => [...mixed((cell & ~FAILED) / (COSTS - 1)), 255]);
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

export default mount(PlaneFilm, "nothing");
