// A row of bits on a canvas, in lines that fit; below each bit the answer, the parity so far.

import { bit } from "./frames.js";
import { shade } from "../widgets/live/scales.js";
import { wrongMark } from "./marks.js";

const LARGEST = 38; // pixels, of a cell
const LABELS = 18; // pixels above the first line
const GAP = 10;

export class Bits {
  constructor({ size }) {
    Object.assign(this, { size, places: size, cursor: 0 });
    this.name = `Row of ${size} bits`;
    this.hint = "Click a bit to flip it. Keys: arrows move, Enter flips.";
  }

  fit(width) {
    this.line = [32, 16, 8].find((count) => count <= this.size && width / count >= (this.size > 64 ? 16 : 26)) ?? 8;
    this.cell = Math.min(LARGEST, width / this.line);
    this.height = 2 * this.cell + GAP;
    return [width, LABELS + Math.ceil(this.size / this.line) * this.height];
  }

  at(x, y) {
    const [column, row] = [Math.floor(x / this.cell), Math.floor((y - LABELS) / this.height)];
    const place = row * this.line + column;
    return column >= 0 && column < this.line && row >= 0 && place < this.size ? place : null;
  }

  press(event) {
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: this.line, ArrowUp: -this.line };
    if (event.key === "Enter" || event.key === " ") return this.cursor;
    if (!(event.key in steps)) return undefined;
    const next = this.cursor + steps[event.key];
    if (next >= 0 && next < this.size) this.cursor = next;
    return null;
  }

  said({ cells, answer, truth }) {
    const place = this.cursor;
    const [given, right] = [bit(answer, place), bit(truth, place)];
    return `Bit ${place + 1} is ${cells[place]}; the answer there is ${given}, ${given === right ? "right" : "wrong"}.`;
  }

  corner(place) {
    return [(place % this.line) * this.cell, LABELS + Math.floor(place / this.line) * this.height];
  }

  draw(pen, picture) {
    const { ink } = picture;
    [pen.textAlign, pen.textBaseline, pen.fillStyle, pen.font] = ["left", "alphabetic", ink.text, `12px ${ink.font}`];
    pen.fillText("bits; below each: 1 if the count of 1s so far is odd", 0, 12);
    for (let place = 0; place < this.size; place += 1) this.drawPlace(pen, place, picture);
    if (picture.hover !== null) this.outline(pen, picture.hover, ink.answer, 2);
    if (picture.focused) this.outline(pen, this.cursor, ink.answer, 3);
  }

  drawPlace(pen, place, { cells, answer, truth, settled, step, last, marked, ink }) {
    const { cell } = this;
    const [x, y] = this.corner(place);
    const given = bit(answer, place);
    this.number(pen, cells[place], x, y, cells[place] ? ink.soft : ink.paper, ink.text, ink);
    this.outline(pen, place, "rgba(128, 128, 128, 0.55)", 1);
    if (settled) {
      const share = settled[place] / Math.max(1, last);
      const known = settled[place] <= step;
      const text = known ? (share < 0.6 ? "white" : "black") : ink.text;
      this.number(pen, given, x, y + cell, known ? shade(share) : ink.paper, text, ink);
      return;
    }
    const wrong = marked && given !== bit(truth, place);
    const paper = wrong ? ink.mistaken : given ? ink.answer : ink.paper;
    this.number(pen, given, x, y + cell, paper, given && !wrong ? "white" : ink.text, ink);
    if (wrong) {
      wrongMark(pen, x + cell / 2, y + 1.5 * cell, cell * 0.3, Boolean(given), ink);
    }
  }

  number(pen, value, x, y, paper, text, ink) {
    const { cell } = this;
    pen.fillStyle = paper;
    pen.fillRect(x + 1, y + 1, cell - 2, cell - 2);
    [pen.fillStyle, pen.textAlign, pen.textBaseline] = [text, "center", "middle"];
    pen.font = `${Math.round(Math.min(15, cell * 0.6))}px ${ink.font}`;
    pen.fillText(String(value), x + cell / 2, y + cell / 2 + 1);
  }

  outline(pen, place, color, width) {
    const [x, y] = this.corner(place);
    [pen.strokeStyle, pen.lineWidth] = [color, width];
    pen.strokeRect(x + 1.5, y + 1.5, this.cell - 3, this.cell - 3);
  }
}
