// What live pictures share: a move sets what is drawn in the next frame, a release reports it and says it aloud.

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
}
