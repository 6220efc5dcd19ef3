// One plot as SVG, updated in place: axes with few short ticks, and marks that keep their element.
// Colours of text come from the page's theme; those of marks are given, from deq/plots/style.py.

const SVG = "http://www.w3.org/2000/svg";
const MARGIN = { left: 46, right: 10, top: 22, bottom: 40 };
const FAR = 1e4; // pixels: coordinates beyond this are cut off
export const DASHES = { solid: "none", dot: "1.5 4", dash: "6 4", dashdot: "6 3 1.5 3", longdash: "10 4" };

let panels = 0;

export function element(name, attributes = {}, parent = null) {
  const made = document.createElementNS(SVG, name);
  set(made, attributes);
  parent?.append(made);
  return made;
}

export function set(made, attributes) {
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
}

// Round values in a range: about `most` of them at most, but at least two where a finer step allows.
export function ticks(low, high, most) {
  const rough = (high - low) / most;
  const size = 10 ** Math.floor(Math.log10(rough));
  const factors = [0.5, 1, 2, 5, 10];
  const fitting = factors.findIndex((factor) => factor >= 1 && factor * size >= rough * 0.999);
  const coarse = multiples(low, high, factors[fitting] * size);
  return coarse.length > 1 ? coarse : multiples(low, high, factors[fitting - 1] * size);
}

function multiples(low, high, step) {
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: Math.max(0, Math.min(count, 20)) }, (_, i) => (first + i) * step);
}

// A number with at most `digits` significant digits, a true minus, and no trailing zeros.
export function short(value, digits = 3) {
  if (!Number.isFinite(value)) return value > 0 ? "∞" : value < 0 ? "−∞" : "undefined";
  const rounded = Math.abs(value) < 1e-9 ? 0 : Number(value.toPrecision(digits));
  const plain = rounded === 0 || (Math.abs(rounded) < 1e5 && Math.abs(rounded) >= 1e-4);
  return (plain ? String(rounded) : rounded.toExponential().replace("e+", "e")).replace(/^-/, "−");
}

// Ticks with their labels: numbers of three digits, or where those are too few, steps from the first.
export function named(values) {
  const words = values.map((value) => short(value));
  if (new Set(words).size === words.length) return values.map((value, i) => [value, words[i]]);
  return values.map((value, i) => [value, i ? `+${short(value - values[0])}` : short(value, 7)]);
}

export class Panel {
  // box: the element that it fills. titles: of both axes. label: for screen readers.
  constructor(box, { x, y, label }) {
    this.box = box;
    this.svg = element("svg", { role: "group", "aria-label": label }, box);
    const id = `inside-${(panels += 1)}`; // in a saved file all panels share their names
    this.clip = element("rect", {}, element("clipPath", { id }, this.svg));
    this.axes = element("g", { class: "axes", "aria-hidden": "true" }, this.svg);
    this.inside = element("g", { "clip-path": `url(#${id})`, "aria-hidden": "true" }, this.svg);
    this.over = element("g", { "aria-hidden": "true" }, this.svg); // discs, whole at the edge too
    this.titles = [x, y];
    this.marks = new Map();
  }

  // Measure the box and draw the axes for two ranges; nothing changes if nothing has changed.
  frame(xRange, yRange) {
    const width = Math.max(120, this.box.clientWidth);
    const height = Math.max(120, this.box.clientHeight);
    const stamp = JSON.stringify([width, height, xRange, yRange]);
    if (stamp === this.stamp) return;
    Object.assign(this, { stamp, width, height, xRange, yRange });
    this.plot = {
      left: MARGIN.left,
      right: width - MARGIN.right,
      top: MARGIN.top,
      bottom: height - MARGIN.bottom,
    };
    set(this.svg, { width, height, viewBox: `0 0 ${width} ${height}` });
    const { left, right, top, bottom } = this.plot;
    set(this.clip, { x: left, y: top, width: right - left, height: bottom - top });
    this.axes.replaceChildren();
    this.drawTicks();
    this.text((left + right) / 2, height - 4, this.titles[0], "middle");
    this.text(4, 12, this.titles[1], "start");
  }

  drawTicks() {
    const { left, right, top, bottom } = this.plot;
    for (const [x, words] of this.xTicks(Math.max(3, (right - left) / 70))) {
      element("line", { x1: this.x(x), x2: this.x(x), y1: top, y2: bottom, class: "grid" }, this.axes);
      this.text(this.x(x), bottom + 18, words, "middle");
    }
    for (const [y, words] of this.yTicks(Math.max(3, (bottom - top) / 50))) {
      element("line", { x1: left, x2: right, y1: this.y(y), y2: this.y(y), class: "grid" }, this.axes);
      this.text(left - 6, this.y(y) + 4, words, "end");
    }
  }

  // Ticks and their words on each axis, about `most` of them; a panel with another kind of axes overrides it.
  xTicks(most) {
    return named(ticks(...this.xRange, most));
  }

  yTicks(most) {
    return named(ticks(...this.yRange, most));
  }

  text(x, y, words, anchor) {
    element("text", { x, y, "text-anchor": anchor }, this.axes).textContent = words;
  }

  x(value) {
    const { left, right } = this.plot;
    return pixel(left + ((value - this.xRange[0]) / (this.xRange[1] - this.xRange[0])) * (right - left));
  }

  y(value) {
    const { top, bottom } = this.plot;
    return pixel(bottom - ((value - this.yRange[0]) / (this.yRange[1] - this.yRange[0])) * (bottom - top));
  }

  // The data under a point of the screen, kept inside the ranges.
  at(event) {
    const box = this.svg.getBoundingClientRect();
    const { left, right, top, bottom } = this.plot;
    const across = Math.min(1, Math.max(0, (event.clientX - box.left - left) / (right - left)));
    const up = Math.min(1, Math.max(0, (bottom - (event.clientY - box.top)) / (bottom - top)));
    return [between(this.xRange, across), between(this.yRange, up)];
  }

  // A mark that is drawn again under its name; marks lie above one another in the order of their first drawing.
  mark(name, kind, attributes, group = this.inside) {
    if (!this.marks.has(name)) this.marks.set(name, element(kind, { class: name }, group));
    set(this.marks.get(name), attributes);
    return this.marks.get(name);
  }

  // A line through points [x, y]; those that are not finite leave a gap.
  line(name, points, look) {
    return this.mark(name, "path", { d: this.path(points), fill: "none", ...look });
  }

  path(points) {
    let pen = "M";
    let d = "";
    for (const [x, y] of points) {
      const finite = Number.isFinite(x) && Number.isFinite(y);
      if (finite) d += `${pen}${this.x(x)},${this.y(y)}`;
      pen = finite ? "L" : "M";
    }
    return d;
  }

  // Discs of radius r, as one path; those outside the plot are left out. points: [x, y].
  discs(name, points, r, look) {
    const circle = ([x, y]) => `M${this.x(x) - r},${this.y(y)}a${r},${r} 0 1,0 ${2 * r},0a${r},${r} 0 1,0 ${-2 * r},0`;
    const seen = points.filter(([x, y]) => within(x, this.xRange) && within(y, this.yRange));
    return this.mark(name, "path", { d: seen.map(circle).join(""), ...look }, this.over);
  }
}

function pixel(value) {
  return Math.round(10 * Math.min(FAR, Math.max(-FAR, value))) / 10;
}

function within(value, [low, high]) {
  return value >= low && value <= high;
}

function between([low, high], share) {
  return low + share * (high - low);
}

// How a line of a given colour and dash of the plots is drawn.
export function stroke(color, width, dash = "solid") {
  return { stroke: color, "stroke-width": width, "stroke-dasharray": DASHES[dash] ?? "none", "stroke-linejoin": "round" };
}
