// A maze on a canvas: rooms of the answer filled and joined through their doors, walls as lines, start and goal.

import { bit } from "./frames.js";
import { shade } from "../widgets/live/scales.js";
import { wrongMark } from "./marks.js";

const WIDE = 430; // pixels
const WIDEST = 516; // with more than MANY rooms along a side
const MANY = 40;
const EDGE = 6;
const STEPS = { ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowDown: [1, 0], ArrowLeft: [0, -1] };

export class Maze {
  constructor({ size, ends }) {
    Object.assign(this, { size, ends, places: size * size, cursor: ends[0] });
    this.name = `Maze of ${size} by ${size} rooms`;
    this.hint = "Filled: on the path from the start (square) to the goal (disc), says the network. Click a wall to open or " +
      "close it. Keys: arrows walk, Shift + arrow opens or closes.";
  }

  // Fit a width; returns the size of the canvas.
  fit(width) {
    const most = this.size > MANY ? WIDEST : WIDE;
    this.room = Math.max(2, Math.floor((Math.min(most, width) - 2 * EDGE) / this.size)); // whole: sharp edges
    const side = this.room * this.size + 2 * EDGE;
    return [side, side];
  }

  // The wall nearest to a point, as a change; null at the border and in the middle of a large room.
  at(x, y) {
    const [across, down] = [(x - EDGE) / this.room, (y - EDGE) / this.room];
    const [column, row] = [Math.round(across), Math.round(down)];
    const [far, deep] = [Math.abs(across - column), Math.abs(down - row)];
    if (Math.min(far, deep) > 0.32) return null;
    return far < deep ? this.wall(Math.floor(down), column - 1, 0, 1) : this.wall(row - 1, Math.floor(across), 1, 0);
  }

  // The wall of a room towards a step, seen from the room above or to the left of it.
  wall(row, column, down, across) {
    if (row < 0 || column < 0 || row + down >= this.size || column + across >= this.size) return null;
    return 2 * (row * this.size + column) + down;
  }

  // What a key does: moves the cursor, or returns the change that it makes.
  press(event) {
    const [down, across] = STEPS[event.key] ?? [0, 0];
    if (!down && !across) return undefined;
    const [row, column] = [Math.floor(this.cursor / this.size), this.cursor % this.size];
    if (event.shiftKey) {
      return this.wall(row + Math.min(0, down), column + Math.min(0, across), Math.abs(down), Math.abs(across));
    }
    const kept = (value) => Math.min(this.size - 1, Math.max(0, value));
    this.cursor = kept(row + down) * this.size + kept(column + across);
    return null;
  }

  // The room under the cursor, in words.
  said({ cells, answer }) {
    const place = this.cursor;
    const [row, column] = [Math.floor(place / this.size), place % this.size];
    const doors = [
      [row > 0 && cells[2 * (place - this.size) + 1], "up"],
      [cells[2 * place], "right"],
      [cells[2 * place + 1], "down"],
      [column > 0 && cells[2 * (place - 1)], "left"],
    ];
    const open = doors.filter(([door]) => door).map(([, name]) => name);
    const end = place === this.ends[0] ? ", the start" : place === this.ends[1] ? ", the goal" : "";
    const way = bit(answer, place) ? "in the answer" : "not in the answer";
    return `Row ${row + 1}, column ${column + 1}${end}: doors: ${open.join(", ") || "none"}; ${way}.`;
  }

  draw(pen, picture) {
    const { ink } = picture;
    pen.lineCap = "round";
    this.fill(pen, picture);
    this.drawWalls(pen, picture);
    this.ends.forEach((place, k) => this.drawEnd(pen, place, k === 0, ink));
    if (picture.marked) this.drawWrong(pen, picture);
    if (picture.hover !== null) this.drawWall(pen, picture.hover, ink.answer, 5);
    if (picture.focused) this.drawCursor(pen, ink);
  }

  corner(place) {
    return [EDGE + (place % this.size) * this.room, EDGE + Math.floor(place / this.size) * this.room];
  }

  middle(place) {
    return this.corner(place).map((edge) => edge + this.room / 2);
  }

  fill(pen, { answer, truth, cells, settled, step, last, marked, ink }) {
    const { room, size } = this;
    const inset = room > 12 ? Math.round(room * 0.18) : 0;
    for (let place = 0; place < this.places; place += 1) {
      const [x, y] = this.corner(place);
      if (settled) {
        if (settled[place] > step) continue;
        pen.fillStyle = shade(settled[place] / Math.max(1, last));
        pen.fillRect(x, y, room, room);
      } else if (bit(answer, place)) {
        const right = cells[2 * place] && bit(answer, place + 1);
        const down = cells[2 * place + 1] && bit(answer, place + size);
        pen.fillStyle = marked && !bit(truth, place) ? ink.mistaken : ink.answer;
        pen.fillRect(x + inset, y + inset, room - (right ? -inset : 2 * inset), room - 2 * inset);
        if (down) pen.fillRect(x + inset, y + inset, room - 2 * inset, room + inset);
      }
    }
  }

  drawWalls(pen, { cells, settled, ink }) {
    const width = this.room > 20 ? 2.5 : this.room > 10 ? 1.8 : 1;
    const path = new Path2D();
    path.rect(EDGE, EDGE, this.room * this.size, this.room * this.size);
    for (let wall = 0; wall < 2 * this.places; wall += 1) if (!cells[wall]) this.trace(path, wall);
    if (settled) {
      [pen.strokeStyle, pen.lineWidth] = [ink.paper, width + 2];
      pen.stroke(path);
    }
    [pen.strokeStyle, pen.lineWidth] = [ink.text, width];
    pen.stroke(path);
  }

  trace(path, wall) {
    const [x, y] = this.corner(wall >> 1);
    const { room } = this;
    if (wall & 1) {
      path.moveTo(x, y + room);
      path.lineTo(x + room, y + room);
    } else {
      path.moveTo(x + room, y);
      path.lineTo(x + room, y + room);
    }
  }

  drawWall(pen, wall, color, width) {
    const path = new Path2D();
    this.trace(path, wall);
    [pen.strokeStyle, pen.lineWidth] = [color, width];
    pen.globalAlpha = 0.7;
    pen.stroke(path);
    pen.globalAlpha = 1;
  }

  // The start is a square, the goal a disc.
  drawEnd(pen, place, isStart, ink) {
    const [x, y] = this.middle(place);
    const half = Math.max(3.5, this.room * 0.22);
    pen.beginPath();
    if (isStart) pen.rect(x - half, y - half, 2 * half, 2 * half);
    else pen.arc(x, y, half * 1.15, 0, 2 * Math.PI);
    [pen.fillStyle, pen.strokeStyle, pen.lineWidth] = [ink.text, ink.paper, 2];
    pen.stroke();
    pen.fill();
    if (half < 6) return;
    [pen.fillStyle, pen.textAlign, pen.textBaseline] = [ink.paper, "center", "middle"];
    pen.font = `600 ${Math.round(half * 1.4)}px ${ink.font}`;
    pen.fillText(isStart ? "S" : "G", x, y + 0.5);
  }

  drawWrong(pen, { answer, truth, ink }) {
    for (let place = 0; place < this.places; place += 1) {
      const given = bit(answer, place);
      if (given === bit(truth, place)) continue;
      wrongMark(pen, ...this.middle(place), Math.max(2, this.room * 0.2), Boolean(given), ink);
    }
  }

  drawCursor(pen, ink) {
    const [x, y] = this.corner(this.cursor);
    [pen.strokeStyle, pen.lineWidth] = [ink.answer, 3];
    pen.strokeRect(x + 2, y + 2, this.room - 4, this.room - 4);
  }
}
