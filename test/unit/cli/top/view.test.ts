import { expect, test } from "vitest";
import { keyOf } from "../../../../sdk/cli/top/keyboard.ts";
import { firstView, type Key, press, sceneOf, type TopView } from "../../../../sdk/cli/top/view.ts";
import { makeModel, type Seen, second, sighting } from "./sightings.ts";

const all = ["name", "state", "fps", "consumers", "client", "mode", "skipped"];

/** Three streams at 10, 30 and 20 fps, the second one with two connections. */
function rows(...more: Seen[]) {
  const model = makeModel();
  const looks = (at: bigint, frames: bigint) =>
    model.update([
      sighting({ name: "a", at, info: { frames: frames * 10n } }),
      sighting({ name: "b", at, info: { frames: frames * 30n }, connections: [{ id: 1n }, { id: 2n, client: "a" }] }),
      sighting({ name: "c", at, info: { frames: frames * 20n } }),
      ...more.map(sighting),
    ]);
  looks(0n, 0n);
  return looks(second, 1n);
}

function pressed(view: TopView, keys: readonly Key[], streams = rows(), shown = all): TopView {
  return keys.reduce((now, key) => press(now, key, sceneOf(now, streams), shown) ?? now, view);
}

const selectedName = (view: TopView, streams = rows()) => sceneOf(view, streams).stream?.name;

test("arrows move the selection and stop at the ends", () => {
  const view = firstView(1000, "name");
  expect(selectedName(view)).toBe("a");
  expect(selectedName(pressed(view, ["down"]))).toBe("b");
  expect(selectedName(pressed(view, ["down", "down", "down", "down"]))).toBe("c");
  expect(selectedName(pressed(view, ["end", "up"]))).toBe("b");
  expect(selectedName(pressed(view, ["end", "home", "up"]))).toBe("a");
  expect(selectedName(pressed(view, ["pagedown"]))).toBe("c");
});

test("the selection stays with its stream when the order changes, and goes to its place when it is gone", () => {
  const view = pressed(firstView(1000, "name"), ["down", "right", "right"]);
  expect(view.sort.streams).toEqual({ column: "fps", reversed: false });
  const scene = sceneOf(view, rows());
  expect(scene.streams.map(({ name }) => name)).toEqual(["b", "c", "a"]);
  expect(scene.stream?.name).toBe("b");
  const without = rows().filter(({ name }) => name !== "b");
  expect(selectedName(view, without)).toBe("a");
  expect(selectedName(pressed(firstView(1000, "name"), ["end"]), without.slice(0, 1))).toBe("a");
  expect(selectedName(view, [])).toBeUndefined();
});

test("sorting goes over the columns on the screen, round and round; a hidden one is left at the first", () => {
  const columnAfter = (keys: Key[], shown: string[]) =>
    pressed(firstView(1000, "memory"), keys, rows(), shown).sort.streams.column;
  expect(columnAfter(["right"], ["name", "fps", "lately"])).toBe("name");
  expect(columnAfter(["right", "right", "right"], ["name", "fps", "lately"])).toBe("name");
  expect(columnAfter(["left"], ["name", "fps", "lately"])).toBe("fps");
  expect(pressed(firstView(1000, "fps"), ["reverse"]).sort.streams).toEqual({ column: "fps", reversed: true });
  expect(pressed(firstView(1000, "fps"), ["reverse", "right"]).sort.streams.reversed).toBe(false);
});

test("Enter shows the connections of the selected stream, Esc goes back to it", () => {
  const opened = pressed(firstView(1000, "name"), ["down", "open"]);
  expect(opened.page).toBe("connections");
  const scene = sceneOf(opened, rows());
  expect(scene.connections.map(({ info }) => info.client)).toEqual(["a", "recorder"]);
  expect(scene.connection?.info.client).toBe("a");
  const sorted = pressed(opened, ["right"]);
  expect(sorted.sort).toMatchObject({ streams: { column: "name" }, connections: { column: "state" } });
  expect(sceneOf(pressed(opened, ["down"]), rows()).connection?.info.client).toBe("recorder");
  expect(pressed(opened, ["back"]).page).toBe("streams");
  expect(selectedName(pressed(opened, ["back"]))).toBe("b");
  expect(pressed(firstView(1000, "name"), ["open"], []).page).toBe("streams");
});

test("the page of a stream that is gone stays its page, also when it was opened without moving first", () => {
  const opened = pressed(firstView(1000, "name"), ["open"]);
  expect(sceneOf(opened, rows()).stream?.name).toBe("a");
  const without = rows().filter(({ name }) => name !== "a");
  expect(sceneOf(opened, without)).toMatchObject({ stream: undefined, connections: [], connection: undefined });
  expect(sceneOf(pressed(opened, ["down", "up"], without), rows()).stream?.name).toBe("a");
});

test("the interval has an end in both directions, and knows the way back from an odd one", () => {
  const after = (intervalMs: number, keys: Key[]) => pressed(firstView(intervalMs, "name"), keys).intervalMs;
  expect(after(1000, ["slower"])).toBe(2000);
  expect(after(1000, ["faster", "faster", "faster", "faster"])).toBe(100);
  expect(after(60_000, ["slower"])).toBe(60_000);
  expect(after(700, ["slower"])).toBe(1000);
  expect(after(700, ["faster"])).toBe(500);
  expect(after(3_600_000, ["slower"])).toBe(3_600_000);
});

test("pause, help and quit", () => {
  const view = firstView(1000, "name");
  expect(pressed(view, ["pause"]).paused).toBe(true);
  expect(pressed(view, ["pause", "pause"]).paused).toBe(false);
  expect(pressed(view, ["help"]).help).toBe(true);
  // Any key closes the help, and does nothing else.
  expect(pressed(view, ["help", "down"])).toEqual(view);
  expect(pressed(view, ["help", "other"])).toEqual(view);
  expect(pressed(view, ["other"])).toEqual(view);
  expect(press(view, "quit", sceneOf(view, []), all)).toBeUndefined();
  expect(press({ ...view, help: true }, "quit", sceneOf(view, []), all)).toBeUndefined();
});

test.each([
  [{ name: "up", sequence: "\u001b[A" }, "up"],
  [{ name: "return", sequence: "\r" }, "open"],
  [{ name: "enter", sequence: "\n" }, "open"],
  [{ name: "escape", sequence: "\u001b" }, "back"],
  [{ name: "s", sequence: "S", shift: true }, "left"],
  [{ sequence: "+" }, "slower"],
  [{ sequence: "?" }, "help"],
  [{ name: "c", sequence: "\u0003", ctrl: true }, "quit"],
  [{ name: "z", sequence: "\u001a", ctrl: true }, "suspend"],
  [{ name: "q", sequence: "\u0011", ctrl: true }, "other"],
  [{ sequence: "ä" }, "other"],
  [{}, "other"],
] as const)("%j is the key %s", (keyPress, key) => {
  expect(keyOf(keyPress)).toBe(key);
});
