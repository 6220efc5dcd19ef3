import { OUTLINES } from "./outlines.js";

// A square plane [-2.5, 2.5]^2 to put labelled points in, by mouse, finger or keys. It reports the whole list.
const HALF = 2.5, SIZE = 500, SCALE = SIZE / (2 * HALF), NEAR = 0.14, FINE = 0.1, COARSE = 0.5;
const NS = "http://www.w3.org/2000/svg";
export default function ({ parentElement, data, setStateValue }) {
  const plane = (parentElement.plane ??= build(parentElement, data));
  plane.report = (list) => setStateValue("list", list);
  plane.receive(data);
}

function build(root, { looks, most }) {
  const svg = root.querySelector("svg"), status = root.querySelector(".status"), bar = root.querySelector(".classes");
  const marks = shape(svg, "g", {}), cursor = shape(svg, "path", { class: "cursor", d: "M-14,0H14M0,-14V14" });
  // edition: of the list, by the server, which counts what it changes itself; serial: of the last change here.
  const plane = { points: [], edition: 0, serial: 0, label: 0, at: [0, 0], report: () => {} };

  // What the server answers to a click may be older than what was clicked since.
  plane.receive = ({ points, edition, serial }) => {
    if (edition === plane.edition && serial < plane.serial) return;
    Object.assign(plane, { points, edition, serial: Math.max(serial, plane.serial) });
    draw();
  };
  const change = (points) => {
    Object.assign(plane, { points, serial: plane.serial + 1 });
    draw();
    plane.report({ points, edition: plane.edition, serial: plane.serial });
  };
  const nearest = ([x, y]) => {
    const far = plane.points.map(([a, b]) => Math.hypot(a - x, b - y));
    const least = Math.min(...far, NEAR);
    return least < NEAR ? far.lastIndexOf(least) : -1; // of two at one place the upper one
  };
  const without = (i) => plane.points.filter((_, j) => j !== i);
  const add = ([x, y]) => {
    if (plane.points.length < most) change([...plane.points, [rounded(x), rounded(y), plane.label]]);
  };
  const choose = (label) => {
    plane.label = label;
    [...bar.children].forEach((button, i) => button.setAttribute("aria-pressed", String(i === label)));
  };
  const move = (x, y) => {
    plane.at = [x, y].map((v) => Math.max(-HALF, Math.min(HALF, rounded(v))));
    draw();
  };

  function draw() {
    marks.replaceChildren(...plane.points.map(([x, y, label]) => mark(x, y, looks[label])));
    cursor.setAttribute("transform", `translate(${across(plane.at[0])},${down(plane.at[1])})`);
    const counts = looks.map(([name], k) => [plane.points.filter((p) => p[2] === k).length, name]);
    const parts = counts.filter(([n]) => n).map(([n, name]) => `${n} ${name}`);
    const full = plane.points.length >= most ? `, no more than ${most} fit` : "";
    status.textContent = parts.length ? `${plane.points.length} point${plane.points.length === 1 ? "" : "s"}: ${parts.join(", ")}${full}` : "No points yet";
  }

  svg.addEventListener("click", (event) => {
    const place = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    plane.at = [place.x / SCALE - HALF, HALF - place.y / SCALE].map(rounded);
    const hit = nearest(plane.at);
    hit >= 0 ? change(without(hit)) : add(plane.at);
  });
  svg.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const [x, y] = plane.at, step = event.shiftKey ? COARSE : FINE, name = event.key.toUpperCase();
    const label = looks.findIndex(([letter], k) => name === letter || name === String(k + 1));
    const actions = {
      ARROWLEFT: () => move(x - step, y), ARROWRIGHT: () => move(x + step, y),
      ARROWUP: () => move(x, y + step), ARROWDOWN: () => move(x, y - step),
      ENTER: () => add(plane.at), " ": () => add(plane.at),
    };
    actions.BACKSPACE = actions.DELETE = () => {
      const hit = nearest(plane.at);
      if (plane.points.length) change(without(hit >= 0 ? hit : plane.points.length - 1));
    };
    if (label >= 0) choose(label);
    else if (actions[name]) actions[name]();
    else return;
    event.preventDefault();
    event.stopPropagation(); // of Streamlit's own keys, such as C and R
  });
  bar.replaceChildren(...looks.map((look, k) => button(look, () => choose(k))));
  choose(0);
  return plane;
}

const rounded = (v) => Math.round(v * 100) / 100;
const across = (x) => (x + HALF) * SCALE;
const down = (y) => (HALF - y) * SCALE;

function shape(parent, kind, attributes) {
  const element = document.createElementNS(NS, kind);
  Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
  parent.append(element);
  return element;
}

function mark(x, y, [, color, symbol]) {
  const place = `translate(${across(x)},${down(y)})`;
  return shape(document.createDocumentFragment(), "path", { d: OUTLINES[symbol], fill: color, transform: place });
}

function button([name, color, symbol], pressed) {
  const element = document.createElement("button");
  element.type = "button";
  element.setAttribute("aria-label", `Class ${name}`);
  const picture = document.createElementNS(NS, "svg");
  picture.setAttribute("viewBox", "-10 -10 20 20");
  shape(picture, "path", { d: OUTLINES[symbol], fill: color });
  element.append(picture, name);
  element.addEventListener("click", pressed);
  return element;
}
