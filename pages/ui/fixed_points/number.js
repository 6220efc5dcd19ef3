// One number, live: cobweb, iterates and bifurcation diagram, redrawn in the same frame as the start or a parameter
// moves. Python receives the values on release, and then updates the verdict.

import { Board, mount } from "../widgets/live/board.js";
import { Player } from "../widgets/live/player.js";
import { Settings } from "../widgets/live/settings.js";
import { dimAnswers, followSliders } from "../widgets/live/handles.js";
import { short } from "../widgets/live/chart.js";
import { Cobweb, Iterates, sentence } from "./cobweb.js";
import { Diagram } from "./diagram.js";
import { compile } from "./expression.js";
import { crossings, damped, known, orbit } from "./orbits.js";

class NumberBoard extends Board {
  constructor(root) {
    super();
    const find = (name) => root.querySelector(name);
    this.settings = new Settings(["a", "b", "start", "damping"]);
    this.reading = find(".reading");
    this.spoken = find(".spoken");
    this.cobweb = new Cobweb(find(".cobweb"), this.hands("start", (x) => this.read(x)));
    this.iterates = new Iterates(find(".iterates"));
    this.diagram = new Diagram(find(".diagram"), this.hands("a"));
    this.player = new Player(find(".bar"), find(".plots"), "cobweb", () => this.plan());
    this.unfollow = followSliders(() => this.data.sliders, (name, value) => this.move({ [name]: value }));
    this.watch = new ResizeObserver(() => this.plan());
    this.watch.observe(find(".plots"));
  }

  hands(name, hover) {
    const { settings } = this;
    return {
      now: () => settings.now[name],
      move: (value) => {
        settings.held = true;
        this.move({ [name]: value });
      },
      release: () => this.release(),
      cancel: () => {
        settings.cancel();
        this.plan();
      },
      hover,
    };
  }

  adopt(data, report) {
    if (JSON.stringify(data.tree) !== JSON.stringify(this.data?.tree)) this.f = compile(data.tree);
    this.data = data;
    this.settings.adopt(data, report);
    this.player.fit(data.steps);
    this.plan();
  }

  draw() {
    const { data, f, player } = this;
    const { now, ahead } = this.settings;
    const g = damped(f, now);
    const window = [data.low, data.high];
    const xs = known(orbit(g, now.start, data.steps)).slice(0, player.step + 1);
    const fixed = ahead ? crossings(g, ...window) : data.fixed;
    const look = { ...data.look, orbit: now.damping < 1 ? data.look.damped : data.look.picard };
    const picture = { f, g, now, window, xs, fixed, look, steps: data.steps, step: player.step };
    this.said = sentence(picture);
    this.cobweb.draw({ ...picture, said: this.said });
    this.iterates.draw(picture);
    this.drawDiagram(now, ahead);
    this.read(null);
    dimAnswers(ahead);
  }

  // Late iterates depend on all settings but a; they are recomputed when the drag ends.
  drawDiagram({ a, b, start, damping }, ahead) {
    const { sweep, transient, kept, look, bounds, tree, low, high } = this.data;
    const settings = { b, start, damping, sweep, transient, kept, tree, window: [low, high] };
    if (!ahead) this.diagram.sweep(this.f, settings, look.picard);
    this.diagram.point(a, bounds);
  }

  read(x) {
    const { a, b } = this.settings.now;
    this.reading.textContent = x === null ? this.said : `x = ${short(x, 4)}, f(x) = ${short(this.f(x, a, b), 4)}`;
  }

  close() {
    this.unfollow();
    super.close();
  }
}

export default mount(NumberBoard, "moved");
