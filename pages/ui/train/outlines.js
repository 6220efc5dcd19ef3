// The outlines of plotly's markers, 14 to 18 wide around the origin.

export const OUTLINES = {
  "circle": "M-7,0a7,7 0 1,0 14,0a7,7 0 1,0 -14,0",
  "square": "M-6.5,-6.5h13v13h-13z",
  "triangle-up": "M0,-8.5L8.5,6.5H-8.5z",
  "diamond": "M0,-9L9,0L0,9L-9,0z",
  "x": "M-7.5,-4L-4,-7.5L0,-3.5L4,-7.5L7.5,-4L3.5,0L7.5,4L4,7.5L0,3.5L-4,7.5L-7.5,4L-3.5,0z",
  "cross": "M-2.7,-8.5h5.4v5.8h5.8v5.4h-5.8v5.8h-5.4v-5.8h-5.8v-5.4h5.8z",
};
