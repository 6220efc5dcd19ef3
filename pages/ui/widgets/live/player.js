// The bar below a picture: play, one step, from the start, a slider of steps, and the picture as a file.

import { savePicture } from "./save.js";

const FRAME = 350; // milliseconds a step
const BRIEF = 40; // at least
const BAR = `
  <button type="button" data-do="play">Play</button>
  <button type="button" data-do="step">Step</button>
  <button type="button" data-do="reset">Reset</button>
  <input type="range" min="0" step="1" aria-label="Step">
  <output></output>
  <span class="space"></span>
  <span class="files">
    <button type="button" data-do="svg" class="quiet" aria-label="Save the picture as SVG">SVG</button>
    <button type="button" data-do="png" class="quiet" aria-label="Save the picture as PNG">PNG</button>
  </span>`;

// words(step, steps): where it is. seconds: how long it plays at most, in strides if there are many steps. lively(steps):
// the step after which little happens; the rest takes a second.
const CLOCK = { words: (step, steps) => `${step} of ${steps}`, seconds: Infinity, lively: (steps) => steps };

export class Player {
  // bar: where it is built; box, name: what is saved, and as which file; show(): draws step `this.step`.
  // options, see CLOCK.
  constructor(bar, box, name, show, options = {}) {
    bar.innerHTML = BAR;
    Object.assign(this, { show }, CLOCK, options);
    this.slider = bar.querySelector("input");
    this.output = bar.querySelector("output");
    this.button = bar.querySelector("[data-do=play]");
    this.button.hidden = matchMedia("(prefers-reduced-motion: reduce)").matches; // Step and the slider remain
    this.slider.oninput = () => this.stop(Number(this.slider.value));
    this.button.onclick = () => (this.timer ? this.stop() : this.play());
    bar.querySelector("[data-do=step]").onclick = () => this.stop((this.step + 1) % (this.steps + 1));
    bar.querySelector("[data-do=reset]").onclick = () => this.stop(0);
    for (const format of ["svg", "png"]) {
      bar.querySelector(`[data-do=${format}]`).onclick = () => savePicture(box, name, format);
    }
  }

  // Set the number of steps. The last one is shown at first, and again if it was shown before.
  fit(steps) {
    if (steps === this.steps) return;
    const atEnd = this.step === undefined || this.step >= this.steps;
    this.steps = steps;
    this.slider.max = steps;
    this.place(atEnd ? steps : Math.min(this.step, steps));
  }

  place(step) {
    this.step = step;
    this.slider.value = step;
    this.output.textContent = this.words(step, this.steps);
    this.slider.setAttribute("aria-valuetext", `step ${this.words(step, this.steps)}`);
  }

  // A new process: play it once from its start, or show its end to users who prefer no motion.
  present(steps) {
    Object.assign(this, { steps, step: 0 });
    this.slider.max = steps;
    this.stop(this.button.hidden ? steps : 0);
    if (!this.button.hidden && steps) this.play();
  }

  play() {
    if (this.step >= this.steps) this.place(0);
    this.button.textContent = "Pause";
    const [all, lively] = [1000 * this.seconds, Math.max(1, this.lively(this.steps))];
    const frame = Math.max(BRIEF, Math.min(FRAME, all / lively));
    const stride = Math.max(1, Math.round((frame * lively) / all));
    const rest = Math.max(stride, Math.ceil((frame * (this.steps - lively)) / 1000));
    clearInterval(this.timer);
    this.timer = setInterval(() => this.advance(this.step < lively ? stride : rest), frame);
    this.show();
  }

  advance(stride) {
    this.place(Math.min(this.steps, this.step + stride));
    if (this.step >= this.steps) this.stop();
    this.show();
  }

  stop(step = this.step) {
    clearInterval(this.timer);
    this.timer = 0;
    this.button.textContent = "Play";
    this.place(step);
    this.show();
  }
}
