/** From lines with a meaning to bytes with a look. */
import type { Line, Style } from "./line.ts";

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
  return line.spans
    .map(({ text, style }) => {
      const codes = [line.selected ? inverse : "", style ? looks[style][colour ? "coloured" : "plain"] : ""];
      const look = codes.filter((code) => code !== "").join(";");
      return look === "" || text === "" ? text : `\u001b[${look}m${text}${reset}`;
    })
    .join("");
}
