// The state at the moment of the clock: every unit a square, channels side by side; one of them can be chosen.

import { element, set, short } from "../widgets/live/chart.js";
import { BLUE_RED, CIVIDIS, gradient, shade } from "../widgets/live/scales.js";

const STEPS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const LOW = "₀₁₂₃₄₅₆₇₈₉";

// z₁₇, and for a channel on a grid, where. shape: [rows, columns, channels].
export function nameOf(unit, shape, letter = "z") {
  return channelOf(unit, shape, letter) + placeOf(unit, shape);
}

function channelOf(unit, [, , channels], letter = "z") {
  return letter + Array.from(String(unit % channels), (digit) => LOW[digit]).join("");
}

function placeOf(unit, [rows, columns, channels]) {
  if (rows * columns === 1) return "";
  const place = Math.floor(unit / channels);
  return ` at row ${Math.floor(place / columns) + 1}, column ${(place % columns) + 1}`;
}

export class StateMap {
  // choose(unit): one is clicked, or reached by an arrow key. look(unit): the mouse is over one, or null.
  constructor(box, { choose, look }) {
    this.box = box;
    [this.words, this.low, this.bar, this.high] = box.querySelector(".scale").children;
    const attributes = { role: "application", tabindex: 0, "aria-roledescription": "heat map" };
    this.svg = element("svg", attributes, box);
    this.cells = element("g", {}, this.svg);
    this.around = element("rect", { class: "around" }, this.svg);
    this.chosen = element("rect", { class: "chosen" }, this.svg);
    const unitOf = (event) => event.target.dataset.unit;
    this.svg.onclick = (event) => unitOf(event) && choose(Number(unitOf(event)));
    this.svg.onpointerover = (event) => look(unitOf(event) ? Number(unitOf(event)) : null);
    this.svg.onpointerleave = () => look(null);
    this.svg.onkeydown = (event) => {
      const next = this.beside(event.key);
      if (next === undefined) return;
      event.preventDefault();
      choose(next);
    };
  }

  // Squares as large as fit; between the channels of a grid a column is left free.
  fit(shape) {
    const [width, height] = [this.box.clientWidth, this.box.clientHeight - 30];
    const stamp = `${shape} ${width} ${height}`;
    if (stamp === this.stamp) return;
    this.stamp = stamp;
    const [rows, columns, channels] = shape;
    const gap = rows * columns > 1 ? 1 : 0;
    const size = (across) => {
      const down = Math.ceil(channels / across);
      return Math.min(width / (across * (columns + gap) - gap), height / (down * (rows + gap) - gap));
    };
    const counts = Array.from({ length: channels }, (_, i) => i + 1);
    const largest = (among) => among.reduce((best, count) => (size(count) > size(best) ? count : best));
    const full = counts.filter((count) => channels % count === 0 && size(count) > 0.8 * size(largest(counts)));
    const across = largest(full.length ? full : counts); // no row with gaps, if the squares stay about as large
    this.side = Math.floor(4 * size(across)) / 4;
    const [right, down] = [across * (columns + gap) - gap, Math.ceil(channels / across) * (rows + gap) - gap];
    set(this.svg, { width: this.side * right, height: this.side * down });
    this.words.parentElement.style.width = `${this.side * right}px`;
    this.grid = { shape, across, gap };
    this.lay();
  }

  lay() {
    const { shape, across, gap } = this.grid;
    const [rows, columns, channels] = shape;
    this.cells.replaceChildren();
    this.at = new Map();
    this.places = Array.from({ length: rows * columns * channels }, (_, unit) => {
      const [channel, place] = [unit % channels, Math.floor(unit / channels)];
      const right = (channel % across) * columns + (place % columns);
      const down = Math.floor(channel / across) * rows + Math.floor(place / columns);
      this.at.set(`${right} ${down}`, unit);
      const x = this.side * (right + gap * (channel % across));
      const y = this.side * (down + gap * Math.floor(channel / across));
      const square = element("rect", { x, y, width: this.side, height: this.side }, this.cells);
      square.dataset.unit = unit;
      return { right, down, x, y };
    });
  }

  // The unit that an arrow key leads to.
  beside(key) {
    if (!(key in STEPS)) return undefined;
    const { right, down } = this.places[this.unit];
    return this.at.get(`${right + STEPS[key][0]} ${down + STEPS[key][1]}`) ?? this.unit;
  }

  draw({ state, shape, scale, unit, hover, said }) {
    this.fit(shape);
    this.unit = unit;
    const colours = scale.low < 0 ? BLUE_RED : CIVIDIS;
    const share = (value) => (value - scale.low) / (scale.high - scale.low);
    state.forEach((value, k) => {
      set(this.cells.children[k], { fill: Number.isFinite(value) ? shade(share(value), colours) : "none" });
    });
    const { x, y } = this.places[unit];
    for (const frame of [this.around, this.chosen]) set(frame, { x, y, width: this.side, height: this.side });
    const named = hover ?? unit;
    // The place last: where all does not fit, the value still shows.
    const value = `${channelOf(named, shape)} = ${short(state[named])}`;
    this.words.textContent = value + placeOf(named, shape);
    const low = short(scale.low, 2);
    [this.low.textContent, this.high.textContent] = [scale.low < 0 ? `≤ ${low}` : low, `≥ ${short(scale.high, 2)}`];
    this.bar.style.background = gradient(colours);
    set(this.svg, { "aria-label": `The state, ${state.length} units; arrow keys choose one. ${said}` });
  }
}
