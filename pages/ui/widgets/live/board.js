// What live pictures share: a move sets what is drawn in the next frame, a release reports it and says it aloud.

import { dimAnswers } from "./handles.js";

export class Board {
  move(values) {
    this.settings.set(values);
    this.plan();
  }

  release() {
    this.settings.release();
    this.plan();
    this.spoken.textContent = this.said;
  }

  // Draw in the next frame, once, however many moves come before it.
  plan() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      this.draw();
    });
  }

  close() {
    this.watch.disconnect();
    this.player.stop();
    cancelAnimationFrame(this.frame);
    dimAnswers(false);
  }
}

// What Streamlit calls whenever Python has drawn the component: one board per place; `adopt` takes over what is new.
// name: the state of the component in which it reports.
export function mount(Kind, name) {
  const boards = new WeakMap();
  return ({ data, parentElement, setStateValue }) => {
    if (!boards.has(parentElement)) boards.set(parentElement, new Kind(parentElement));
    const board = boards.get(parentElement);
    board.adopt(data, (value) => setStateValue(name, value));
    return () => {
      board.close();
      boards.delete(parentElement);
    };
  };
}
