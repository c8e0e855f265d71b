/** The command's options: what they are called, and what they may be. */
import { spawnSync } from "node:child_process";
import os from "node:os";
import { parseArgs } from "node:util";
import { fps } from "./clip.mjs";

const help = `What a pipeline costs: sources that decode clips with ffmpeg, and programs that read their streams.

  edgestream bench pipeline                 4 streams of 1080p30, 4 consumers each, on two processors; three minutes
  edgestream bench pipeline --warm-up 10    a first look in less than a minute
  edgestream bench pipeline --json          the outcome as JSON on stdout

Options:
  --streams <n>      sources, each with an ffmpeg of its own (4)
  --consumers <n>    of each stream; every other one is a fifo, the rest are mailboxes (4)
  --seconds <n>      how long is measured (20)
  --warm-up <n>      seconds before that; Node takes two minutes to compile what runs 30 times a second (120)
  --size <WxH>       of the clips (1920x1080)
  --json

Exit codes: 0 every frame arrived, 1 a frame was lost or something failed, 2 wrong options.
`;

const options = {
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
  streams: { type: "string", default: "4" },
  consumers: { type: "string", default: "4" },
  seconds: { type: "string", default: "20" },
  "warm-up": { type: "string", default: "120" },
  size: { type: "string", default: "1920x1080" },
};

/** What it runs, and the Debian packages of that. */
const needed = { ffmpeg: "ffmpeg", cc: "gcc", taskset: "util-linux" };

const sizeMin = 64;
const sizeMax = 4096;
const floorSecondsMax = 6;

function fail(text, code) {
  process.stderr.write(`bench pipeline: ${text}\n`);
  process.exit(code);
}

const wrong = (text) => fail(`${text}; see --help`, 2);

function readFlags() {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    return wrong(error.message);
  }
}

function wholeNumber(flags, name, min, max) {
  const value = Number(flags[name]);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  return wrong(`--${name} is a whole number from ${min} to ${max}, got "${flags[name]}"`);
}

function readSize({ size }) {
  const [width, height] = /^\d+x\d+$/.test(size) ? size.split("x").map(Number) : [0, 0];
  const fits = (length) => length >= sizeMin && length <= sizeMax && length % 2 === 0;
  if (fits(width) && fits(height)) return { width, height };
  return wrong(`--size is like 1920x1080, even numbers from ${sizeMin} to ${sizeMax}, got "${size}"`);
}

function needPrograms() {
  for (const [program, debianPackage] of Object.entries(needed)) {
    const { error } = spawnSync(program, ["--version"], { stdio: "ignore" });
    if (error !== undefined) fail(`"${program}" does not run; install it with: apt-get install ${debianPackage}`, 1);
  }
}

/** What is to be run; ends the program when it is asked for help, for something wrong, or for what it cannot do. */
export function readSetting() {
  const flags = readFlags();
  if (flags.help) {
    process.stdout.write(help);
    process.exit(0);
  }
  const seconds = wholeNumber(flags, "seconds", 2, 3600);
  const setting = {
    json: flags.json,
    streams: wholeNumber(flags, "streams", 1, 16),
    consumers: wholeNumber(flags, "consumers", 1, 16),
    seconds,
    warmUpSeconds: wholeNumber(flags, "warm-up", 0, 600),
    floorSeconds: Math.min(floorSecondsMax, seconds),
    size: readSize(flags),
    fps,
    cpus: os.cpus().length > 1 ? [0, 1] : [0],
  };
  needPrograms();
  return setting;
}
