export const markBytes: number;
export class Pattern {
  readonly size: number;
  constructor(size: number, kind?: "noise" | "plain");
  picture(number: number | bigint, size?: number): Uint8Array;
  crc(number: number | bigint, size?: number): number;
  matches(bytes: Uint8Array, number: number | bigint): boolean;
}
export function markOf(number: number | bigint): Uint8Array;
export function numberIn(metadata: Uint8Array): bigint | undefined;
