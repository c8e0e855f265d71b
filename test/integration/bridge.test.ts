/** A stream of another host as one of this host: whole frames, and every restart survived, with real processes. */
import { connect, createServer, type Socket } from "node:net";
import { createBridge, openStream } from "edgestream";
import { afterAll, afterEach, expect, test } from "vitest";
import { tlsOptions } from "../programs/certificates.ts";
import {
  type Child,
  endChildren,
  type Line,
  makeRuntimeDir,
  removeRuntimeDirs,
  run,
  until,
} from "../programs/child.ts";
import { freePort } from "../programs/free-port.ts";
import { edgestream, elsewhere, linked, secretFile, token } from "./elsewhere.ts";

afterEach(endChildren);
afterAll(removeRuntimeDirs);

const bridge = (runtimeDir: string, address: string, ...args: string[]) =>
  edgestream(runtimeDir, "bridge", address, "--json", ...args);

/** A consumer in a process of its own, that does not mind where frames begin again with 1. */
function sink(runtimeDir: string, open: object = {}): Child {
  const options = { runtimeDir, mode: "fifo", fifoLength: 16, timeoutMs: 10_000, ...open };
  return run("sink.mjs", { name: "cam1", open: options, marked: true });
}

/** Reads lines of a kind until one of them is it. */
async function lineWhere(child: Child, kind: string, wanted: (line: Line) => boolean): Promise<Line> {
  for (;;) {
    const line = await child.line(kind);
    if (wanted(line)) return line;
  }
}

type Local = { connections: { state: string }[] } | undefined;

/** So many local consumers get what comes next. */
const seated = (child: Child, count: number) =>
  lineWhere(child, "progress", ({ local }) => {
    const connections = (local as Local)?.connections ?? [];
    return connections.length === count && connections.every(({ state }) => state !== "connecting");
  });

test("one link, three local processes, every frame whole; the remote side's end is theirs", async () => {
  const runtimeDir = makeRuntimeDir();
  const { source, address } = await elsewhere();
  const link = bridge(runtimeDir, address, "--mode", "fifo");
  await link.line("connected");
  const readers = [sink(runtimeDir), sink(runtimeDir), sink(runtimeDir, { mode: "mailbox", fifoLength: undefined })];
  const [first] = await Promise.all(readers.map((reader) => reader.line("connected")));
  expect(first).toMatchObject({ via: { transport: "ipc" } });
  await seated(link, 3);
  await source.run(120, 100);
  expect((await source.stats()).connections).toHaveLength(1);
  await source.closeInput();
  const [one, two, newest] = await Promise.all(readers.map((reader) => reader.line("done")));
  const whole = { torn: 0, unaccounted: "0", end: "ended", cause: "ended" };
  expect(one).toMatchObject({ ...whole, frames: 120, gaps: 0 });
  expect(two).toMatchObject({ ...whole, frames: 120, gaps: 0 });
  expect(newest).toMatchObject(whole);
  expect(await link.line("disconnected")).toMatchObject({ cause: "ended" });
  link.kill("SIGTERM");
  await link.ended();
  expect(await link.line("ended")).toMatchObject({
    frames: 120,
    bytes: (120 * 640 * 360 * 3) / 2,
    skipped: 0,
    missed: 0,
  });
});

test("the remote producer is killed and comes back: local consumers stay connected", async () => {
  const runtimeDir = makeRuntimeDir();
  const port = await freePort();
  const before = await elsewhere(port);
  const link = bridge(runtimeDir, before.address, "--mode", "fifo");
  await link.line("connected");
  const reader = sink(runtimeDir, { reconnect: false });
  await seated(link, 1);
  await before.source.run(40, 200);
  await lineWhere(link, "progress", ({ frames }) => frames === 40);
  before.source.child.kill();
  expect(await link.line("disconnected")).toMatchObject({ cause: "producer-lost" });
  const after = await elsewhere(port);
  await link.line("reconnected");
  await linked(after.source);
  await after.source.run(40, 200);
  expect(await reader.line("life")).toMatchObject({ mark: "1" });
  await after.source.closeInput();
  expect(await reader.line("done")).toMatchObject({ frames: 80, torn: 0, gaps: 0, end: "ended" });
});

test("after the remote side's end the next life is a new one for local consumers too", async () => {
  const runtimeDir = makeRuntimeDir();
  const port = await freePort();
  const before = await elsewhere(port);
  const link = bridge(runtimeDir, before.address, "--mode", "fifo");
  await link.line("connected");
  const first = sink(runtimeDir);
  await seated(link, 1);
  await before.source.post(3);
  await before.source.closeInput();
  expect(await first.line("done")).toMatchObject({ frames: 3, cause: "ended" });
  await before.source.close();
  before.source.child.kill();
  const after = await elsewhere(port);
  await link.line("reconnected");
  const second = sink(runtimeDir);
  await seated(link, 1);
  await after.source.post(3);
  await after.source.closeInput();
  expect(await second.line("done")).toMatchObject({ frames: 3, first: "1", torn: 0, cause: "ended" });
});

test("the bridge is killed and started again: local consumers with reconnect read on", async () => {
  const runtimeDir = makeRuntimeDir();
  const { source, address } = await elsewhere();
  const before = bridge(runtimeDir, address, "--mode", "fifo");
  await before.line("connected");
  const reader = sink(runtimeDir, { reconnect: true });
  await seated(before, 1);
  await source.run(20, 200);
  await lineWhere(before, "progress", ({ frames }) => frames === 20);
  before.kill();
  await reader.line("disconnected");
  const after = bridge(runtimeDir, address, "--mode", "fifo");
  await after.line("connected");
  await reader.line("reconnected");
  await seated(after, 1);
  await linked(source);
  await source.run(20, 200);
  await source.closeInput();
  expect(await reader.line("done")).toMatchObject({ frames: 40, torn: 0, end: "ended", stats: { reconnects: 1 } });
});

/** A cable: what is pulled is silent towards the one who dialled. */
async function cable(to: number): Promise<{ port: number; pull(): void; close(): void }> {
  const far = new Set<Socket>();
  const near = new Set<Socket>();
  const server = createServer((socket) => {
    const upstream = connect(to, "127.0.0.1");
    far.add(upstream);
    near.add(socket);
    for (const each of [socket, upstream]) each.on("error", () => {});
    socket.on("data", (bytes) => upstream.destroyed || upstream.write(bytes));
    upstream.on("data", (bytes) => socket.write(bytes));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const destroy = (sockets: Set<Socket>) => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  const { port } = server.address() as { port: number };
  const close = () => {
    server.close();
    destroy(far);
    destroy(near);
  };
  return { port, pull: () => destroy(far), close };
}

test("a link that falls silent is found by the idle timeout, and what was missed is counted exactly", async () => {
  const runtimeDir = makeRuntimeDir();
  const port = await freePort();
  const { source } = await elsewhere(port);
  const way = await cable(port);
  const address = `tcp://127.0.0.1:${way.port}/cam1`;
  await using link = await createBridge(address, { idleTimeoutMs: 400, local: { runtimeDir } });
  const ends: { cause: string; reason: string }[] = [];
  link.on("disconnected", (end) => ends.push(end));
  const stream = await openStream("cam1", { runtimeDir, mode: "fifo", fifoLength: 16 });
  const consumer = await stream.connectConsumer();
  await linked(source);
  await source.post(5);
  await until("they came", () => link.stats().frames === 5n);
  way.pull();
  await until("the remote side has seen it", async () => (await source.stats()).connections.length === 0);
  await source.post(7);
  await until("it is back", () => link.stats().reconnects === 1);
  await linked(source);
  await source.post(2);
  const numbers: bigint[] = [];
  for (let count = 0; count < 7; count++) {
    const picture = await consumer.acquire({ timeoutMs: 10_000 });
    numbers.push(picture.number);
    picture.release();
  }
  expect(numbers).toEqual([1n, 2n, 3n, 4n, 5n, 6n, 7n]);
  expect(ends).toMatchObject([{ cause: "producer-lost", reason: expect.stringContaining("for 400 ms") }]);
  await until("a ping was answered", () => link.stats().link?.roundTrip !== undefined);
  expect(link.stats()).toMatchObject({ state: "connected", frames: 7n, missed: 7n, skipped: 0n, reconnects: 1 });
  await stream.close();
  await link.close();
  expect(link.state).toBe("closed");
  await link.ended;
  way.close();
});

test("over TLS: a change of format, sticky metadata, title and moment of capture cross the bridge", async () => {
  const local = { runtimeDir: makeRuntimeDir() };
  const { server, client } = tlsOptions();
  const { source, address } = await elsewhere(0, { ...server, listen: ["tls://127.0.0.1:0"] });
  await source.updateInfo({ title: "Front door" });
  await source.setMetadata(1, 0, new Uint8Array([7, 8]));
  await using link = await createBridge(address, { ...client, mode: "fifo", local });
  const stream = await openStream("cam1", { ...local, mode: "fifo" });
  const consumer = await stream.connectConsumer();
  await linked(source);
  const read = async () => {
    using picture = await consumer.acquire({ timeoutMs: 10_000 });
    const { width, timestamps } = picture;
    return { width, block: [...picture.metadataBlock(1)], captured: timestamps.captured };
  };
  await until("the clock is known", () => link.stats().link?.clockError !== undefined);
  const before = process.hrtime.bigint();
  await source.post(1, { captured: before });
  const first = await read();
  expect(first).toMatchObject({ width: 640, block: [7, 8] });
  const { clockError = 0n } = link.stats().link ?? {};
  expect(first.captured - before).toBeLessThanOrEqual(2n * clockError);
  expect(before - first.captured).toBeLessThanOrEqual(2n * clockError);
  await source.reconfigure({ format: "GRAY8", width: 32, height: 8 });
  await source.post(1);
  expect(await read()).toMatchObject({ width: 32, block: [7, 8] });
  expect(await stream.info()).toMatchObject({ title: "Front door", consumers: 1 });
  await stream.close();
});

test("a local consumer that stalls is sent away; the bridge stays, and the others get every frame", async () => {
  const local = { runtimeDir: makeRuntimeDir() };
  const { source, address } = await elsewhere();
  await using link = await createBridge(address, { mode: "fifo", local });
  const stream = await openStream("cam1", { ...local, mode: "fifo" });
  const stalled = await stream.connectConsumer({ maxWaitMs: 300 });
  const reader = await stream.connectConsumer({ fifoLength: 16 });
  await linked(source);
  const posted = source.post(40);
  for (let number = 1n; number <= 40n; number++) {
    using picture = await reader.acquire({ timeoutMs: 20_000 });
    expect(picture.number).toBe(number);
  }
  await posted;
  await until("it was sent away", () => stalled.stats().cause === "evicted-stall");
  expect(link.stats()).toMatchObject({ state: "connected", frames: 40n, reconnects: 0, skipped: 0n });
  await stream.close();
});

test("a stop is a stop for local consumers; an eviction by hand ends the bridge", async () => {
  const local = { runtimeDir: makeRuntimeDir() };
  const port = await freePort();
  const before = await elsewhere(port);
  await using link = await createBridge(before.address, { local });
  const stream = await openStream("cam1", local);
  const consumer = await stream.connectConsumer();
  await linked(before.source);
  await before.source.post(1);
  await until("it came", () => link.stats().frames === 1n);
  await before.source.stop();
  await until("it is told", () => consumer.state === "disconnected");
  expect(consumer.stats().cause).toBe("stopped");
  await before.source.close();
  before.source.child.kill();
  const after = await elsewhere(port);
  await until("the next life", () => link.stats().reconnects > 0 && link.state === "connected");
  await linked(after.source);
  const { connections } = await after.source.stats();
  await after.source.evict(connections.at(-1)?.id ?? 0n, "not today");
  await expect(link.ended).rejects.toMatchObject({
    code: "ERR_EVICTED",
    message: expect.stringContaining("not today"),
  });
  expect(link.state).toBe("closed");
  await stream.close();
});

test("a local consumer that does not read an ended life to its end delays the next one by 5 s only", async () => {
  const local = { runtimeDir: makeRuntimeDir() };
  const port = await freePort();
  const before = await elsewhere(port);
  await using link = await createBridge(before.address, { mode: "fifo", local });
  const stream = await openStream("cam1", { ...local, mode: "fifo" });
  const late = await stream.connectConsumer();
  await linked(before.source);
  await before.source.post(3);
  await before.source.closeInput();
  await before.source.close();
  before.source.child.kill();
  const after = await elsewhere(port);
  await until("the next life", () => link.stats().reconnects === 1);
  await linked(after.source);
  const newcomer = await stream.connectConsumer();
  await after.source.post(1);
  expect((await newcomer.acquire({ timeoutMs: 10_000 })).number).toBe(1n);
  const numbers: bigint[] = [];
  for await (const picture of late) numbers.push(picture.number);
  expect(numbers).toEqual([1n, 2n, 3n]);
  expect(late.stats().cause).toBe("ended");
  await stream.close();
});

test("wrong token, taken name, nobody there, a stop: codes, exit codes, and no secret in what is said", async () => {
  const runtimeDir = makeRuntimeDir();
  const { address } = await elsewhere(0, { tokens: { read: token } });
  const wrong = bridge(runtimeDir, address, "--token-file", secretFile("not-the-one"));
  expect(await wrong.exit).toMatchObject({ code: 1 });
  expect(wrong.stderr).toMatch(/^edgestream: ERR_BAD_ACCESS: /);
  expect(wrong.stderr).not.toContain("not-the-one");
  const right = bridge(runtimeDir, address, "--token-file", secretFile());
  await right.line("connected");
  const second = bridge(runtimeDir, address, "--token-file", secretFile());
  expect(await second.exit).toMatchObject({ code: 1 });
  expect(second.stderr).toMatch(/^edgestream: ERR_RESOURCE_BUSY: /);
  right.kill("SIGINT");
  await right.ended();
  const nobody = bridge(runtimeDir, `tcp://127.0.0.1:${await freePort()}/cam1`, "--wait", "0.3");
  expect(await nobody.exit).toMatchObject({ code: 1 });
  expect(nobody.stderr).toMatch(/^edgestream: ERR_NOT_FOUND: .*within 300 ms: .*ECONNREFUSED/);
  const waiting = bridge(runtimeDir, `tcp://127.0.0.1:${await freePort()}/cam1`);
  await waiting.line("retry");
  waiting.kill("SIGTERM");
  await waiting.ended();
  const absurd = bridge(runtimeDir, "cam1");
  expect(await absurd.exit).toMatchObject({ code: 1 });
  expect(absurd.stderr).toMatch(/^edgestream: ERR_BAD_PARAMETER: /);
});

test("createBridge: an abort, a time that is over, options of the wrong side, one link only", async () => {
  const local = { runtimeDir: makeRuntimeDir() };
  const empty = `tcp://127.0.0.1:${await freePort()}/cam1`;
  await expect(createBridge(empty, { local, timeoutMs: 100 })).rejects.toMatchObject({
    code: "ERR_NOT_FOUND",
    reason: "timeout",
  });
  await expect(createBridge(empty, { local, signal: AbortSignal.timeout(50) })).rejects.toMatchObject({
    code: "ERR_ABORTED",
  });
  await expect(createBridge(empty, { ...local } as object)).rejects.toMatchObject({ code: "ERR_BAD_PARAMETER" });
  await expect(createBridge(empty, { local, fifoLength: 4 })).rejects.toMatchObject({ code: "ERR_BAD_PARAMETER" });
  const { source, address } = await elsewhere();
  const once = await createBridge(address, { local, reconnect: false });
  await linked(source);
  await source.post(1);
  await source.closeInput();
  await once.ended;
  expect(once.stats()).toMatchObject({ state: "closed", frames: 1n, reconnects: 0, link: undefined });
});
