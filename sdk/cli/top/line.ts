/** A line of the screen as pieces of text with a meaning each; only paint.ts knows how a meaning looks. */
import { columnsOf, justify } from "./text.ts";

export type Style = "title" | "heading" | "sorted" | "dim" | "warn" | "bad";

export interface Span {
  text: string;
  style?: Style | undefined;
}

export interface Line {
  spans: readonly Span[];
  /** The line that the keys act on. */
  selected?: boolean;
}

export function line(...spans: readonly (Span | string)[]): Line {
  return { spans: spans.map((span) => (typeof span === "string" ? { text: span } : span)) };
}

export function textOf({ spans }: Line): string {
  return spans.map(({ text }) => text).join("");
}

/** The line cut to `width` columns. A selected one is filled up to them, so that it is marked to the end. */
export function fitLine(whole: Line, width: number, mark: string): Line {
  let room = width;
  const spans: Span[] = [];
  for (const span of whole.spans) {
    const used = columnsOf(span.text);
    if (used > room) {
      spans.push({ ...span, text: justify(span.text, room, "left", mark) });
      return { ...whole, spans };
    }
    spans.push(span);
    room -= used;
  }
  if (whole.selected) spans.push({ text: " ".repeat(room) });
  return { ...whole, spans };
}
