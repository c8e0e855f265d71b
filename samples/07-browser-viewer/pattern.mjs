// Colour bars that move, a ramp that does not, and a line that falls: a torn frame would show at once.
export const frame = { format: "NV12", width: 1280, height: 720 };
export const framesPerSecond = 30;

// White, yellow, cyan, green, magenta, red, blue and black at 75 %, as Y, U, V of BT.709 in limited range.
const bars = [
  [180, 128, 128],
  [168, 44, 136],
  [145, 147, 44],
  [133, 63, 52],
  [63, 193, 204],
  [51, 109, 212],
  [28, 212, 120],
  [16, 128, 128],
];
const { width, height } = frame;
const barWidth = width / bars.length;
const stepPerFrame = 4;
const rampTop = height - height / 8;

/** Two periods of one row, so that any shift of it is one copy. */
const twice = (colour) =>
  Uint8Array.from({ length: 2 * width }, (_, x) => colour(bars[Math.floor(x / barWidth) % bars.length], x));
const lumaRow = twice(([y]) => y);
const chromaRow = twice(([, u, v], x) => (x % 2 === 0 ? u : v));
const rampRow = Uint8Array.from({ length: width }, (_, x) => 16 + Math.round((219 * x) / (width - 1)));

export function draw([luma, chroma], number) {
  const shift = (number * stepPerFrame) % width;
  for (let y = 0; y < rampTop; y++) luma.data.set(lumaRow.subarray(shift, shift + width), y * luma.stride);
  for (let y = rampTop; y < height; y++) luma.data.set(rampRow, y * luma.stride);
  for (let y = 0; y < rampTop / 2; y++) chroma.data.set(chromaRow.subarray(shift, shift + width), y * chroma.stride);
  chroma.data.fill(128, (rampTop / 2) * chroma.stride);
  const line = (number * 2) % rampTop;
  luma.data.fill(235, line * luma.stride, line * luma.stride + width);
}
