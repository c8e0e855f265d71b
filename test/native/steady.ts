/** The native producer that tests disturb, with a witness beside it; see programs/steady_producer.cpp. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { program } from "./trees.ts";

export interface Status {
  frames: number;
  connections: number;
  slots: number;
  slotsFree: number;
  refused: number;
  evicted: number;
  lost: number;
  stalled: number;
  heldUp: number;
  processorMs: number;
}

/** A producer at an even pace, and a witness process that checks every frame of it. */
export class SteadyProducer {
  readonly folder = mkdtempSync(path.join(tmpdir(), "es-native-"));
  // It trusts nobody, so that the bad peers below meet what strangers meet.
  readonly env = { ...process.env, EDGESTREAM_RUNTIME_DIR: this.folder, ES_TEST_DISTRUST: "1" };
  private readonly child: ChildProcess;
  private readonly lines: string[] = [];
  private arrived: () => void = () => {};

  constructor(framesPerSecond = 200, ...options: ("unprotected" | "changing")[]) {
    this.child = spawn(program("plain", "steady_producer"), ["cam", String(framesPerSecond), ...options], {
      env: this.env,
      stdio: ["pipe", "pipe", "inherit"],
    });
    let rest = "";
    this.child.stdout?.on("data", (text) => {
      const parts = (rest + text).split("\n");
      rest = parts.pop() ?? "";
      this.lines.push(...parts);
      this.arrived();
    });
  }

  async line(): Promise<string> {
    for (;;) {
      const line = this.lines.shift();
      if (line !== undefined) return line;
      await new Promise<void>((resolve) => {
        this.arrived = resolve;
      });
    }
  }

  async status(): Promise<Status> {
    this.child.stdin?.write("\n");
    return JSON.parse(await this.line());
  }

  /** Once nobody but the witness is connected and only the witness holds frames. */
  async calm(): Promise<Status> {
    for (;;) {
      const status = await this.status();
      if (status.connections === 1 && status.slotsFree >= status.slots - 2) return status;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  descriptors(): number {
    return readdirSync(`/proc/${this.child.pid}/fd`).length;
  }

  /** Pages of connections that it has mapped. */
  seatPages(): number {
    return readFileSync(`/proc/${this.child.pid}/maps`, "utf8").split("edgestream-seat").length - 1;
  }

  /** Once it has posted so many more. */
  async moreFrames(count: number): Promise<void> {
    const { frames } = await this.status();
    while ((await this.status()).frames < frames + count) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  /** Ends the stream; what the witness said, and the exit code of both together. */
  async end(): Promise<{ code: number | null; witness: { witness: string; frames: number } }> {
    const exited = new Promise<number | null>((resolve) => this.child.on("close", resolve));
    this.child.stdin?.end();
    const code = await exited;
    const said = this.lines.map((line) => JSON.parse(line));
    return { code, witness: said.find((line) => "witness" in line) };
  }

  kill(): void {
    this.child.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }
}
