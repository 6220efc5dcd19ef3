// The number of wrong places after each evaluation, and of those of a solve from scratch.

import { stroke } from "../widgets/live/chart.js";
import { CurvePanel, whole } from "../widgets/live/curve.js";

export class WrongPlaces extends CurvePanel {
  constructor(box, seek) {
    super(box, "places wrong", "The number of wrong places after each evaluation", seek);
  }

  // Five at least, though the plot is low: the first value can be read.
  yTicks(most) {
    return whole(this.yRange, Math.max(most, 5));
  }

  // scratch: {calls, wrong}, or null.
  draw({ calls, wrong, scratch, step, look }) {
    const most = Math.max(...wrong, ...(scratch?.wrong ?? []), 1);
    const last = Math.max(calls.at(-1), scratch?.calls.at(-1) ?? 0);
    this.span([0, last], [-0.04 * most, 1.06 * most]);
    this.line("scratch", scratch ? stairs(scratch.calls, scratch.wrong) : [], stroke(look.neutral, 2, "dot"));
    this.line("ahead", stairs(calls, wrong), stroke(look.answer, 1.5));
    this.line("passed", stairs(calls.slice(0, step + 1), wrong), stroke(look.answer, 2.5));
    this.cursor(calls[step]);
    this.discs("dots", [[calls[step], wrong[step]]], 4, {});
  }
}

// A count stays until the next evaluation.
function stairs(calls, wrong) {
  return calls.flatMap((x, i) => (i ? [[x, wrong[i - 1]], [x, wrong[i]]] : [[x, wrong[i]]]));
}
