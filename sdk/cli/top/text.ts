/** Text that fits: what is shown of foreign words, and how many columns of a terminal it takes. */
import { stripVTControlCharacters } from "node:util";
import stringWidth from "string-width";

/**
 * Another program's words as harmless text. Whatever moves a cursor, changes a colour, turns the direction of writing
 * or cannot be seen must not reach the terminal. `unicode` false: nothing but ASCII does.
 */
export function printable(text: string, unicode: boolean): string {
  const visible = stripVTControlCharacters(text).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "?");
  return unicode ? visible : visible.replace(/[^ -~]/gu, "?");
}

export function columnsOf(text: string): number {
  return isPlain(text) ? text.length : stringWidth(text);
}

/** Exactly `width` columns: filled up with spaces, or cut with a mark. `text` is printable. */
export function justify(text: string, width: number, align: "left" | "right", mark: string): string {
  const used = columnsOf(text);
  if (used > width) return cut(text, width, mark);
  const space = " ".repeat(width - used);
  return align === "left" ? text + space : space + text;
}

const graphemes = new Intl.Segmenter();

function cut(text: string, width: number, mark: string): string {
  if (width <= 0) return "";
  let kept = "";
  let used = columnsOf(mark);
  if (used > width) return " ".repeat(width);
  for (const { segment } of graphemes.segment(text)) {
    const columns = columnsOf(segment);
    if (used + columns > width) break;
    kept += segment;
    used += columns;
  }
  // A wide character that had no room leaves one column.
  return kept + mark + " ".repeat(width - used);
}

function isPlain(text: string): boolean {
  return /^[ -~]*$/.test(text);
}
