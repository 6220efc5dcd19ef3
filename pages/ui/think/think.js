// A puzzle, live: the answer after each evaluation, played once; a click changes the puzzle, and Python answers.

import { Board, mount } from "../widgets/live/board.js";
import { Player } from "../widgets/live/player.js";
import { dimAnswers } from "../widgets/live/handles.js";
import { Bits } from "./bits.js";
import { bytesOf } from "../widgets/live/bytes.js";
import { gradient } from "../widgets/live/scales.js";
import { bit, unpack } from "./frames.js";
import { inks } from "./marks.js";
import { Maze } from "./maze.js";
import { nearest } from "../widgets/live/curve.js";
import { WrongPlaces } from "./wrong.js";

const KINDS = { maze: Maze, bits: Bits };
const SECONDS = 5; // that it plays

function grouped(count) {
  return count.toLocaleString("en");
}

class PuzzleBoard extends Board {
  constructor(root) {
    super();
    const find = (name) => root.querySelector(name);
    this.box = find(".puzzle");
    this.canvas = find("canvas");
    this.reading = find(".reading");
    this.hint = find(".hint");
    this.spoken = find(".spoken");
    this.when = find(".when button");
    this.scale = find(".scale");
    this.hover = null;
    this.beside = find("#two-curves");
    this.curve = new WrongPlaces(find(".wrong"), (x) => this.player.stop(nearest(this.data.calls, x)));
    const words = (step) => `after ${grouped(this.calls(step))} of ${grouped(this.calls(this.player.steps))} evaluations`;
    const lively = () => this.last;
    this.player = new Player(find(".bar"), this.box, "puzzle", () => this.plan(), { words, seconds: SECONDS, lively });
    find(".when").append(find(".bar .files"));
    this.listen();
    this.watch = new ResizeObserver(() => this.plan());
    this.watch.observe(this.box);
  }

  listen() {
    const { canvas } = this;
    const at = (event) => this.puzzle.at(event.offsetX, event.offsetY);
    canvas.onclick = (event) => this.change(at(event));
    canvas.onpointermove = (event) => this.point(event.pointerType === "mouse" ? at(event) : null);
    canvas.onpointerleave = () => this.point(null);
    canvas.onkeydown = (event) => this.press(event);
    canvas.onfocus = canvas.onblur = () => this.plan();
    this.when.onclick = () => {
      this.coloured = !this.coloured;
      this.when.setAttribute("aria-pressed", String(this.coloured));
      this.scale.hidden = !this.coloured;
      this.plan();
    };
  }

  calls(step) {
    return this.data?.calls[step] ?? 0;
  }

  // Take over what Python sends, unless an answer to a later click is on its way.
  async adopt(data, report) {
    this.report = report;
    this.serial ??= data.serial;
    if (data.serial < this.serial) return;
    this.serial = data.serial;
    const fresh = data.frames !== this.newest || data.puzzle !== this.data?.puzzle;
    this.newest = data.frames;
    const places = data.kind === "maze" ? data.size ** 2 : data.size;
    const unpacked = fresh ? await unpack(data.frames, data.calls.length, places) : this;
    if (data.frames !== this.newest || data.serial < this.serial) return; // a newer answer has come meanwhile
    const cells = bytesOf(data.cells);
    const count = data.kind === "maze" ? 2 * places : places;
    if (data.puzzle !== this.data?.puzzle) this.puzzle = new KINDS[data.kind](data);
    Object.assign(this, { data, frames: unpacked.frames, settled: unpacked.settled, changes: [...data.changes] });
    this.last = this.settled.reduce((most, k) => Math.max(most, k), 0); // the step that changed a place last
    this.truth = bytesOf(data.truth);
    this.cells = Array.from({ length: count }, (_, k) => bit(cells, k));
    this.stale = false;
    this.hint.textContent = this.puzzle.hint;
    dimAnswers(false);
    if (fresh) this.player.present(data.calls.length - 1);
    else this.plan();
  }

  // A change of the puzzle: drawn at once, reported in full, so that no click is lost.
  change(place) {
    if (place === null || place === undefined) return;
    if (this.changes.includes(place)) this.changes = this.changes.filter((other) => other !== place);
    else if (this.changes.length < this.data.most) this.changes.push(place);
    else {
      this.spoken.textContent = this.reading.textContent = `At most ${this.data.most} changes. “Start again” undoes them.`;
      return;
    }
    this.cells[place] = 1 - this.cells[place];
    this.serial += 1;
    this.stale = true;
    dimAnswers(true);
    this.player.stop(this.player.steps);
    this.report({ puzzle: this.data.puzzle, changes: this.changes, serial: this.serial });
  }

  point(place) {
    this.canvas.style.cursor = place === null ? "" : "pointer";
    if (place === this.hover) return;
    this.hover = place;
    this.plan();
  }

  press(event) {
    const change = this.puzzle.press(event);
    if (change === undefined) return;
    event.preventDefault();
    this.change(change);
    this.plan();
    this.spoken.textContent = this.puzzle.said({ cells: this.cells, answer: this.frames.at(-1), truth: this.truth });
  }

  draw() {
    if (!this.data) return;
    const { player, data, canvas } = this;
    const pen = this.sized();
    const step = Math.min(player.step, this.frames.length - 1);
    const answer = this.frames[step];
    const { last } = this;
    const ink = inks(this.box, data.look);
    const marked = !player.timer && !this.stale && !this.coloured;
    const settled = this.coloured ? this.settled : null;
    const focused = canvas.matches(":focus-visible");
    const { cells, truth, hover } = this;
    pen.globalAlpha = this.stale ? 0.75 : 1;
    this.puzzle.draw(pen, { answer, cells, truth, settled, step, last, marked, ink, hover, focused });
    this.curve.draw({ ...data, step });
    this.curve.box.style.opacity = this.stale ? "0.4" : "";
    this.beside.hidden = !data.scratch;
    this.tell(step, answer, last);
  }

  // The canvas in the pixels of the screen, empty.
  sized() {
    const { canvas } = this;
    const [width, height] = this.puzzle.fit(Math.max(200, this.box.clientWidth)).map(Math.round);
    const ratio = devicePixelRatio || 1;
    [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
    [canvas.style.width, canvas.style.height] = [`${width}px`, `${height}px`];
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    return pen;
  }

  // The picture in words, below it and for screen readers.
  tell(step, answer, last) {
    let wrong = 0;
    for (let place = 0; place < this.puzzle.places; place += 1) wrong += bit(answer, place) !== bit(this.truth, place);
    const places = grouped(this.puzzle.places);
    const judged = wrong ? `${grouped(wrong)} of ${places} places wrong` : `right in all ${places} places`;
    const said = `After ${grouped(this.calls(step))} evaluation${this.calls(step) === 1 ? "" : "s"}: ${judged}.`;
    this.reading.textContent = this.stale ? "Solving the changed puzzle" : `${said}${this.legend(wrong)}`;
    this.canvas.setAttribute("aria-label", `${this.puzzle.name}. ${this.stale ? "" : said}`);
    if (!this.player.timer && !this.stale && said !== this.saidLast) this.spoken.textContent = this.saidLast = said;
    const [low, bar, high] = this.scale.children;
    [low.textContent, high.textContent, bar.style.background] = ["first", `evaluation ${this.calls(last)}`, gradient()];
  }

  legend(wrong) {
    if (!wrong || this.player.timer || this.coloured) return "";
    const one = this.data.kind === "maze" ? "not on the path, but filled" : "1 instead of 0";
    const other = this.data.kind === "maze" ? "on the path, but not filled" : "0 instead of 1";
    return ` × ${one}, ○ ${other}.`;
  }
}

export default mount(PuzzleBoard, "edited");
