// A run on pictures: held-out examples as numerals where their states are, in one plane; wrong ones are ringed, and a
// cross stands where a solve fails.

import { mount } from "../widgets/live/board.js";
import { element, set } from "../widgets/live/chart.js";
import { FilmBoard } from "./film.js";

const WRONG = 1, FAILED = 2; // bits of an example
const MOST = 0xffff; // of a place along an axis
const RING = 8; // pixels

class StatesFilm extends FilmBoard {
  constructor(root) {
    super(root, { x: "first direction of z", y: "second direction of z" });
    this.what = "States of validation examples";
  }

  // Places come first, as pairs of 16 bits for every example and moment, then a byte for each.
  adopts({ steps, names }) {
    const count = steps.length * names.length;
    this.places = new Uint16Array(this.bytes.buffer, 0, 2 * count);
    this.flags = this.bytes.subarray(4 * count);
  }

  show(step) {
    const { data, panel } = this;
    panel.frame(data.across, data.up);
    if (this.drawn !== `${data.run} ${data.names.join()}`) this.prepare();
    const at = (range, share) => range[0] + (share / MOST) * (range[1] - range[0]);
    this.numerals.forEach(([text, ring], k) => {
      const i = step * data.names.length + k;
      const [x, y] = [panel.x(at(data.across, this.places[2 * i])), panel.y(at(data.up, this.places[2 * i + 1]))];
      const failed = this.flags[i] & FAILED;
      text.textContent = failed ? "×" : data.names[k];
      set(text, { x, y: y + 4, fill: failed ? data.failed : data.colors[k] });
      set(ring, { cx: x, cy: y, visibility: this.flags[i] & WRONG && !failed ? "visible" : "hidden" });
    });
  }

  prepare() {
    const { data, panel } = this;
    this.drawn = `${data.run} ${data.names.join()}`;
    this.group ??= element("g", { class: "numerals", "text-anchor": "middle" }, panel.inside);
    this.group.replaceChildren();
    const ring = { r: RING, fill: "none", stroke: data.failed };
    this.numerals = data.names.map(() => [element("text", {}, this.group), element("circle", ring, this.group)]);
  }
}

export default mount(StatesFilm, "nothing");
