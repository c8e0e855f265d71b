/** Streams of a listener elsewhere, in the words of `edgestream list`. */
import { type HostPort, showHostPort } from "../../transports/remote/address.ts";
import type { StreamInfo } from "../base/types.ts";
import { columns } from "./text-columns.ts";
import { printable } from "./top/text.ts";

const headings = ["NAME", "STATE", "FORMAT", "SIZE", "FRAMES", "FPS", "CONSUMERS", "TITLE"];

export function describeRemote(place: HostPort, stream: StreamInfo): object {
  const { name, state, format, width, height, epoch, frames, fps, bytesPerSecond, modes, consumers, ...info } = stream;
  const pixels = { state, format, width, height, epoch, frames };
  const rates = { framesPerSecond: fps, bytesPerSecond: bytesPerSecond && Math.round(bytesPerSecond) };
  return { name, address: `${showHostPort(place)}/${name}`, ...pixels, ...rates, modes, consumers, info };
}

/** A stream without a producer has a name and a state. */
export function remoteTable(place: HostPort, streams: readonly StreamInfo[]): string {
  if (streams.length === 0) return `no streams at ${showHostPort(place)} that may be seen; a token may show more\n`;
  return columns([headings, ...streams.map(row)]);
}

function row({ name, state, format, width, height, frames, fps, consumers, title }: StreamInfo): string[] {
  const shown = (value: unknown) => (value === undefined ? "-" : String(value));
  const size = format === undefined ? "-" : `${width}x${height}`;
  const rate = fps === undefined ? "-" : fps.toFixed(1);
  const texts = [name, state, format].map((each) => printable(shown(each), true));
  return [...texts, size, shown(frames), rate, shown(consumers), printable(title ?? "-", true)];
}
