// The picture that both sides know, as pattern.h has it.
export const frame = { format: "NV12", width: 641, height: 359 };

const at = (plane, byte, row, number) => (byte + 3 * row + 5 * number + 101 * plane) & 0xff;
const rowBytes = (plane, index) => plane.width * (index === 0 ? 1 : 2); // a UV pair is one sample of two bytes

export function fill(planes, number) {
  planes.forEach((plane, index) => {
    const width = rowBytes(plane, index);
    for (let row = 0; row < plane.height; row++) {
      for (let byte = 0; byte < width; byte++) plane.data[row * plane.stride + byte] = at(index, byte, row, number);
    }
  });
}

export function wrongPixels(planes, number) {
  let wrong = 0;
  planes.forEach((plane, index) => {
    const width = rowBytes(plane, index);
    for (let row = 0; row < plane.height; row++) {
      for (let byte = 0; byte < width; byte++) {
        if (plane.data[row * plane.stride + byte] !== at(index, byte, row, number)) wrong++;
      }
    }
  });
  return wrong;
}
