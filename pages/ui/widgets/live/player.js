// The bar below a picture: play, one step, from the start, a slider of steps, and the picture as a file.

import { savePicture } from "./save.js";

const FRAME = 350; // milliseconds a step
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

export class Player {
  // bar: where it is built; box, name: what is saved, and as which file; show(): draws step `this.step`.
  constructor(bar, box, name, show) {
    bar.innerHTML = BAR;
    this.show = show;
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

  // The number of steps there are; the last is shown at first, and whenever it was before.
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
    this.output.textContent = `${step} of ${this.steps}`;
    this.slider.setAttribute("aria-valuetext", `step ${step} of ${this.steps}`);
  }

  play() {
    if (this.step >= this.steps) this.place(0);
    this.button.textContent = "Pause";
    this.timer = setInterval(() => this.advance(), FRAME);
    this.show();
  }

  advance() {
    this.place(this.step + 1);
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
