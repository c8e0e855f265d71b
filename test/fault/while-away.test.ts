/** What a consumer reads between its producer's SIGKILL and the first frame of the next life. */
import { type Consumer, openStream, type WhileAway } from "edgestream";
import { afterAll, afterEach, expect, test } from "vitest";
import { dismiss, listen } from "../integration/crowd.ts";
import { endChildren, makeRuntimeDir, removeRuntimeDirs, until } from "../programs/child.ts";
import { Pattern } from "../programs/pattern.mjs";
import type { ChildSource } from "../programs/remote-source.ts";

const frame = { format: "GRAY8", width: 64, height: 64 } as const;
const pattern = new Pattern(64 * 64);

afterEach(endChildren);
afterAll(removeRuntimeDirs);

/** A consumer that has read frame 3 of a producer, which is dead now. */
async function bereaved(whileAway: WhileAway, maxHeld: number) {
  const runtimeDir = makeRuntimeDir();
  const source = await listen({ name: "away", runtimeDir, frame });
  const stream = await openStream("away", { runtimeDir, mode: "fifo", maxHeld, reconnect: true, whileAway });
  const consumer = await stream.connectConsumer();
  await until("it is seated", () => consumer.state === "empty");
  await source.post(3);
  for (let count = 0; count < 3; count++) (await consumer.acquire()).release();
  source.child.kill();
  await until("the death is noticed", () => consumer.state === "disconnected");
  await source.child.exit;
  return { runtimeDir, stream, consumer };
}

async function nextLife(runtimeDir: string, consumer: Consumer): Promise<ChildSource> {
  const source = await listen({ name: "away", runtimeDir, frame });
  await until("it came back", () => consumer.state === "empty");
  return source;
}

test.each([1, 3])(
  "hold-last, maxHeld %i: the last frame, whole, until the next life's first one",
  async (maxHeld) => {
    const { runtimeDir, stream, consumer } = await bereaved("hold-last", maxHeld);
    const expectLast = async () => {
      for (const take of [() => consumer.acquire({ timeoutMs: 5 }), async () => consumer.tryAcquire().frame]) {
        const last = await take();
        expect(last).toMatchObject({ number: 3n, isNew: false, released: false });
        expect(last !== undefined && pattern.matches(last.data, 3n)).toBe(true);
      }
    };
    await expectLast();
    expect(await consumer.next({ timeoutMs: 5 })).toEqual({ status: "timeout" });
    expect(consumer.tryAcquire({ newOnly: true })).toEqual({ status: "would-block" });
    const heir = await nextLife(runtimeDir, consumer);
    await expectLast(); // a producer is there, a frame is not
    await heir.post(1);
    const first = await consumer.acquire();
    expect(first).toMatchObject({ number: 1n, isNew: true });
    expect(pattern.matches(first.data, 1n)).toBe(true);
    expect(consumer.tryAcquire()).toMatchObject({ frame: { number: 1n, isNew: false } });
    await stream.close();
    await dismiss(heir);
  },
  60_000,
);

test("wait: nothing comes until the next life", async () => {
  const { runtimeDir, stream, consumer } = await bereaved("wait", 1);
  expect(consumer.tryAcquire()).toEqual({ status: "would-block" });
  await expect(consumer.acquire({ timeoutMs: 5 })).rejects.toMatchObject({ code: "ERR_BAD_STATE", reason: "timeout" });
  const waiting = consumer.acquire();
  const heir = await nextLife(runtimeDir, consumer);
  await heir.post(1);
  expect(await waiting).toMatchObject({ number: 1n, isNew: true });
  await stream.close();
  await dismiss(heir);
}, 60_000);

test("wait: auto-acquire goes on in the next life, and can be switched off while nobody is there", async () => {
  const { runtimeDir, stream, consumer } = await bereaved("wait", 1);
  const off = consumer.autoAcquire(() => {});
  await consumer.autoAcquire(undefined);
  await off; // switched off, not failed
  const seen: bigint[] = [];
  const done = consumer.autoAcquire((got) => {
    seen.push(got.number);
  });
  const heir = await nextLife(runtimeDir, consumer);
  await heir.post(2);
  await until("the next life's frames came", () => seen.at(-1) === 2n);
  await consumer.autoAcquire(undefined);
  await done;
  await stream.close();
  await dismiss(heir);
}, 60_000);

test("fail: auto-acquire fails at once, as an acquire does", async () => {
  const { stream, consumer } = await bereaved("fail", 1);
  const away = { code: "ERR_BAD_STATE", reason: "disconnected" };
  await expect(consumer.autoAcquire(() => {})).rejects.toMatchObject(away);
  await stream.close();
}, 60_000);

test("fail: reading fails at once, and works again in the next life", async () => {
  const { runtimeDir, stream, consumer } = await bereaved("fail", 1);
  const away = { code: "ERR_BAD_STATE", reason: "disconnected" };
  await expect(consumer.acquire()).rejects.toMatchObject(away);
  expect(await consumer.next()).toEqual({ status: "disconnected" });
  const heir = await nextLife(runtimeDir, consumer);
  const waiting = consumer.acquire();
  await heir.post(1);
  expect(await waiting).toMatchObject({ number: 1n });
  await stream.close();
  await dismiss(heir);
}, 60_000);
