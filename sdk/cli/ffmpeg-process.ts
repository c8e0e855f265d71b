/** One run of ffmpeg: started, watched, and never left behind. */
import { type ChildProcess, execFile, type StdioOptions, spawn } from "node:child_process";
import { CommandError, codeOf } from "./failure.ts";
import { type FfmpegDialect, parseFfmpegVersion } from "./ffmpeg-args.ts";

/** What is needed from the addon: close-on-exec pipes with a large buffer, which Node itself cannot make. */
export interface PipeMaker {
  /** [read end, write end] */
  createPipe(bytes: number): [number, number];
  closeFd(fd: number): void;
}

/** The largest buffer an ordinary user gets: fewer, larger reads. */
const picturesPipeBytes = 1 << 20;
const timesPipeBytes = 1 << 16;
const messageLinesMax = 8;
/** ffmpeg ends on SIGTERM after its current write; one that does not is killed. */
const killAfterMs = 2000;

export interface FfmpegExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export function ffmpegProgram(): string {
  return process.env.EDGESTREAM_FFMPEG ?? "ffmpeg";
}

/** Finds ffmpeg and how this release wants to be spoken to. */
export function findFfmpeg(): Promise<FfmpegDialect> {
  return new Promise((resolve, reject) => {
    execFile(ffmpegProgram(), ["-version"], { timeout: 10_000 }, (error, stdout) => {
      if (error) reject(ffmpegStartFailure(error));
      else resolve(parseFfmpegVersion(stdout));
    });
  });
}

function ffmpegStartFailure(error: Error): CommandError {
  const message =
    codeOf(error) === "ENOENT"
      ? `the program "${ffmpegProgram()}" is not installed; install it with: apt-get install ffmpeg`
      : `the program "${ffmpegProgram()}" does not run: ${error.message.trim()}`;
  return new CommandError("ERR_NO_FFMPEG", message, { cause: error });
}

export interface FfmpegRunOptions {
  /** What ffmpeg gets as descriptor 0, 1, 3, 4 and so on; 2 is read here. */
  stdin?: "ignore" | "pipe";
  stdout?: "ignore" | "pipe";
  more?: readonly (number | "pipe")[];
  /** In a process group of its own: Ctrl-C in a terminal is then ours alone to answer. */
  detached?: boolean;
  /** Code of the error when ffmpeg fails. */
  failureCode: string;
}

export class FfmpegRun {
  /** Settles when the process is gone; never rejects. */
  readonly exited: Promise<FfmpegExit>;
  protected readonly child: ChildProcess;
  readonly #failureCode: string;
  readonly #messages: string[] = [];
  #startError: Error | undefined;
  #killTimer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(args: readonly string[], options: FfmpegRunOptions) {
    const { stdin = "ignore", stdout = "ignore", more = [], detached = false } = options;
    this.#failureCode = options.failureCode;
    const stdio: StdioOptions = [stdin, stdout, "pipe", ...more];
    this.child = spawn(ffmpegProgram(), args, { stdio, detached });
    this.exited = this.#watch();
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** What ffmpeg said, as one sentence; "" when it said nothing. */
  get message(): string {
    return this.#messages.join("; ");
  }

  /** Why this run is a failure; undefined when it ended well or was stopped by us. */
  failure(exit: FfmpegExit): CommandError | undefined {
    if (this.#startError) return ffmpegStartFailure(this.#startError);
    if (this.#stopped || exit.code === 0) return undefined;
    const how = exit.signal === null ? `exit code ${exit.code}` : `signal ${exit.signal}`;
    return new CommandError(this.#failureCode, `ffmpeg failed (${how}): ${this.message || "it gave no reason"}`);
  }

  /** Ends the process; resolves when it is gone. */
  async stop(): Promise<FfmpegExit> {
    this.#stopped = true;
    if (this.child.exitCode === null && this.child.signalCode === null && !this.#startError) {
      this.child.kill("SIGTERM");
      this.#killTimer ??= setTimeout(() => this.child.kill("SIGKILL"), killAfterMs);
    }
    return this.exited;
  }

  #watch(): Promise<FfmpegExit> {
    let rest = "";
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = (lines.pop() ?? "").slice(0, 1000);
      for (const line of lines) this.#remember(line);
    });
    return new Promise((resolve) => {
      this.child.on("error", (error) => {
        this.#startError = error;
        resolve({ code: null, signal: null });
      });
      // "close" comes after "exit" and after the last byte of stderr.
      this.child.on("close", (code, signal) => {
        clearTimeout(this.#killTimer);
        this.#remember(rest);
        resolve({ code, signal });
      });
    });
  }

  #remember(line: string): void {
    const text = line.trim();
    if (text === "") return;
    this.#messages.push(text.slice(0, 300));
    if (this.#messages.length > messageLinesMax) this.#messages.shift();
  }
}

/** A decoder's run, with two pipes of our own. */
export class FfmpegProcess extends FfmpegRun {
  /** Read ends; whoever reads them closes them. */
  readonly picturesFd: number;
  readonly timesFd: number;

  constructor(pipes: PipeMaker, args: readonly string[]) {
    const [picturesRead, picturesWrite] = pipes.createPipe(picturesPipeBytes);
    const [timesRead, timesWrite] = pipes.createPipe(timesPipeBytes);
    // Only the write ends are inherited. When this process dies its read ends go, and ffmpeg's next write fails.
    super(args, { more: [picturesWrite, timesWrite], failureCode: "ERR_DECODER" });
    // With our copies of the write ends closed, the end of ffmpeg is the end of the pipes.
    pipes.closeFd(picturesWrite);
    pipes.closeFd(timesWrite);
    this.picturesFd = picturesRead;
    this.timesFd = timesRead;
  }
}
