/**
 * Two containers that share one mounted directory and nothing else: another user, in user, net, ipc, mount, uts and pid
 * namespaces of its own. The socket's permission bits alone decide who comes in.
 */
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { endChildren, makeRuntimeDir, removeRuntimeDirs, until } from "../programs/child.ts";
import { complete, dismiss, listen, reportOf, startSink } from "./crowd.ts";

const frame = { format: "NV12", width: 640, height: 360 } as const;
const frames = 300;
const user = ["setpriv", "--reuid", "1000", "--regid", "1000", "--clear-groups"];
const otherUser = ["setpriv", "--reuid", "1001", "--regid", "1001", "--clear-groups"];
const container = [...user, "unshare", "-Urnipm", "--fork", "--kill-child"];
const fifo = { consumer: { mode: "fifo", fifoLength: 8 } } as const;

/** undefined when this system lets us make namespaces; else why not. */
function obstacle(): string | undefined {
  const [command, ...args] = [...container, process.execPath, "-e", "process.exit(process.pid === 1 ? 0 : 1)"];
  const { status, error, stderr } = spawnSync(command as string, args, { encoding: "utf8" });
  if (status === 0) return undefined;
  return error?.message ?? (stderr.trim() || `${container.join(" ")} ended with ${status}`);
}

const why = obstacle();
if (why !== undefined) console.log(`skipped: namespaces of another user cannot be made here: ${why}`);

afterEach(endChildren);
afterAll(removeRuntimeDirs);

describe.skipIf(why !== undefined)("a consumer in a container", () => {
  test("is refused with ERR_BAD_ACCESS at socket mode 0600, and the stream goes on", async () => {
    const runtimeDir = makeRuntimeDir(0o755);
    const source = await listen({ name: "cam", runtimeDir, frame, socketMode: 0o600 });
    const inside = startSink("cam", runtimeDir, fifo, { wrapper: container });
    const error = await inside.line("error");
    console.log(`  socket mode 0600: ${error.code}: ${error.message}`);
    expect(error.code).toBe("ERR_BAD_ACCESS");
    expect(error.message).toContain("cam.sock");
    await inside.ended();
    const outside = startSink("cam", runtimeDir, fifo);
    await until("the outside consumer is seated", async () => (await source.stats()).connections[0]?.state === "empty");
    await source.run(50, 200);
    await source.closeInput();
    expect(await reportOf(outside)).toEqual(complete(50));
    await dismiss(source);
  }, 60_000);

  test("works at socket mode 0666, with nothing shared but the runtime directory", async () => {
    const runtimeDir = makeRuntimeDir(0o755);
    const source = await listen({ name: "cam", runtimeDir, frame, socketMode: 0o666 });
    expect(statSync(join(runtimeDir, "cam.sock")).mode & 0o777).toBe(0o666);
    const inside = startSink("cam", runtimeDir, fifo, { wrapper: container });
    const said = await inside.line("connected");
    expect(said.pid).toBe(1); // of its own pid namespace
    await until("the consumer is seated", async () => (await source.stats()).connections[0]?.state === "empty");
    const ran = await source.run(frames, 200);
    await source.closeInput();
    expect(await reportOf(inside)).toEqual(complete(frames));
    console.log(`  consumer in the container: ${frames} frames whole, at ${ran.fps.toFixed(1)} fps`);
    await inside.ended();
    await dismiss(source);
  }, 60_000);

  test("that is killed gives its slots back as any other", async () => {
    const runtimeDir = makeRuntimeDir(0o755);
    const source = await listen({ name: "cam", runtimeDir, frame, socketMode: 0o666 });
    const inside = startSink(
      "cam",
      runtimeDir,
      { consumer: { mode: "fifo", maxHeld: 3 }, hold: 2 },
      { wrapper: container },
    );
    await until("the consumer is seated", async () => (await source.stats()).connections[0]?.state === "empty");
    const running = source.run(100_000, 100);
    await inside.line("first");
    inside.kill(); // unshare takes its child along
    await until("its slots are back", async () => (await source.stats()).connections.length === 0);
    await source.halt();
    await running;
    await dismiss(source);
  }, 60_000);
});

describe.skipIf(why !== undefined)("a producer in a container", () => {
  test("serves a consumer outside, and refuses another user at socket mode 0600", async () => {
    const runtimeDir = makeRuntimeDir(0o777);
    const source = await listen({ name: "cam", runtimeDir, frame, socketMode: 0o600 }, { wrapper: container });
    expect(statSync(join(runtimeDir, "cam.sock")).uid).toBe(1000);
    const stranger = startSink("cam", runtimeDir, fifo, { wrapper: otherUser });
    expect((await stranger.line("error")).code).toBe("ERR_BAD_ACCESS");
    const sameUser = startSink("cam", runtimeDir, fifo, { wrapper: user });
    await until("the same user is seated", async () => (await source.stats()).connections[0]?.state === "empty");
    await source.run(50, 200);
    await source.closeInput();
    expect(await reportOf(sameUser)).toEqual(complete(50));
    await dismiss(source);
  }, 60_000);

  test("serves every user at socket mode 0666, also one in another container", async () => {
    const runtimeDir = makeRuntimeDir(0o777);
    const source = await listen({ name: "cam", runtimeDir, frame, socketMode: 0o666 }, { wrapper: container });
    const sinks = [
      startSink("cam", runtimeDir, fifo),
      startSink("cam", runtimeDir, fifo, { wrapper: otherUser }),
      startSink("cam", runtimeDir, fifo, { wrapper: container }),
    ];
    await until("all are seated", async () => {
      return (await source.stats()).connections.filter(({ state }) => state === "empty").length === sinks.length;
    });
    const ran = await source.run(frames, 120);
    await source.closeInput();
    for (const sink of sinks) expect(await reportOf(sink)).toEqual(complete(frames));
    console.log(
      `  producer in the container: ${frames} frames whole to ${sinks.length} users, at ${ran.fps.toFixed(1)} fps`,
    );
    await dismiss(source);
  }, 60_000);
});
