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

// Make a handle a slider for the keyboard and for screen readers. now(): {value, low, high, step}.
export function keyed(handle, label, now, move, release) {
  slider(handle, label, release, (key, times) => {
    const { value, low, high, step } = now();
    const ends = { Home: low, End: high };
    if (!(key in PACE) && !(key in ends)) return false;
    move(Math.min(high, Math.max(low, ends[key] ?? value + PACE[key] * times * step)));
    return true;
  });
}

const WAYS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

// The same in a plane, where arrow keys move along both axes. now(): {z1, z2, half, step}.
export function keyedInPlane(handle, label, now, move, release) {
  slider(handle, label, release, (key, times) => {
    if (!(key in WAYS)) return false;
    const { z1, z2, half, step } = now();
    const kept = (value) => Math.min(half, Math.max(-half, value));
    move(kept(z1 + WAYS[key][0] * times * step), kept(z2 + WAYS[key][1] * times * step));
    return true;
  });
}

// press(key, times) moves the handle and says whether it has; shift moves ten times as far.
function slider(handle, label, release, press) {
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
    if (!press(event.key, event.shiftKey ? 10 : 1)) return;
    event.preventDefault();
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
