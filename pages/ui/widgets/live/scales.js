// The colour scales of maps, as deq/plots/style.py names them: sequential Cividis, diverging RdBu reversed.

export const CIVIDIS = [
  [0, 34, 78], [53, 69, 108], [102, 105, 112], [148, 142, 119], [200, 184, 102], [254, 232, 56],
];
export const BLUE_RED = [
  [5, 48, 97], [33, 102, 172], [67, 147, 195], [146, 197, 222], [209, 229, 240], [247, 247, 247],
  [253, 219, 199], [244, 165, 130], [214, 96, 77], [178, 24, 43], [103, 0, 31],
];

// The colour of a share from 0 to 1 on a scale.
export function shade(share, scale = CIVIDIS) {
  const place = Math.min(0.9999, Math.max(0, share)) * (scale.length - 1);
  const k = Math.floor(place);
  const mixed = scale[k].map((from, i) => Math.round(from + (place - k) * (scale[k + 1][i] - from)));
  return `rgb(${mixed})`;
}

// The scale as the background of a bar.
export function gradient(scale = CIVIDIS) {
  return `linear-gradient(90deg, ${scale.map((rgb) => `rgb(${rgb})`)})`;
}
