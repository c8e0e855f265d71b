/** The signs that the screen is drawn with: for terminals that speak UTF-8, and for those that do not. */

export interface Glyphs {
  /** Whether anything but ASCII may be written. */
  unicode: boolean;
  /** From nothing to most. */
  bars: readonly string[];
  /** Where text was cut. */
  cut: string;
  falling: string;
  rising: string;
  arrows: { vertical: string; horizontal: string };
  micro: string;
  rule: string;
}

export const unicodeGlyphs: Glyphs = {
  unicode: true,
  bars: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
  cut: "…",
  falling: "▼",
  rising: "▲",
  arrows: { vertical: "↑↓", horizontal: "←→" },
  micro: "µ",
  rule: "─",
};

export const asciiGlyphs: Glyphs = {
  unicode: false,
  bars: ["_", ".", ":", "-", "=", "+", "*", "#"],
  cut: "~",
  falling: "v",
  rising: "^",
  arrows: { vertical: "up/down", horizontal: "left/right" },
  micro: "u",
  rule: "-",
};

/** The first of these variables that is set decides, as setlocale(3) says. */
export function glyphsFor(environment: Readonly<Record<string, string | undefined>>): Glyphs {
  const locale = environment["LC_ALL"] || environment["LC_CTYPE"] || environment["LANG"] || "";
  return /utf-?8/i.test(locale) ? unicodeGlyphs : asciiGlyphs;
}
