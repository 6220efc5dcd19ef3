// The answers of all steps, as Python packs them: base64 of deflated differences of packed bits.

import { bytesOf, inflated } from "../widgets/live/bytes.js";

// The bit at a place of packed bytes.
export function bit(bytes, place) {
  return (bytes[place >> 3] >> (7 - (place & 7))) & 1;
}

// {frames: [bytes of each step], settled: [the step after which each place kept its answer]}.
export async function unpack(text, count, places) {
  const all = await inflated(bytesOf(text));
  const width = Math.ceil(places / 8);
  const settled = new Uint16Array(places);
  const frames = [];
  for (let step = 0; step < count; step += 1) {
    const frame = all.slice(step * width, (step + 1) * width);
    if (step) apply(frames[step - 1], frame, (place) => (settled[place] = step));
    frames.push(frame);
  }
  return { frames, settled };
}

// Turn a difference into the frame after `before`; changed(place) for each bit that differs.
function apply(before, frame, changed) {
  for (let i = 0; i < frame.length; i += 1) {
    for (let j = 0; frame[i] && j < 8; j += 1) if ((frame[i] >> (7 - j)) & 1) changed(8 * i + j);
    frame[i] ^= before[i];
  }
}
