/** A recording that breaks off, by whatever: what is in it can be replayed, and nobody else notices. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createStream, type FrameSpec } from "edgestream";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { Workplace } from "../integration/recordings.ts";
import { type Child, endChildren, until } from "../programs/child.ts";

let place: Workplace;
const places: Workplace[] = [];

beforeEach(() => {
  place = new Workplace();
  places.push(place);
});
afterEach(endChildren);
afterAll(() => {
  for (const each of places) each.remove();
});

const frameCount = 150;

interface Scene {
  source: Child;
  /** Another consumer, who must not notice anything. */
  other: Child;
  recorder: Child;
}

/** A real stream with a recorder and another consumer, both from the first frame on. */
function startScene(file: string, recorderOptions: Parameters<Workplace["edgestream"]>[1] = {}): Scene {
  const other = place.edgestream(["pull", "cam", "--as", "framemd5", "--out", place.path("other.md5")]);
  const recorder = place.edgestream(["record", "cam", place.path(file), "--quiet"], recorderOptions);
  const pattern = ["source", "test:", "--name", "cam", "--size", "320x240", "--fps", "60", "--format", "GRAY8"];
  const source = place.edgestream([...pattern, "--count", String(frameCount), "--wait-consumers", "2", "--quiet"]);
  return { source, other, recorder };
}

async function expectOthersUnharmed({ source, other }: Scene): Promise<void> {
  await Promise.all([source.ended(), other.ended()]);
  expect(place.framemd5("other.md5")).toHaveLength(frameCount);
}

/** The replay ends well, says that there is no more, and every frame is what the other consumer saw. */
async function expectReplayable(file: string): Promise<number> {
  const player = place.edgestream(["replay", place.path(file), "--name", "again", "--fast", "--wait-consumers", "1"]);
  const reader = place.edgestream(["pull", "again", "--as", "framemd5", "--out", place.path("again.md5")]);
  await Promise.all([player.ended(), reader.ended()]);
  expect(player.stderr).toContain("the recording was cut short");
  const frames = place.framemd5("again.md5");
  expect(frames).toEqual(place.framemd5("other.md5").slice(0, frames.length));
  return frames.length;
}

function childrenOf(child: Child): number[] {
  const list = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim();
  return list === "" ? [] : list.split(" ").map(Number);
}

describe("SIGKILL", () => {
  test.each(["mkv", "y4m", "raw"])("of the recorder: every frame that has its line is there (.%s)", async (ending) => {
    const file = `killed.${ending}`;
    const scene = startScene(file);
    await until("frames are recorded", () => place.recorded(file) >= 30);
    const encoders = childrenOf(scene.recorder);
    expect(encoders).toHaveLength(ending === "mkv" ? 1 : 0);
    scene.recorder.kill();
    await scene.recorder.exit;
    await until("ffmpeg ends by itself", () => encoders.every((pid) => !existsSync(`/proc/${pid}`)));
    const { frames, end } = place.sidecar(file);
    expect(end).toBeUndefined();
    await expectOthersUnharmed(scene);
    expect(await expectReplayable(file)).toBe(frames.length);
  });

  test("of ffmpeg: the recorder says so at once, and what was encoded is there", async () => {
    const scene = startScene("encoder.mkv");
    await until("frames are recorded", () => place.recorded("encoder.mkv") >= 30);
    const [encoder] = childrenOf(scene.recorder);
    process.kill(encoder as number, "SIGKILL");
    expect((await scene.recorder.exit).code).toBe(1);
    expect(scene.recorder.stderr).toMatch(/^edgestream: ERR_ENCODER: ffmpeg failed \(signal SIGKILL\)/);
    const { frames, end } = place.sidecar("encoder.mkv");
    expect(end).toBeUndefined();
    await expectOthersUnharmed(scene);
    const replayed = await expectReplayable("encoder.mkv");
    expect(replayed).toBeGreaterThan(0);
    console.log(`  ${frames.length} frames were handed to ffmpeg, ${replayed} had reached the file`);
  });
});

test("Ctrl-C, which every program of the terminal gets, completes the recording", async () => {
  // A session of its own, so that the signal goes to these programs only.
  const scene = startScene("ctrl-c.mkv", { wrapper: ["setsid"] });
  await until("frames are recorded", () => place.recorded("ctrl-c.mkv") >= 30);
  process.kill(-scene.recorder.pid, "SIGINT");
  await scene.recorder.ended();
  const { frames, end } = place.sidecar("ctrl-c.mkv");
  expect(end).toMatchObject({ end: "asked", frames: frames.length });
  await expectOthersUnharmed(scene);
});

/** The recorder in a mount namespace, on a very small disk; what is left on it is copied out. */
const smallDisk = (size: string, disk: string, rescue: string) => [
  ...["unshare", "-rm", "sh", "-c"],
  `mount -t tmpfs -o size=${size} none "${disk}" || exit 99; "$@"; rc=$?; cp "${disk}"/* "${rescue}"; exit $rc`,
  "sh",
];

const probe = spawnSync("unshare", ["-rm", "mount", "-t", "tmpfs", "none", "/mnt"], { encoding: "utf8" });
const obstacle = probe.status === 0 ? undefined : (probe.error?.message ?? probe.stderr.trim());
if (obstacle !== undefined) console.log(`skipped: no file system can be mounted here: ${obstacle}`);

describe.skipIf(obstacle !== undefined)("a full disk", () => {
  test.each([
    ["mkv", "120k"],
    ["y4m", "1m"],
    ["raw", "1m"],
  ])("ends the recording with its code; what was written is there (.%s, %s)", async (ending, size) => {
    mkdirSync(place.path("disk"));
    const wrapper = smallDisk(size, place.path("disk"), place.folder);
    const scene = startScene(`disk/full.${ending}`, { wrapper });
    expect((await scene.recorder.exit).code).toBe(1);
    expect(scene.recorder.stderr).toContain("ERR_DISK_FULL: no space is left for");
    await expectOthersUnharmed(scene);
    expect(place.sidecar(`full.${ending}`).end).toBeUndefined();
    const replayed = await expectReplayable(`full.${ending}`);
    expect(replayed).toBeGreaterThan(0);
    console.log(`  .${ending}: ${replayed} frames on a disk of ${size}B`);
  });

  test("that only the sidecar meets is told as well", async () => {
    mkdirSync(place.path("disk"));
    // The pixels go elsewhere; nothing but their lines is on the small disk.
    const script = `mount -t tmpfs -o size=8k none "${place.path("disk")}" || exit 99
      ln -s "${place.path("disk")}/lines" "${place.path("links.raw.jsonl")}"; "$@"; rc=$?
      cp "${place.path("disk")}/lines" "${place.path("lines")}"; exit $rc`;
    const wrapper = ["unshare", "-rm", "sh", "-c", script, "sh"];
    const other = place.edgestream(["pull", "cam", "--as", "null"]);
    const recorder = place.edgestream(["record", "cam", place.path("links.raw"), "--quiet", "--force"], { wrapper });
    const pattern = ["source", "test:", "--name", "cam", "--size", "64x32", "--count", "100", "--no-realtime"];
    const source = place.edgestream([...pattern, "--wait-consumers", "2", "--quiet"]);
    expect((await recorder.exit).code).toBe(1);
    expect(recorder.stderr).toMatch(/ERR_DISK_FULL: no space is left for ".*links.raw.jsonl"/);
    await Promise.all([source.ended(), other.ended()]);
    const lines = readFileSync(place.path("lines"), "utf8").split("\n");
    expect(lines.length).toBeGreaterThan(10);
    for (const line of lines.slice(0, -1)) JSON.parse(line);
  });
});

describe("a recorder that is stopped", () => {
  const frame: FrameSpec = { format: "GRAY8", width: 64, height: 32 };

  async function stoppedRecorder(...options: string[]) {
    const stream = await createStream({ name: "slow", runtimeDir: place.runtimeDir, frame });
    const producer = await stream.connectProducer();
    const recorder = place.edgestream(["record", "slow", place.path("slow.mkv"), "--quiet", ...options]);
    await until("the recorder is connected", () => producer.stats().connections[0]?.state === "empty");
    const push = (value: number) => producer.push(new Uint8Array(64 * 32).fill(value));
    await push(1);
    await until("the first frame is recorded", () => place.recorded("slow.mkv") === 1);
    recorder.kill("SIGSTOP");
    return { stream, producer, recorder, push };
  }

  test("holds up the producer for --max-wait, is sent away, and says what helps", async () => {
    const { stream, producer, recorder, push } = await stoppedRecorder("--fifo-length", "2", "--max-wait", "200");
    const gone = new Promise<string>((resolve) => producer.once("disconnected", ({ cause }) => resolve(cause)));
    for (let value = 2; value <= 20; value += 1) await push(value);
    expect(await gone).toBe("evicted-stall");
    recorder.kill("SIGCONT");
    expect((await recorder.exit).code).toBe(1);
    expect(recorder.stderr).toContain(
      'ERR_EVICTED: stream "slow" broke off: evicted-stall; frames were taken too slowly',
    );
    expect(recorder.stderr).toContain("--mode mailbox");
    const { frames, end } = place.sidecar("slow.mkv");
    expect(end).toMatchObject({ end: "evicted-stall", frames: frames.length });
    expect(frames.map(({ number }) => number)).toEqual(frames.map((_, index) => index + 1));
    await stream.close();
  });

  test("in --mode mailbox holds up nobody and records the gap", async () => {
    const { stream, producer, recorder, push } = await stoppedRecorder("--mode", "mailbox");
    for (let value = 2; value <= 20; value += 1) await push(value);
    recorder.kill("SIGCONT");
    await until("the newest is recorded", () => place.recorded("slow.mkv") === 2);
    await producer.closeInput();
    await recorder.ended();
    const rows = place.sidecar("slow.mkv").frames.map(({ number, skipped }) => ({ number, skipped }));
    expect(rows).toEqual([
      { number: 1, skipped: 0 },
      { number: 20, skipped: 18 },
    ]);
    await stream.close();
  });
});

test("a sidecar of nonsense is told with its line, and no stream is left", async () => {
  writeFileSync(place.path("odd.raw"), "");
  for (const text of ["", "nonsense\n", '{"edgestream":"recording"}\n', `${"x".repeat(1 << 20)}`]) {
    writeFileSync(place.path("odd.raw.jsonl"), text);
    const player = place.edgestream(["replay", place.path("odd.raw"), "--name", "odd"]);
    expect((await player.exit).code).toBe(1);
    expect(player.stderr).toMatch(/^edgestream: ERR_BAD_RECORDING: [^\n]*odd\.raw\.jsonl[^\n]*\n$/);
  }
});
