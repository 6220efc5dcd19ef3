// The numbers that a hand moves: what Python has sent, what is on the screen, and what has been reported.

export class Settings {
  // names: of the numbers in what Python sends. held: while a hand moves one of them.
  constructor(names) {
    this.names = names;
    this.serial = 0;
    this.held = false;
  }

  // Take over Python's numbers, unless a hand holds them or an answer to a later report is on its way.
  // report(moved): sends the numbers, with a serial number, to Python.
  adopt(data, report) {
    this.report = report;
    this.sent = data;
    if (this.now === undefined) this.serial = data.serial;
    if (this.now === undefined || (!this.held && data.serial >= this.serial)) {
      this.now = Object.fromEntries(this.names.map((name) => [name, data[name]]));
    }
  }

  set(values) {
    Object.assign(this.now, values);
  }

  // Whether Python has not seen what is on the screen.
  get ahead() {
    return this.names.some((name) => Math.abs(this.now[name] - this.sent[name]) > 1e-9 * (1 + Math.abs(this.now[name])));
  }

  // Report the numbers of the end of a drag, if they have changed.
  release() {
    this.held = false;
    if (!this.ahead) return;
    this.serial += 1;
    this.report({ ...this.now, serial: this.serial });
  }

  cancel() {
    this.held = false;
    this.set(Object.fromEntries(this.names.map((name) => [name, this.sent[name]])));
  }
}
