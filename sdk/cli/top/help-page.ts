/** What `?` shows. */
import type { Glyphs } from "./glyphs.ts";
import { type Line, line } from "./line.ts";

export function helpLines({ arrows }: Glyphs): Line[] {
  const keys: [string, string][] = [
    [`${arrows.vertical}, PgUp PgDn, Home End`, "select a row"],
    ["Enter", "the connections of the selected stream"],
    ["Esc, Backspace", "back to the streams"],
    [`${arrows.horizontal}, s`, "sort by the column beside"],
    ["r", "reverse the order"],
    ["p, Space", "hold the picture still, and go on"],
    ["+ -", "longer, shorter interval"],
    ["q, Ctrl-C", "quit"],
  ];
  const words: [string, string][] = [
    ["stale", "its producer died; `edgestream list --prune` removes its remains"],
    ["silent", "its producer does not answer: stopped, or very busy"],
    ["denied", "no permission on its socket"],
    ["refused", "it lets nobody look: it has 128 observers, or is no stream"],
    ["FPS", "frames posted (stream) or acquired (connection) per second"],
    ["CONS", "consumers that are connected"],
    ["LATENCY", "largest p99 from posted to acquired of its connections"],
    ["SKIPPED", "overwritten, or passed over for a newer one"],
    ["WAIT HELD", "frames that wait for the consumer, and that it has now"],
  ];
  return [line(), ...list(keys), line(), ...list(words)];
}

function list(entries: readonly (readonly [string, string])[]): Line[] {
  const width = Math.max(...entries.map(([key]) => key.length)) + 2;
  return entries.map(([key, text]) => line({ text: key.padEnd(width), style: "heading" }, text));
}
