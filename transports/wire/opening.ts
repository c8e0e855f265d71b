/** The first 8 bytes of each direction: whose protocol this is, and which versions of it. */
import { protocolError } from "./codes.ts";
import { struct, u16, u32 } from "./field.ts";

/** The bytes `ESW1`. */
export const wireMagic = 0x31575345;

export interface Versions {
  min: number;
  max: number;
}

/** What this package speaks. */
export const wireVersions: Readonly<Versions> = { min: 1, max: 1 };

const opening = struct("opening", { magic: u32, versionMin: u16, versionMax: u16 });
export const openingRows = opening.rows;
export const openingBytes = opening.bytes;

export function encodeOpening(versions: Versions = wireVersions): Uint8Array {
  const whole = new Uint8Array(openingBytes);
  const values = { magic: wireMagic, versionMin: versions.min, versionMax: versions.max };
  opening.write(new DataView(whole.buffer), 0, values);
  return whole;
}

/**
 * The version that both ends speak: the highest they share. Both compute it, so nobody has to announce it.
 * @throws StreamError ERR_BAD_PROTOCOL: something else than this protocol, or no version in common.
 */
export function agreeVersion(bytes: Uint8Array, own: Versions = wireVersions): number {
  const peer = opening.read(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0);
  if (peer.magic !== wireMagic)
    throw protocolError("the peer does not speak this protocol: its first bytes are others");
  const version = Math.min(peer.versionMax, own.max);
  if (peer.versionMin <= peer.versionMax && version >= Math.max(peer.versionMin, own.min)) return version;
  const theirs = `the peer speaks versions ${peer.versionMin} to ${peer.versionMax}`;
  throw protocolError(`${theirs}, this side ${own.min} to ${own.max}; update the older side`);
}
