// Save what a component shows as one SVG or PNG file, panels where they stand.

import { element, set } from "./chart.js";

const LOOK = ["fill", "stroke", "stroke-width", "stroke-dasharray", "opacity", "font-size", "font-family", "paint-order"];

// One SVG of all pictures in a box, on the page's background: each <svg>, and each <canvas> as an image.
export function pictureOf(box) {
  const outer = box.getBoundingClientRect();
  const parts = Array.from(box.querySelectorAll("canvas, svg"));
  const height = Math.max(...parts.map((part) => part.getBoundingClientRect().bottom)) - outer.top;
  const whole = element("svg", { width: outer.width, height, xmlns: "http://www.w3.org/2000/svg" });
  const fill = getComputedStyle(box).getPropertyValue("--st-background-color") || "white";
  element("rect", { width: outer.width, height, fill }, whole);
  for (const part of parts) {
    const { left, top, width, height } = part.getBoundingClientRect();
    const place = { x: left - outer.left, y: top - outer.top, width, height };
    if (part instanceof HTMLCanvasElement) element("image", { ...place, href: part.toDataURL() }, whole);
    else {
      const copy = part.cloneNode(true);
      inline(part, copy);
      set(copy, place);
      whole.append(copy);
    }
  }
  return new XMLSerializer().serializeToString(whole);
}

// Styles of the page's theme do not travel with a file: write them into it.
function inline(shown, copy) {
  const style = getComputedStyle(shown);
  for (const name of LOOK) copy.style.setProperty(name, style.getPropertyValue(name));
  Array.from(shown.children).forEach((child, i) => inline(child, copy.children[i]));
}

export async function savePicture(box, name, format) {
  const text = pictureOf(box);
  const vector = new Blob([text], { type: "image/svg+xml" });
  offer(format === "svg" ? vector : await painted(vector), `${name}.${format}`);
}

// The picture in pixels, twice as many as on the screen.
async function painted(vector) {
  const image = new Image();
  image.src = URL.createObjectURL(vector);
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [2 * image.width, 2 * image.height];
  const pen = canvas.getContext("2d");
  pen.drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(image.src);
  return new Promise((done) => canvas.toBlob(done));
}

function offer(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
