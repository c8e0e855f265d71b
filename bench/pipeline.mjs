/**
 * A pipeline as it is used: `edgestream source` decodes clips with ffmpeg at their own speed, programs read the
 * streams. It lists what each part costs, and counts the frames. `--help` says how to run it.
 * It ends with 1 when a frame was lost; what it says about time gates nothing.
 */
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { describeMachine } from "./harness/machine.mjs";
import { account } from "./pipeline/account.mjs";
import { makeClip } from "./pipeline/clip.mjs";
import { compileFloor, meanFloor, measureFloor } from "./pipeline/floor.mjs";
import { readSetting } from "./pipeline/options.mjs";
import { runPipeline } from "./pipeline/run.mjs";
import { formatOutcome } from "./pipeline/table.mjs";

const say = (text) => process.stderr.write(`${text}\n`);

/** Runs the whole thing in `runtimeDir`; resolves to the outcome. */
async function measure(setting, runtimeDir) {
  const { streams, consumers, size, fps } = setting;
  const clip = makeClip(size, say);
  compileFloor();
  const floor = () => {
    say(`reading ${streams} decoders with a C program for ${setting.floorSeconds} s`);
    return measureFloor({ ...setting, clip });
  };
  // Before and after: what others do on the machine changes what a copy costs.
  const floors = [await floor()];
  const run = await runPipeline({ ...setting, clip, env: { EDGESTREAM_RUNTIME_DIR: runtimeDir } }, say);
  floors.push(await floor());
  const machine = {
    ...describeMachine(),
    processorsUsed: setting.cpus,
    run: `${streams} sources of ${size.width}x${size.height} at ${fps} fps, H.264; ${consumers} consumers each`,
  };
  return { machine, ...account(run, meanFloor(floors), setting) };
}

const setting = readSetting();
const runtimeDir = mkdtempSync(join(os.tmpdir(), "edgestream-pipeline-"));
try {
  const outcome = await measure(setting, runtimeDir);
  process.stdout.write(setting.json ? `${JSON.stringify(outcome, null, 2)}\n` : formatOutcome(outcome));
  if (outcome.lost > 0) process.exitCode = 1;
} catch (error) {
  say(`bench pipeline: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(runtimeDir, { recursive: true, force: true });
}
