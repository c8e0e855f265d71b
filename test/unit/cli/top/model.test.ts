import { expect, test } from "vitest";
import { makeModel, second, sighting } from "./sightings.ts";

test("a stream and its connections have rates from the second look on", () => {
  const model = makeModel();
  const [before] = model.update([sighting({ info: {}, connections: [{ id: 3n }, { id: 4n }] })]);
  expect(before).toMatchObject({ name: "cam1", status: "alive", state: "new-frame-available", fps: undefined });
  const connections = [
    { id: 3n, delivered: 30n },
    { id: 4n, delivered: 10n },
  ];
  const [after] = model.update([sighting({ at: second, info: { frames: 30n }, connections })]);
  expect(after?.fps).toBe(30);
  expect(after?.connections.map(({ fps }) => fps)).toEqual([30, 10]);
  expect(after?.connections.map(({ history }) => history)).toEqual([
    [undefined, 30],
    [undefined, 10],
  ]);
});

test("a stream that starts again under its name has no rate for one look, and never a negative one", () => {
  const model = makeModel();
  const look = (at: number, epoch: bigint, frames: bigint) =>
    model.update([
      sighting({ at: BigInt(at) * second, info: { epoch, frames }, connections: [{ delivered: frames }] }),
    ])[0];
  look(0, 1n, 1000n);
  expect(look(1, 1n, 1030n)?.fps).toBe(30);
  const born = look(2, 2n, 2000n);
  expect(born?.fps).toBeUndefined();
  expect(born?.connections[0]?.fps).toBeUndefined();
  const grown = look(3, 2n, 2025n);
  expect(grown?.fps).toBe(25);
  expect(grown?.history).toEqual([undefined, 30, undefined, 25]);
  // Connection 1 of the new life is another one.
  expect(grown?.connections[0]?.history).toEqual([undefined, 25]);
  expect(grown?.connections[0]?.key).not.toBe(look(4, 3n, 0n)?.connections[0]?.key);
});

test("a silent stream keeps its last report and has no rate", () => {
  const model = makeModel();
  const connections = [{ delivered: 1n }];
  model.update([sighting({ info: {}, connections })]);
  model.update([sighting({ at: second, info: { frames: 30n }, connections })]);
  const [silent] = model.update([sighting({ at: second, status: "silent", info: { frames: 30n }, connections })]);
  expect(silent).toMatchObject({ status: "silent", fps: undefined, history: [undefined, 30, undefined] });
  expect(silent?.connections[0]).toMatchObject({ fps: undefined });
  expect(silent?.info?.format.name).toBe("NV12");
});

test("a late answer is no gap: the rate stays what it was until there is a new one", () => {
  const model = makeModel();
  model.update([sighting({ info: {} })]);
  model.update([sighting({ at: second, info: { frames: 30n } })]);
  const [late] = model.update([sighting({ at: second, info: { frames: 30n } })]);
  expect(late).toMatchObject({ fps: 30, history: [undefined, 30] });
});

test("a stream that answers nothing is there with its status only", () => {
  const rows = makeModel().update([sighting({ status: "denied" }), sighting({ name: "old", status: "stale" })]);
  expect(rows.map(({ status, info, fps }) => ({ status, info, fps }))).toEqual([
    { status: "denied", info: undefined, fps: undefined },
    { status: "stale", info: undefined, fps: undefined },
  ]);
});

test("streams of one name in two directories are two", () => {
  const model = makeModel();
  const look = (at: bigint, frames: bigint) =>
    model.update([
      sighting({ at, info: { frames } }),
      sighting({ at, directory: "/elsewhere", info: { frames: 2n * frames } }),
    ]);
  look(0n, 0n);
  expect(look(second, 10n).map(({ fps }) => fps)).toEqual([10, 20]);
});

test("what is gone is forgotten: nothing is left to compare with when it comes back", () => {
  const model = makeModel();
  const connections = [{ id: 1n, delivered: 5n }];
  model.update([sighting({ info: {}, connections })]);
  model.update([sighting({ at: second, info: { frames: 9n }, connections: [] })]);
  const [back] = model.update([sighting({ at: 2n * second, info: { frames: 18n }, connections })]);
  expect(back?.connections[0]?.history).toEqual([undefined]);
  model.update([]);
  const [again] = model.update([sighting({ at: 3n * second, info: { frames: 27n } })]);
  expect(again).toMatchObject({ fps: undefined, history: [undefined] });
});

test("rows of an earlier look stay as they were", () => {
  const model = makeModel();
  const [first] = model.update([sighting({ info: {}, connections: [{}] })]);
  const copy = structuredClone(first);
  model.update([sighting({ at: second, info: { frames: 30n }, connections: [{ delivered: 30n }] })]);
  expect(first).toEqual(copy);
});
