import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { asciiGlyphs, type Glyphs, unicodeGlyphs } from "../../../../sdk/cli/top/glyphs.ts";
import { layOut, type Size } from "../../../../sdk/cli/top/layout.ts";
import { textOf } from "../../../../sdk/cli/top/line.ts";
import type { StreamRow } from "../../../../sdk/cli/top/model.ts";
import { paint } from "../../../../sdk/cli/top/paint.ts";
import { columnsOf } from "../../../../sdk/cli/top/text.ts";
import { firstView, sceneOf, type TopView } from "../../../../sdk/cli/top/view.ts";
import { makeHistograms, makeModel, type Seen, second, sighting } from "./sightings.ts";

const clients = ["recorder", "Erkennung 録画", "\u001b[31m\u001b]0;pwned\u0007mallory\r\n\u202e", "", "x".repeat(63)];

/** Two looks at streams of every kind; cam1 has a connection of every client. */
function twoLooks(more: Seen[] = []): StreamRow[] {
  const model = makeModel();
  const look = (at: bigint, count: bigint) => {
    const connections = clients.map((client, index) => ({
      ...{ id: BigInt(index + 1), client, posted: 30n * count, delivered: 29n * count, skipped: count },
    }));
    const latencies = new Map([[1n, makeHistograms(30n * count, 420)]]);
    return model.update([
      sighting({ name: "cam1", at, info: { frames: 30n * count }, connections, latencies }),
      sighting({ name: "old", status: "stale" }),
      sighting({ name: "secret", status: "denied" }),
      sighting({ name: "stopped", status: "silent", at: 1n, info: { frames: 9n } }),
      ...more.map((each) => sighting({ at, ...each, info: { frames: 5n * count, ...each.info } })),
    ]);
  };
  look(0n, 0n);
  return look(second, 1n);
}

const around = (glyphs: Glyphs) => ({ clock: "12:34:56", directories: ["/run/edgestream"], glyphs });

function screen(view: TopView, rows: StreamRow[], size: Size, glyphs = unicodeGlyphs): string[] {
  return layOut(view, sceneOf(view, rows), size, around(glyphs)).map(textOf);
}

const view = firstView(1000, "name");
const opened: TopView = { ...view, page: "connections", stream: { key: "/run/edgestream/cam1.sock", index: 0 } };
const narrow = { columns: 80, rows: 24 };
const tiny = { columns: 60, rows: 10 };
const wide = { columns: 200, rows: 50 };

describe("streams", () => {
  test("at 80x24", () => {
    const lines = screen(view, twoLooks(), narrow);
    expect(lines[0]).toBe("edgestream top  12:34:56  every 1 s  4 streams, 5 consumers");
    expect(lines[1]).toBe("NAME          ▲ STATE       FORMAT       SIZE     FPS  CONS  LATENCY     LATELY");
    expect(lines[2]?.trimEnd()).toBe("cam1            new-frame   NV12    1920x1080    30.0     5    410µs          █");
    expect(lines[3]).toMatch(/^old {13}stale {7}- {15}- {7}- {5}- {8}-/);
    expect(lines[4]).toMatch(/^secret {10}denied/);
    expect(lines[5]).toMatch(/^stopped {9}silent {6}NV12 {4}1920x1080 {7}- {5}0/);
    expect(lines).toHaveLength(24);
    expect(lines[23]).toMatch(/^↑↓ select {2}Enter connections {2}←→ sort .* \? help {2}q quit$/);
  });

  test("at 60x10 the columns that matter are left", () => {
    const lines = screen(view, twoLooks(), tiny);
    expect(lines[1]).toBe("NAME          ▲ STATE          FPS  CONS  LATENCY    LATELY");
    expect(lines).toHaveLength(10);
    expect(lines[9]).toMatch(/\? help {2}q quit$/);
  });

  test("at 200x50 everything is there, states in full", () => {
    const lines = screen(view, twoLooks(), wide);
    for (const title of ["FRAMES", "SLOTS", "MEMORY", "DIRECTORY", "LATELY"]) expect(lines[1]).toContain(title);
    expect(lines[2]).toContain("new-frame-available");
    expect(lines[2]).toContain("3/12");
    expect(lines[2]).toContain("36.2MiB");
  });

  test("without streams it says how to make one, and where it looked", () => {
    const lines = screen(view, [], narrow);
    expect(lines.join("\n")).toContain("no streams; start one with: edgestream source test: --name bars");
    expect(lines.join("\n")).toContain("looked in /run/edgestream");
  });

  test("more streams than rows: the selected one is always on the screen", () => {
    const many = Array.from({ length: 60 }, (_, index) => ({ name: `s${String(index).padStart(2, "0")}` }));
    const rows = twoLooks(many);
    const order = sceneOf(view, rows).streams;
    for (let index = 0; index < order.length; index += 1) {
      const moved = { ...view, stream: { key: order[index]?.key, index } };
      const drawn = layOut(moved, sceneOf(moved, rows), tiny, around(unicodeGlyphs));
      const selected = drawn.filter((each) => each.selected);
      expect(selected).toHaveLength(1);
      expect(selected.map(textOf)[0]).toContain(order[index]?.name);
    }
  });
});

describe("connections", () => {
  test("at 80x24 with the ledger of the selected one", () => {
    const lines = screen({ ...opened, connection: { key: "7:1", index: 0 } }, twoLooks(), narrow);
    expect(lines[1]).toBe("cam1  new-frame  NV12 1920x1080  30.0 fps  30 frames  slots 3/12  36.2MiB");
    expect(lines[2]).toMatch(/^CLIENT +▲ STATE +MODE +FPS {2}SKIPPED {2}WAIT {2}HELD {5}P99$/);
    const recorder = lines.find((text) => text.startsWith("recorder"));
    expect(recorder).toMatch(/new-frame +fifo +29\.0 +1 +0 +0 +410µs/);
    const text = lines.join("\n");
    expect(text).toContain("recorder, pid 4711, user 1000");
    expect(text).toContain("fifo, 4 places, holds 1; full: producer waits 5000 ms, then evicts");
    expect(text).toContain("30 posted = 29 delivered + 1 skipped + 0 discarded + 0 waiting");
    expect(text).toMatch(/wake +posted to woken( +410µs){3} +420µs/);
    expect(lines[23]).toMatch(/^Esc back/);
  });

  test("at 60x10 there is no room for the ledger", () => {
    const lines = screen(opened, twoLooks(), tiny);
    expect(lines).toHaveLength(10);
    expect(lines.join("\n")).not.toContain("LONGEST");
    expect(lines[2]).toMatch(/^CLIENT/);
  });

  test("at 200x50 every column is there", () => {
    const heading = screen(opened, twoLooks(), wide)[2] ?? "";
    const titles = heading.replace("▲", "").trim().split(/\s+/);
    expect(titles.join(" ")).toBe("CLIENT PID STATE MODE FPS POSTED DELIVERED SKIPPED WAIT HELD P50 P99 LATELY");
  });

  test("wide characters keep the columns in line", () => {
    const lines = screen({ ...opened, connection: { key: "7:1", index: 0 } }, twoLooks(), wide);
    const modes = lines.slice(3, 3 + clients.length).map((text) => columnsOf(text.slice(0, text.indexOf("fifo"))));
    expect(new Set(modes).size).toBe(1);
  });

  test("a stream without consumers, and one that is gone", () => {
    const idle = { ...opened, stream: { key: "/run/edgestream/idle.sock", index: 0 } };
    expect(screen(idle, twoLooks([{ name: "idle" }]), narrow).join("\n")).toContain("edgestream pull idle");
    expect(screen(opened, [], narrow).join("\n")).toContain("this stream has ended; Esc goes back");
  });
});

test("the help fits into 80x24, and names no key that does nothing", () => {
  const lines = screen({ ...view, help: true }, [], narrow);
  expect(lines.join("\n")).not.toContain("…");
  for (const word of ["Enter", "Esc", "stale", "silent", "denied", "refused"]) expect(lines.join("\n")).toContain(word);
});

const views = fc.record({
  page: fc.constantFrom("streams" as const, "connections" as const),
  help: fc.boolean(),
  connection: fc.nat(6).map((index) => ({ key: undefined, index })),
});

test("whatever the size, no line is too wide, none too many, and nothing hostile reaches the terminal", () => {
  const rows = twoLooks();
  const sizes = fc.record({ columns: fc.integer({ min: 1, max: 220 }), rows: fc.integer({ min: 1, max: 60 }) });
  fc.assert(
    fc.property(views, sizes, fc.boolean(), (changes, size, unicode) => {
      const lines = screen({ ...opened, ...changes }, rows, size, unicode ? unicodeGlyphs : asciiGlyphs);
      expect(lines.length).toBeLessThanOrEqual(size.rows);
      for (const text of lines) {
        expect(columnsOf(text)).toBeLessThanOrEqual(size.columns);
        expect(text).not.toMatch(unicode ? /\p{C}/u : /[^ -~]/);
      }
    }),
    { numRuns: 300 },
  );
});

test("the only escape sequences are those that colour; without colour none of them names one", () => {
  const rows = twoLooks();
  fc.assert(
    fc.property(views, fc.boolean(), (changes, colour) => {
      const now = { ...opened, ...changes };
      for (const each of layOut(now, sceneOf(now, rows), wide, around(unicodeGlyphs))) {
        const painted = paint(each, colour);
        const sequences = painted.split("\u001b").slice(1);
        for (const sequence of sequences) expect(sequence).toMatch(colour ? /^\[[\d;]+m/ : /^\[(7;)?(0|1|2|7|1;4)m/);
        // The last one puts everything back.
        expect(sequences.at(-1) ?? "[0m").toMatch(/^\[0m/);
      }
    }),
  );
});
