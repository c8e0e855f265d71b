/** In two child processes: the producer and the consumer of the self test. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { Stream } from "../../stream.ts";
import { say, sayError } from "./child-lines.ts";
import { type ChildRun, runChild } from "./run-child.ts";

/** Its own runtime directory, so the name meets no other. */
const name = "doctor";
const frameSpec = { format: "NV12", width: 1280, height: 720 } as const;

/** What the producer says at the end. */
export interface SelfTestResult {
  format: string;
  width: number;
  height: number;
  madeMs: number;
  connectedMs: number;
  /** From post to acquire. */
  wayUs: number;
  intact: boolean;
  /** See poolMappings(). */
  mappings: string[] | undefined;
}

/** The consumer gives up before this process is given up, so that its reason can be told. */
const consumerShare = 0.8;

/** Every byte depends on its place, so that a wrong slot, offset or length shows. */
const patternByte = (index: number) => (index * 31 + (index >> 8)) & 0xff;

export async function send(directory: string, limitMs: number): Promise<void> {
  let step = "importing the SDK";
  let stream: Stream | undefined;
  try {
    const { createStream } = await import("../../index.ts");
    const start = performance.now();
    step = "making a stream";
    stream = await createStream({ name, runtimeDir: directory, frame: frameSpec });
    step = "connecting the producer";
    const producer = await stream.connectProducer();
    const madeMs = performance.now() - start;
    step = "connecting a consumer from another process";
    const connected = once(stream, "connected");
    const receiving = runChild("receive", { directory }, limitMs * consumerShare);
    await Promise.race([connected, receiving]);
    step = "sending a frame to the other process";
    const frame = await producer.acquire({ timeoutMs: limitMs });
    for (let index = 0; index < frame.data.length; index++) frame.data[index] = patternByte(index);
    await producer.post(frame, { timeoutMs: limitMs });
    sayResult(await receiving, madeMs, step);
  } catch (error) {
    sayError("broken", error, { step });
  } finally {
    await stream?.close();
  }
}

function sayResult({ lines, ran }: ChildRun, madeMs: number, step: string): void {
  const received = lines.find(({ kind }) => kind === "received");
  const broken = lines.find(({ kind }) => kind === "broken");
  if (received) say("done", { ...received, kind: "done", madeMs, ...frameSpec });
  else if (broken) say("broken", broken);
  else say("broken", { step, message: ran.stderr.trim().split("\n").at(-1) || "the consumer ended without a word" });
}

export async function receive(directory: string, limitMs: number): Promise<void> {
  let step = "importing the SDK in the consumer";
  try {
    const { openStream } = await import("../../index.ts");
    step = "connecting a consumer from another process";
    const start = performance.now();
    const stream = await openStream(name, { runtimeDir: directory, timeoutMs: limitMs, mode: "fifo" });
    const consumer = await stream.connectConsumer({ timeoutMs: limitMs });
    const connectedMs = performance.now() - start;
    step = "reading a frame from the other process";
    const frame = await consumer.acquire({ timeoutMs: limitMs });
    const intact = frame.data.every((byte, index) => byte === patternByte(index));
    const { posted, acquired } = frame.timestamps;
    say("received", {
      connectedMs,
      intact,
      bytes: frame.data.length,
      wayUs: Number(acquired - posted) / 1000,
      mappings: poolMappings(),
    });
    frame.release();
    await stream.close();
  } catch (error) {
    sayError("broken", error, { step });
  }
}

/** Permissions of every mapping of the producer's memory in this process, such as "r--s". undefined without /proc. */
function poolMappings(): string[] | undefined {
  try {
    const lines = readFileSync("/proc/self/maps", "utf8").split("\n");
    return lines.filter((line) => line.includes("memfd:edgestream-pool")).map((line) => line.split(" ")[1] ?? "");
  } catch {
    return undefined;
  }
}
