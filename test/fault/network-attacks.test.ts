/** What strangers and evil peers do to a stream over the network: nothing. A witness counts every frame meanwhile. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { encodeChunkHead, encodeMessage, encodeOpening, type WireMessage } from "../../transports/wire/index.ts";
import { complete, dismiss, reportOf } from "../integration/crowd.ts";
import { type Attacker, attack, fifo, header, hello, noise } from "../net/attacker.ts";
import { endChildren, run, until, within } from "../programs/child.ts";
import { type ChildSource, childSource } from "../programs/remote-source.ts";

const frame = { format: "GRAY8", width: 256, height: 256 } as const;
/** Far more than it takes: what is bounded is bounded whatever the collector does. */
const growthMax = 150e6;

afterEach(endChildren);

interface Scene {
  source: ChildSource;
  port: number;
  webPort: number;
  /** Ends the stream; throws when the witness missed anything, or the listener kept anything. */
  end(): Promise<void>;
}

const portOf = (address = "") => Number(new URL(address.replace(/^\w+/, "http")).port);

/** A producer that posts 100 frames per second, and a fifo consumer over TCP that checks each of them. */
async function openScene(): Promise<Scene> {
  const source = await childSource({ nodeArguments: ["--expose-gc"] });
  const listen = ["tcp://127.0.0.1:0", "ws://127.0.0.1:0"];
  await source.create({ name: "target", frame, listen });
  await source.connect();
  const [address = "", web] = await source.addresses();
  const witness = run("sink.mjs", { name: address, consumer: { mode: "fifo", fifoLength: 16, client: "witness" } });
  await until("the witness is seated", async () => (await source.stats()).connections[0]?.state === "empty");
  const running = source.run(1_000_000, 100);
  running.catch(() => {}); // end() awaits it; a test that fails earlier has its own news
  const before = await source.resources();
  const end = async () => {
    await until("only the witness is seated", async () => (await source.stats()).connections.length === 1);
    const own = async () => {
      const { fds, poolFds } = await source.resources();
      return fds - poolFds; // the pool grows with the number of seats
    };
    await until("every other connection is closed", async () => (await own()) <= before.fds - before.poolFds);
    const grown = (await source.resources()).rssAnonBytes - before.rssAnonBytes;
    console.log(`the listener grew by ${(grown / 1e6).toFixed(1)} MB`);
    expect(grown).toBeLessThan(growthMax);
    await source.halt();
    const { frames } = await running;
    await source.closeInput();
    expect(await reportOf(witness)).toEqual(complete(frames));
    await dismiss(source);
  };
  return { source, port: portOf(address), webPort: portOf(web), end };
}

const refusals = async (source: ChildSource) => (await source.events()).filter(({ name }) => name === "refused");

const credit = (granted: bigint, acquired: bigint): WireMessage => {
  return { type: "credit", granted, acquired, skipped: 0n, frame: 0n };
};
const endless = 2n ** 60n;
const pings = Buffer.concat(
  Array.from({ length: 2000 }, (_, index) => encodeMessage({ type: "ping", id: BigInt(index), sent: 0n })),
);
const welcome = { type: "welcome", connection: 1n, epoch: 1n, idleMs: 0, policy: fifo } as const;
const layout = (width: number, height: number): WireMessage => ({
  type: "layout",
  layout: 1,
  format: {
    name: "GRAY8",
    width,
    height,
    planes: [{ offset: 0, stride: width, width, height }],
    size: width * height,
    timeBaseNum: 0,
    timeBaseDen: 0,
  },
});
const none = new Uint8Array(0);
const head = (number: bigint, size: number): WireMessage => ({
  type: "frame",
  number,
  epoch: 1n,
  pts: 0n,
  duration: 0n,
  captured: 0n,
  posted: 0n,
  skipped: 0n,
  size,
  layout: 1,
  metadata: none,
  block0: none,
  block1: none,
  block2: none,
  block3: none,
});
const piece = (offset: number, size: number) => Buffer.concat([encodeChunkHead(offset, size), noise(size)]);

test("who cannot shake hands is told why and cut off, and the stream hears of it", async () => {
  const { source, port, end } = await openScene();
  const [min, max] = [9, 12];
  const future = encodeOpening({ min, max } as never);
  const cases: [string, (attacker: Attacker) => void, RegExp | undefined][] = [
    ["garbage", (peer) => peer.send(noise(65_536)), /ERR_BAD_PROTOCOL/],
    ["HTTP", (peer) => peer.send(Buffer.from("GET / HTTP/1.1\r\n\r\n")), /ERR_BAD_PROTOCOL/],
    ["another version", (peer) => peer.send(future), /ERR_BAD_PROTOCOL: .*version/],
    ["hello of 4 GiB", (peer) => peer.send(encodeOpening(), header(1, 2 ** 32 - 1)), /ERR_BAD_PROTOCOL/],
    ["hello of 5000 bytes", (peer) => peer.send(encodeOpening(), header(1, 5000)), /more than 4096 bytes/],
    ["a chunk of 2 GiB", (peer) => peer.send(encodeOpening(), header(8, 2 ** 31)), /before the hand-shake is over/],
    ["welcome first", (peer) => peer.send(encodeOpening(), welcome), /ERR_BAD_PROTOCOL/],
    ["credit first", (peer) => peer.send(encodeOpening(), credit(1n, 0n)), /before the hand-shake is over/],
    ["ping first", (peer) => peer.send(encodeOpening(), pings), /before the hand-shake is over/],
    ["no opening", (peer) => peer.send(hello()), /ERR_BAD_PROTOCOL/],
    ["an unknown message", (peer) => peer.send(encodeOpening(), header(99, 0)), /unknown and not optional/],
    ["another stream", (peer) => peer.greet({ stream: "other" }), /ERR_NOT_FOUND/],
    ["a producer too many", (peer) => peer.greet({ role: "produce" }), /ERR_RESOURCE_BUSY/],
    ["half a hello, then gone", (peer) => peer.send(encodeOpening(), encodeMessage(hello()).slice(0, 50)), undefined],
  ];
  for (const [what, act, answer] of cases) {
    const peer = await attack(port);
    act(peer);
    if (answer === undefined) peer.destroy();
    await within(`${what}: it is cut off`, peer.closed, 5000);
    if (answer !== undefined) expect([what, peer.refusal]).toEqual([what, expect.stringMatching(answer)]);
  }
  const told = await refusals(source);
  expect(told.map(({ code }) => code)).toEqual(expect.arrayContaining(["ERR_BAD_PROTOCOL", "ERR_RESOURCE_BUSY"]));
  for (const { reason } of told) expect(reason).toMatch(/^127\.0\.0\.1:\d+: \S/);
  await end();
}, 60_000);

test("a crowd that fills every seat is refused beyond it, and leaves all of them", async () => {
  const { source, port, end } = await openScene();
  for (let round = 0; round < 5; round++) {
    const guests = await Promise.all(Array.from({ length: 25 }, () => attack(port)));
    for (const guest of guests) guest.greet({ userInfo: Buffer.from("{oh") }); // what it says of itself is its business
    await until("all are seated, or refused", () => guests.every(({ saidTypes }) => saidTypes.length > 0));
    await until("all seats are taken", async () => (await source.stats()).connections.length === 16);
    const refused = guests.filter(({ refusal }) => refusal !== undefined);
    expect(refused).toHaveLength(10);
    for (const guest of guests) guest.destroy();
    await until("all seats are free", async () => (await source.stats()).connections.length === 1);
  }
  await end();
}, 60_000);

test("a consumer that breaks the rules loses its seat at once", async () => {
  const { source, port, end } = await openScene();
  const rules: [string, (WireMessage | Uint8Array)[]][] = [
    ["frames acquired that were never sent", [credit(0n, 5n)]],
    ["credit that goes back", [credit(5n, 0n), credit(endless, 1n), credit(endless, 0n)]],
    ["a frame", [head(1n, 10)]],
    ["a chunk", [piece(0, 10)]],
    ["a layout", [layout(64, 64)]],
    ["hello again", [hello()]],
    ["the whole hand-shake again", [encodeOpening(), hello()]],
    ["welcome", [welcome]],
    ["a pong for no ping", [{ type: "pong", id: 77n, sent: 0n, received: 0n, answered: 0n }]],
    ["garbage", [noise(1000)]],
    ["16 MiB of nothing known", [header(0x8fff, 2 ** 24)]],
  ];
  for (const policy of [undefined, fifo]) {
    for (const [what, messages] of rules) {
      const peer = await attack(port);
      peer.greet(policy && { policy });
      await until(`${what}: it is seated`, () => peer.saidTypes.includes("welcome"));
      peer.send(...messages);
      await within(`${what}: it is cut off`, peer.closed, 5000);
    }
  }
  const told = (await refusals(source)).map(({ reason }) => reason);
  for (const words of ["acquired that were not sent", 'does not send "hello"', "answers no ping"]) {
    expect(told).toContainEqual(expect.stringContaining(words));
  }
  await end();
}, 60_000);

test("those who do not read, or hardly, cost nobody anything, and nothing piles up for them", async () => {
  const { source, port, end } = await openScene();
  const peers: Attacker[] = [];
  const seat = async (policy?: typeof fifo) => {
    const peer = await attack(port);
    peer.greet(policy && { policy });
    await until("it is seated", () => peer.saidTypes.includes("layout"));
    peers.push(peer);
    return peer;
  };
  const deaf = await seat();
  deaf.socket.pause();
  deaf.send(credit(endless, 0n));
  const stuck = await seat(fifo); // grants nothing, takes nothing
  const lazy = await seat(fifo);
  lazy.socket.pause();
  lazy.send(credit(endless, 0n));
  const asking = await seat();
  asking.socket.pause();
  const slow = await seat();
  slow.socket.pause();
  slow.send(credit(endless, 0n));
  const sip = setInterval(() => {
    if (!slow.socket.destroyed) slow.socket.read(1024);
  }, 50);
  try {
    // It asks, and does not listen to the answers: 48 bytes each.
    for (let count = 0; count < 1500 && !asking.socket.destroyed; count++) {
      asking.send(pings);
      await sleep(5);
    }
    asking.socket.resume();
    await within("who only asks is cut off", asking.closed, 10_000);
    await until("who takes nothing is evicted", async () => {
      const { connections } = await source.stats();
      return connections.every(({ mode, client }) => mode !== "fifo" || client === "witness");
    });
    const { connections } = await source.stats();
    expect(connections.map(({ held }) => held <= 1n)).toEqual(connections.map(() => true));
  } finally {
    clearInterval(sip);
    for (const peer of peers) peer.destroy();
  }
  expect(stuck.saidTypes).toContain("welcome");
  await end();
}, 60_000);

test("peers that go in the middle of a frame", async () => {
  const { port, end } = await openScene();
  for (let count = 0; count < 40; count++) {
    const peer = await attack(port);
    peer.greet(count % 2 === 0 ? {} : { policy: fifo });
    peer.send(credit(endless, 0n));
    await until("a frame comes", () => peer.bytesRead > 2000 + count * 1000);
    if (count % 3 === 0) peer.socket.resetAndDestroy();
    else peer.destroy();
  }
  await end();
}, 60_000);

test("slow ones, silent ones and ten thousand connects: bounded, and over in time", async () => {
  const { source, port, end } = await openScene();
  const bytes = Buffer.concat([encodeOpening(), encodeMessage(hello({ client: "slow-loris" }))]);
  const loris = await Promise.all(Array.from({ length: 20 }, () => attack(port)));
  let at = 0;
  const drip = setInterval(() => {
    for (const peer of loris) if (!peer.socket.destroyed) peer.send(bytes.subarray(at, at + 1));
    at++;
  }, 200);
  const silent = await Promise.all(Array.from({ length: 200 }, () => attack(port)));
  await within("more than 128 at once are turned away", Promise.race(silent.map(({ closed }) => closed)), 3000);
  const turnedAway = silent.filter(({ socket }) => socket.destroyed || socket.readableEnded).length;
  expect(turnedAway).toBeGreaterThan(0);
  const all = [...loris, ...silent].map(({ closed }) => closed);
  await within("hand-shakes that do not end are ended", Promise.all(all), 12_000);
  clearInterval(drip);
  expect(loris.map(({ refusal }) => refusal)).toContainEqual(expect.stringContaining("no hand-shake within 5000 ms"));

  const batch = 250;
  for (let count = 0; count < 10_000; count += batch) {
    const peers = await Promise.all(Array.from({ length: batch }, () => attack(port)));
    for (const [index, peer] of peers.entries()) {
      if (index % 4 === 0) peer.greet();
      if (index % 4 === 1) peer.send(noise(100));
      if (index % 2 === 0) peer.destroy();
      else peer.socket.resetAndDestroy();
    }
  }
  const told = await refusals(source);
  expect(told.map(({ code }) => code)).toContain("ERR_RESOURCE_BUSY");
  expect(told.filter(({ code }) => code === "ERR_BAD_PROTOCOL").length).toBeLessThan(100); // of 2500
  await end();
}, 90_000);

describe("over WebSocket", () => {
  const open = async (port: number, options = {}) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, "edgestream", options);
    const closed = new Promise<number>((resolve) => socket.once("close", resolve));
    socket.on("error", () => {});
    await new Promise((resolve) => socket.once("open", resolve).once("close", resolve));
    return { socket, closed };
  };

  test("text, messages without end, foreign pages and broken HTTP disturb nobody", async () => {
    const { webPort, end } = await openScene();
    for (const message of ["hello", Buffer.alloc(3_000_000), Buffer.from(noise(500))]) {
      const { socket, closed } = await open(webPort);
      socket.send(message);
      await within("it is cut off", closed, 5000);
    }
    for (let count = 0; count < 50; count++) {
      const peer = await attack(webPort).catch(() => undefined);
      if (peer === undefined) continue;
      peer.socket.removeAllListeners("data").resume();
      const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
      const upgrade = `GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${key}`;
      if (count % 5 === 0) peer.socket.write(`${upgrade}Origin: http://evil.example\r\n\r\n`);
      if (count % 5 === 1) peer.socket.write(`${upgrade}\r\n`);
      if (count % 5 === 2) peer.socket.write(noise(500));
      if (count % 5 === 3) peer.socket.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n");
      await sleep(count % 3);
      if (count % 2 === 0) peer.socket.resetAndDestroy();
      else peer.destroy();
    }
    await end();
  }, 60_000);
});

test("a peer that produces as it likes harms nobody; a proper one comes after it", async () => {
  const source = await childSource();
  await source.create({ name: "target", mode: "fifo", listen: ["tcp://127.0.0.1:0"] });
  const [address = ""] = await source.addresses();
  const port = portOf(address);
  const announced = [welcome, layout(64, 64)];
  const acts: [string, (WireMessage | Uint8Array)[]][] = [
    ["a frame before its layout", [welcome, head(1n, 10)]],
    ["a frame larger than its layout", [...announced, head(1n, 5000)]],
    ["a chunk without a frame", [...announced, piece(0, 10)]],
    ["a chunk past its frame", [...announced, head(1n, 100), piece(0, 101)]],
    ["a gap", [...announced, head(1n, 100), piece(50, 50)]],
    ["a frame within a frame", [...announced, head(1n, 100), piece(0, 50), head(2n, 100)]],
    ["a frame of nothing", [...announced, head(1n, 0)]],
    [
      "a layout that is laid out otherwise",
      [
        welcome,
        {
          ...layout(64, 64),
          format: { ...(layout(32, 32) as never as { format: object }).format, size: 4096 },
        } as never,
      ],
    ],
    ["a layout of no size", [welcome, layout(0, 0)]],
    ["hello again", [...announced, hello({ role: "produce" })]],
    ["listing", [...announced, { type: "listing", list: "{}" }]],
  ];
  for (const [what, messages] of acts) {
    const peer = await attack(port);
    peer.greet({ role: "produce" });
    await until(`${what}: it is asked`, () => peer.saidTypes.includes("hello") || peer.socket.destroyed);
    peer.send(...messages);
    await within(`${what}: it is cut off`, peer.closed, 6000);
  }
  for (const parts of [[], [piece(0, 1000)], [piece(0, 4000)]]) {
    const peer = await attack(port);
    peer.greet({ role: "produce" });
    await until("it is asked", () => peer.saidTypes.includes("hello"));
    peer.send(...announced, head(1n, 4096), ...parts);
    await until("it may send", () => peer.saidTypes.includes("credit"));
    peer.destroy(); // in the middle of its frame
    await peer.closed;
  }
  const proper = await childSource();
  await proper.open(address);
  await until("its place is free", async () => {
    try {
      await proper.connect({ frame });
      return true;
    } catch {
      return false;
    }
  });
  const reader = run("sink.mjs", { name: address, consumer: { mode: "fifo" }, count: 20 });
  await until("the reader is seated", async () => (await proper.stats()).connections[0]?.state === "empty");
  await reader.line("connected");
  await sleep(300); // the reader's own seat is at the listener
  await proper.post(20);
  expect(await reader.line("done")).toMatchObject({ frames: 20, torn: 0 });
}, 60_000);
