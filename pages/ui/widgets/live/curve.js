// A curve over the evaluations of a solve, with a vertical line at the moment that is shown; a drag in it moves there.

import { Panel, ticks } from "./chart.js";
import { dragInside } from "./handles.js";

export class CurvePanel extends Panel {
  // seek(x): go to the moment nearest x.
  constructor(box, y, label, seek) {
    super(box, { x: "evaluations of f", y, label });
    box.classList.add("over-evaluations");
    const nothing = () => {};
    dragInside(this, { move: (x) => seek(x), release: nothing, cancel: nothing });
  }

  // Evaluations are whole numbers.
  xTicks(most) {
    return whole(this.xRange, most);
  }

  span(nfe, yRange) {
    const [first, last] = [nfe[0], nfe.at(-1)];
    this.frame([first - 0.02 * (last - first || 1), last + 0.06 * (last - first || 1)], yRange);
  }

  cursor(x) {
    this.line("cursor", [[x, this.yRange[0]], [x, this.yRange[1]]], {});
  }
}

// Ticks at whole numbers, with their words.
export function whole(range, most) {
  return ticks(...range, most).filter(Number.isInteger).map((count) => [count, count.toLocaleString("en")]);
}

// The place of the value nearest x in a list.
export function nearest(values, x) {
  return values.reduce((best, value, i) => (Math.abs(value - x) < Math.abs(values[best] - x) ? i : best), 0);
}
