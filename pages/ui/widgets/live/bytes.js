// Numbers as Python packs them: base64 of their bytes.

export function bytesOf(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

// float32, the least byte first.
export function floatsOf(text) {
  return new Float32Array(bytesOf(text).buffer);
}

// Bytes that zlib has compressed.
export async function inflated(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
