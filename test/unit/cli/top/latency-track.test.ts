import { expect, test } from "vitest";
import { bindingHost } from "../../../../sdk/binding-host.ts";
import { LatencyTrack } from "../../../../sdk/cli/top/latency-track.ts";
import type { LatencyHistograms } from "../../../../sdk/latency.ts";
import { makeHistograms, makeModel, second, sighting } from "./sightings.ts";

const { binding } = bindingHost();

/** What `earlier` counted, and on top of it what `later` did. */
function together(earlier: LatencyHistograms, later: LatencyHistograms): LatencyHistograms {
  // Subtracted from zero it is negative, and subtracting a negative one adds.
  return later.since(makeHistograms(0n, 1).since(earlier));
}

test("percentiles are those of the frames since the look before", () => {
  const track = new LatencyTrack();
  const slow = makeHistograms(1000n, 4000);
  track.push(0n, slow);
  expect(track.ledger(binding)).toBeUndefined();
  track.push(second, together(slow, makeHistograms(30n, 200)));
  const lately = track.ledger(binding)?.deliver;
  expect(lately?.frames).toBe(30);
  expect(lately?.p99Us).toBeGreaterThan(180);
  expect(lately?.p99Us).toBeLessThan(220);
});

test("no frames in between, no latency", () => {
  const track = new LatencyTrack();
  track.push(0n, makeHistograms(10n, 100));
  track.push(second, makeHistograms(10n, 100));
  expect(track.ledger(binding)).toBeUndefined();
});

test("a connection that ended tells zeros, which are no latency either", () => {
  const track = new LatencyTrack();
  track.push(0n, makeHistograms(10n, 100));
  track.push(second, makeHistograms(0n, 100));
  expect(track.ledger(binding)).toBeUndefined();
});

test("a stream's latency is that of its worst connection", () => {
  const model = makeModel();
  const connections = [{ id: 1n }, { id: 2n }, { id: 3n }];
  const look = (at: bigint, frames: bigint) => {
    const latencies = new Map([
      [1n, makeHistograms(frames, 150)],
      [2n, makeHistograms(frames, 3000)],
    ]);
    return model.update([sighting({ at, info: {}, connections, latencies })])[0];
  };
  expect(look(0n, 10n)?.worstLatencyUs).toBeUndefined();
  const row = look(second, 40n);
  expect(row?.worstLatencyUs).toBeGreaterThan(2700);
  expect(row?.worstLatencyUs).toBeLessThan(3300);
  expect(row?.connections.map(({ latency }) => latency?.deliver.frames)).toEqual([30, 30, undefined]);
});
