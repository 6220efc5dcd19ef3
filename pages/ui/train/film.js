// A run, moment by moment, below a picture of each: a slider with a mark where the equilibrium is lost, and the moment
// in words. Played once, after its end. A kind of film draws its picture: `adopts(data)` takes over what it needs, and
// `show(step)` draws one moment; `what` names it for screen readers.

import { Board } from "../widgets/live/board.js";
import { bytesOf, inflated } from "../widgets/live/bytes.js";
import { Panel, short } from "../widgets/live/chart.js";
import { Player } from "../widgets/live/player.js";

const SECONDS = 6; // that it plays
const played = new Set(); // runs that this tab has seen played

export class FilmBoard extends Board {
  constructor(root, titles) {
    super();
    const find = (name) => root.querySelector(name);
    this.box = find(".film");
    this.bar = find(".bar");
    this.reading = find(".reading");
    this.spoken = find(".spoken");
    this.panel = new Panel(this.box, { ...titles, label: "The run" });
    this.panel.svg.setAttribute("role", "img");
    const words = (step) => this.place(step);
    this.player = new Player(this.bar, this.box, "training", () => this.plan(), { words, seconds: SECONDS });
    this.track();
    this.watch = new ResizeObserver(() => this.plan());
    this.watch.observe(this.box);
  }

  // The slider with a mark over it where the equilibrium is lost.
  track() {
    const { slider } = this.player;
    const track = document.createElement("span");
    this.mark = document.createElement("i");
    track.className = "track";
    this.mark.className = "mark";
    slider.replaceWith(track);
    slider.setAttribute("aria-label", "Moment of the run");
    track.append(slider, this.mark);
  }

  place(step) {
    return this.data ? `update ${grouped(this.data.steps[step])} of ${grouped(this.data.total)}` : "";
  }

  // Take over a longer film: stay at its end, or at the update that is being looked at.
  async adopt(data) {
    this.box.style.visibility = data.steps.length ? "" : "hidden"; // it keeps its place
    if (!data.steps.length) return this.forget(); // of a run that begins: what is shown is of another
    if (data.frames !== this.newest) this.unpacked = null;
    this.newest = data.frames;
    this.unpacked ??= inflated(bytesOf(data.frames));
    const bytes = await this.unpacked;
    if (data.frames !== this.newest) return; // a newer film has come meanwhile
    const { player } = this;
    const same = this.data?.run === data.run && player.step < this.data.steps.length - 1;
    const seen = same ? this.data.steps[player.step] : Infinity;
    const last = data.steps.length - 1;
    Object.assign(this, { data, bytes, lost: data.lost ? last : -1 });
    this.adopts(data);
    this.bar.parentElement.classList.toggle("preview", !data.run);
    this.bar.classList.toggle("idle", last === 0);
    player.fit(last);
    player.place(same ? nearest(data.steps, seen) : last);
    this.markLoss(last);
    if (!data.live && last && !played.has(data.run)) {
      played.add(data.run);
      player.present(last);
    }
    this.plan();
  }

  forget() {
    this.data = this.newest = this.unpacked = undefined;
    this.bar.classList.add("idle");
    this.reading.textContent = "";
  }

  markLoss(last) {
    this.mark.hidden = this.lost < 0;
    this.mark.style.background = this.data.failed;
    const share = this.lost / Math.max(1, last);
    this.mark.style.left = `calc(7px + ${share} * (100% - 16px))`; // the middle of the knob
    this.mark.title = "The equilibrium is lost";
  }

  draw() {
    if (!this.data) return;
    const step = Math.min(this.player.step, this.data.steps.length - 1);
    this.show(step);
    this.tell(step);
  }

  // The moment in words, below the picture and for screen readers.
  tell(step) {
    const said = sentence(this.data, step, step === this.lost);
    this.reading.textContent = said;
    this.panel.svg.setAttribute("aria-label", `${this.what}. ${said}`);
    if (!this.player.timer && !this.data.live && said !== this.said) this.spoken.textContent = this.said = said;
  }
}

function sentence(data, step, lost) {
  const percent = (share) => `${short(100 * share)} %`;
  const shares = [`solves converge ${data.at} ${percent(data.converged[step])} of ${data.where}`];
  if (data.effort) shares.unshift(`median ${short(data.median[step])} evaluations`);
  if (data.accuracy[step] !== null) shares.unshift(`accuracy ${percent(data.accuracy[step])}`);
  if (data.loss[step] !== null) shares.unshift(`validation loss ${short(data.loss[step])}`);
  if (data.radius[step] !== null) shares.push(`spectral radius ${short(data.radius[step])}`);
  const when = data.steps[step] ? `Update ${grouped(data.steps[step])}` : "Before training";
  return `${when}: ${shares.join(", ")}.${lost ? " The equilibrium is lost: the replay ends here." : ""}`;
}

export function grouped(count) {
  return count.toLocaleString("en");
}

function nearest(steps, wanted) {
  const far = steps.map((step) => Math.abs(step - wanted));
  return far.indexOf(Math.min(...far));
}
