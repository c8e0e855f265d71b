/**
 * Before a recording: does this ffmpeg, whatever its version and build, give this format back bit by bit? A picture of
 * noise goes through the same arguments as the frames will. A recording that is not exact would be found out when it
 * is needed.
 */
import { randomFillSync } from "node:crypto";
import { buffer } from "node:stream/consumers";
import type { FrameLayout } from "../../base/types.ts";
import { CommandError } from "../failure.ts";
import type { FfmpegDialect } from "../ffmpeg-args.ts";
import { FfmpegRun } from "../ffmpeg-process.ts";
import { decodeArgs, encodeArgs } from "./ffv1.ts";

/** Enough for every conversion's special cases at the edges; the whole picture would take seconds when it is large. */
const rowsMax = 128;

export async function checkLossless(layout: FrameLayout, dialect: FfmpegDialect): Promise<void> {
  // An odd height stays odd.
  const height = layout.height <= rowsMax ? layout.height : rowsMax - (layout.height % 2);
  const picture = randomFillSync(Buffer.alloc(bytesOf(layout, height)));
  const rate = { num: 30, den: 1 };
  const coded = await through(encodeArgs({ layout, height, rate, from: "pipe:0", to: "pipe:1" }, dialect), picture);
  const back = await through(decodeArgs(layout, "pipe:0", "pipe:1", 0, dialect), coded);
  if (back.equals(picture)) return;
  const what = `${layout.format} ${layout.width}x${layout.height}`;
  throw new CommandError("ERR_ENCODER", `this ffmpeg does not give ${what} back bit by bit; record to .raw instead`);
}

function bytesOf(layout: FrameLayout, height: number): number {
  const rows = (plane: { height: number }) => (plane.height === layout.height ? height : Math.ceil(height / 2));
  return layout.planes.reduce((sum, plane) => sum + plane.stride * rows(plane), 0);
}

class FilterRun extends FfmpegRun {
  constructor(args: readonly string[]) {
    super(args, { stdin: "pipe", stdout: "pipe", detached: true, failureCode: "ERR_ENCODER" });
  }

  async feed(input: Uint8Array): Promise<Buffer> {
    const { stdin, stdout } = this.child;
    if (!stdin || !stdout) throw new Error("ffmpeg was started without pipes");
    // A program that ends early says why; that its input breaks is a consequence.
    stdin.on("error", () => undefined);
    stdin.end(input);
    const output = await buffer(stdout);
    const failure = this.failure(await this.exited);
    if (failure) throw failure;
    return output;
  }
}

function through(args: readonly string[], input: Uint8Array): Promise<Buffer> {
  return new FilterRun(args).feed(input);
}
