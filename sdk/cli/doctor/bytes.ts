/** Sizes in words, and the sizes of typical pools. */

const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];

/** 25165824 is "24.0 MiB". */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return unit === 0 ? `${value} bytes` : `${value.toFixed(value < 100 ? 1 : 0)} ${units[unit]}`;
}

const pageBytes = 4096;
/** Metadata and descriptor of a slot; see docs/limits.md. */
const slotExtraBytes = 4096 + 128;
const typicalSlots = 8;

/** A pool of 8 slots of NV12. */
function typicalPool(width: number, height: number): number {
  const frameBytes = Math.ceil((width * height * 1.5) / pageBytes) * pageBytes;
  return typicalSlots * (frameBytes + slotExtraBytes);
}

export const poolBytes = { fullHd: typicalPool(1920, 1080), uhd: typicalPool(3840, 2160) };
