// The page's arrays: one deflated block of bytes, in which each reference {dtype, shape, offset} finds its own.

const TYPES = { f4: Float32Array, f8: Float64Array, u1: Uint8Array, i4: Int32Array };

async function readBlock(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

// Replace every reference inside `value` by its array {shape, data}.
function withArrays(value, block) {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((inner) => withArrays(inner, block));
  if ("offset" in value && "dtype" in value) {
    const size = value.shape.reduce((a, b) => a * b, 1);
    return { shape: value.shape, data: new TYPES[value.dtype](block, value.offset, size) };
  }
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withArrays(inner, block)]));
}
