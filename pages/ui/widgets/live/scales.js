// The colour scales of maps, as in deq/plots/style.py: sequential Cividis; diverging from blue through nothing, which
// shows the page's own background, to red.

export const CIVIDIS = [
  [0, 34, 78], [53, 69, 108], [102, 105, 112], [148, 142, 119], [200, 184, 102], [254, 232, 56],
];
const [BLUE, RED] = [[47, 127, 193], [214, 69, 56]];
export const BLUE_RED = [-4, -3, -2, -1, 0, 1, 2, 3, 4].map((k) => [...(k < 0 ? BLUE : RED), Math.abs(k / 4) ** 0.7]);

// The colour of a share from 0 to 1 on a scale.
export function shade(share, scale = CIVIDIS) {
  return `rgb(${mixed(share, scale).map((part) => part.toFixed(2))})`;
}

// The same as numbers.
export function mixed(share, scale = CIVIDIS) {
  const place = Math.min(0.9999, Math.max(0, share)) * (scale.length - 1);
  const k = Math.floor(place);
  return scale[k].map((from, i) => from + (place - k) * (scale[k + 1][i] - from));
}

// The scale as the background of a bar.
export function gradient(scale = CIVIDIS) {
  return `linear-gradient(90deg, ${scale.map((rgb) => `rgb(${rgb})`)})`;
}
