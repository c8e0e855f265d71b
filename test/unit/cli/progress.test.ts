import { expect, test, vi } from "vitest";
import { consumerDetails, Progress, progressLine } from "../../../sdk/cli/progress.ts";

test("a line says who, how long, how many, how fast, for whom and what was lost", () => {
  const details = consumerDetails({ frames: 370n, consumers: 1, dropped: 2n });
  const line = progressLine("cam1", 12.34, 370n, 29.97, details);
  expect(line).toBe("cam1: 12.3 s  370 frames  30.0 fps  1 consumer  2 dropped");
});

function collect(isTTY: boolean) {
  const written: string[] = [];
  return { written, stream: { isTTY, write: (text: string) => written.push(text) } };
}

test("a terminal gets one line that is written over, a log gets lines", () => {
  vi.useFakeTimers();
  try {
    for (const isTTY of [true, false]) {
      const { written, stream } = collect(isTTY);
      const snapshot = { frames: 1n, consumers: 0, dropped: 0n };
      const progress = new Progress({ name: "x", read: () => snapshot, details: consumerDetails, stream });
      vi.advanceTimersByTime(10_500);
      expect(written).toHaveLength(isTTY ? 10 : 1);
      expect(written.every((text) => text.startsWith("\r") === isTTY)).toBe(true);
      progress.stop();
      expect(written.join("").endsWith("\n")).toBe(true);
      const count = written.length;
      vi.advanceTimersByTime(20_000);
      progress.dispose();
      expect(written).toHaveLength(count);
    }
  } finally {
    vi.useRealTimers();
  }
});

test("a sentence between two lines stands on its own line", () => {
  const { written, stream } = collect(true);
  const read = () => ({ frames: 0n, consumers: 0, dropped: 0n });
  const progress = new Progress({ name: "x", read, details: consumerDetails, stream });
  progress.say("hello");
  progress.dispose();
  expect(written).toEqual(["x: hello\n"]);
});
