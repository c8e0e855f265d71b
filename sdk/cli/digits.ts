/** Ten digits, 5 wide and 7 high, for people who look at the test pattern. */

export const digitWidth = 5;
export const digitHeight = 7;

/** One string per digit: 7 rows of 5, `#` is ink. */
const glyphs: readonly string[] = [
  ".###. #...# #..## #.#.# ##..# #...# .###.",
  "..#.. .##.. ..#.. ..#.. ..#.. ..#.. .###.",
  ".###. #...# ....# ..##. .#... #.... #####",
  ".###. #...# ....# ..##. ....# #...# .###.",
  "...#. ..##. .#.#. #..#. ##### ...#. ...#.",
  "##### #.... ####. ....# ....# #...# .###.",
  "..##. .#... #.... ####. #...# #...# .###.",
  "##### ....# ...#. ..#.. .#... .#... .#...",
  ".###. #...# #...# .###. #...# #...# .###.",
  ".###. #...# #...# .#### ....# ...#. .##..",
];

/** Calls `ink` for every inked cell of a number, with its column and row in a grid where digits are 6 cells apart. */
export function drawNumber(text: string, ink: (column: number, row: number) => void): void {
  [...text].forEach((digit, place) => {
    const rows = glyphs[Number(digit)]?.split(" ") ?? [];
    rows.forEach((cells, row) => {
      [...cells].forEach((cell, column) => {
        if (cell === "#") ink(place * (digitWidth + 1) + column, row);
      });
    });
  });
}
