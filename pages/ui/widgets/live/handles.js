// What moves a picture: a drag in a plot, arrow keys on a handle, and the page's own sliders.

// Drag anywhere in a panel. move(x, y) follows the pointer; release() comes once at the end; cancel() undoes a drag
// that turned out to be a swipe. hover(x, y) follows a mouse that drags nothing, null when it has left.
export function dragInside(panel, { move, release, cancel, hover = () => {} }) {
  const svg = panel.svg;
  let dragging = false;
  svg.onpointerdown = (event) => {
    if (event.button) return;
    svg.setPointerCapture(event.pointerId);
    dragging = true;
    if (event.pointerType !== "touch") move(...panel.at(event));
  };
  svg.onpointermove = (event) => (dragging ? move : hover)(...panel.at(event));
  svg.onpointerup = (event) => {
    if (!dragging) return;
    dragging = false;
    move(...panel.at(event));
    release();
  };
  svg.onpointercancel = () => {
    if (dragging) cancel();
    dragging = false;
  };
  svg.onpointerleave = () => hover(null, null);
}

const PACE = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 };
const PAUSE = 500; // milliseconds without a key before the value is reported

// Make a handle a slider for the keyboard and for screen readers. now(): {value, low, high, step, text}.
export function keyed(handle, label, now, move, release) {
  let timer = 0;
  handle.setAttribute("role", "slider");
  handle.setAttribute("tabindex", "0");
  handle.setAttribute("aria-label", label);
  const report = () => {
    clearTimeout(timer);
    if (timer) release();
    timer = 0;
  };
  handle.onkeydown = (event) => {
    const { value, low, high, step } = now();
    const ends = { Home: low, End: high };
    if (!(event.key in PACE) && !(event.key in ends)) return;
    event.preventDefault();
    const pace = (PACE[event.key] ?? 0) * step * (event.shiftKey ? 10 : 1);
    move(Math.min(high, Math.max(low, ends[event.key] ?? value + pace)));
    clearTimeout(timer);
    timer = setTimeout(report, PAUSE);
  };
  handle.onblur = report;
}

// Write what a slider's handle stands for where screen readers look for it.
export function describe(handle, { value, low, high, text }) {
  const attributes = { valuemin: low, valuemax: high, valuenow: value, valuetext: text };
  for (const [name, said] of Object.entries(attributes)) handle.setAttribute(`aria-${name}`, said);
}

// Sliders of the page report on release, but their inputs move at once: call move(name, value) as they do.
// names(): {key of a Streamlit slider: the number that it sets}. Returns what ends it.
export function followSliders(names, move) {
  const main = document.querySelector("[data-testid=stMain]") ?? document.body;
  const observer = new MutationObserver((changes) => {
    for (const { target } of changes) {
      if (target !== document.activeElement) continue; // moved by Python, which sends the number itself, not rounded
      const inside = (key) => target.type === "range" && target.closest(`.st-key-${CSS.escape(key)}`);
      const key = Object.keys(names()).find(inside);
      if (key) move(names()[key], Number(target.value));
    }
  });
  observer.observe(main, { subtree: true, attributes: true, attributeFilter: ["value"] });
  return () => observer.disconnect();
}

// What Python has computed for other settings than those on the screen is dimmed until it answers.
export function dimAnswers(stale) {
  for (const answer of document.querySelectorAll('[class*="st-key-answer_"]')) {
    answer.style.opacity = stale ? "0.4" : "";
  }
}
