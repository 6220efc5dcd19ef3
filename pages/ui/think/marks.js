// Marks that both puzzles share: colours of the theme, what is wrong by shape as well as colour, when places settled.

// The theme's colours, for a canvas.
export function inks(box, look) {
  const style = getComputedStyle(box);
  const read = (name) => style.getPropertyValue(`--st-${name}`).trim();
  return {
    ...look,
    text: read("text-color"),
    paper: read("background-color"),
    soft: read("secondary-background-color"),
    answer: read("primary-color"),
    mistaken: `${look.wrong}40`, // a quarter of its strength
    font: read("font") || "sans-serif",
  };
}

// A place that is wrong: a cross where the answer has a 1 too many, a ring where it lacks one.
export function wrongMark(pen, x, y, radius, tooMuch, { wrong }) {
  [pen.strokeStyle, pen.lineWidth] = [wrong, Math.max(1.5, radius * 0.3)];
  pen.beginPath();
  if (tooMuch) {
    pen.moveTo(x - radius, y - radius);
    pen.lineTo(x + radius, y + radius);
    pen.moveTo(x + radius, y - radius);
    pen.lineTo(x - radius, y + radius);
  } else pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.stroke();
}
