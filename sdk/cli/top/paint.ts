/** From lines with a meaning to bytes with a look. */
import { type Line, type Style, textOf } from "./line.ts";

const reset = "\u001b[0m";

/** Select Graphic Rendition, ECMA-48 8.3.117. The colours are the terminal's own sixteen, so its theme decides. */
const looks: Record<Style, { plain: string; coloured: string }> = {
  title: { plain: "1", coloured: "1;36" },
  heading: { plain: "1", coloured: "1" },
  sorted: { plain: "1;4", coloured: "1;36" },
  dim: { plain: "2", coloured: "2" },
  warn: { plain: "1", coloured: "33" },
  bad: { plain: "1", coloured: "31" },
};
const inverse = "7";

export function paint(line: Line, colour: boolean): string {
  if (line.selected) return `\u001b[${inverse}m${textOf(line)}${reset}`;
  return line.spans
    .map(({ text, style }) => {
      if (!style || text === "") return text;
      return `\u001b[${colour ? looks[style].coloured : looks[style].plain}m${text}${reset}`;
    })
    .join("");
}
