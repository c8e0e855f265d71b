// One video, decoded once, in four processes: a producer, a slow detector, a recorder and a viewer. No picture is
// copied between them. At the end everything that was shown is proven. Run it with: npm run demo [-- your-video.mp4]
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { decodeByFfmpeg, findClip, framesMax, framesOf } from "./clip.mjs";
import { root, startCommand, startConsumer } from "./processes.mjs";
import { checkBothSides, checkCounters, checkFrames, report } from "./proof.mjs";
import { Table } from "./table.mjs";

const name = `demo-${process.pid}`;
const folder = mkdtempSync(join(tmpdir(), "edgestream-demo-"));
try {
  process.exitCode = (await main(process.argv[2])) ? 0 : 1;
} catch (error) {
  console.error(`The demo failed: ${error.message}`);
  // Whoever still runs is ended with this process.
  process.exit(1);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function main(given) {
  const clip = await findClip(root, given);
  const expected = await decodeByFfmpeg(clip);
  console.log(
    `\n${relative(process.cwd(), clip)}: ${expected.frames.length} frames, decoded once, for three processes:\n`,
  );
  const run = await stream(clip);
  const checks = [
    checkFrames(run.recorded, expected),
    ...run.consumers.flatMap(({ who, counted }) => {
      const atProducer = run.connections.find((each) => each.client === who);
      return [
        checkCounters(`${who}, as it counts`, counted.stats),
        checkCounters(`${who}, as the producer counts`, atProducer ?? {}),
        checkBothSides(who, atProducer, counted.stats, counted),
      ];
    }),
    ...run.midway.map((each) => checkCounters(`${each.client}, as an observer saw it midway`, each)),
  ];
  console.log("\nWhat this proves:\n");
  const proven = report(checks);
  console.log(proven ? next(clip) : "\nNot proven. This is a bug: please report it with the lines above.");
  return proven;
}

/** Streams the clip to the three others; resolves when all of them have ended by themselves. */
async function stream(clip) {
  const table = new Table();
  let connections = [];
  let observed;
  let announce;
  const started = new Promise((resolve) => {
    announce = resolve;
  });
  const source = startCommand(
    ["source", clip, "--name", name, "--realtime", "--wait-consumers", "3", "--count", String(framesMax), "--json"],
    (line) => {
      const event = JSON.parse(line);
      if (event.event === "started") return announce();
      connections = event.connections;
      if (event.event === "progress" && event.frames > 0) table.show(event);
      if (event.frames > framesMax / 3) observed ??= observe();
    },
  );
  await Promise.race([started, source.ended]);
  const file = join(folder, "recorder.framemd5");
  const recorder = startCommand(["pull", name, "--as", "framemd5", "--out", file, "--json"]);
  const detector = startConsumer("detector.mjs", name);
  const viewer = startConsumer("viewer.mjs", name);
  // One that fails early ends the demo; the source would wait for it.
  await Promise.all([source, recorder, detector, viewer].map((task) => task.ended));
  return {
    connections,
    midway: (await observed) ?? [],
    recorded: framesOf(readFileSync(file, "utf8")),
    consumers: [
      { who: "edgestream pull", counted: JSON.parse(await recorder.ended) },
      { who: "detector", counted: await detector.message },
      { who: "viewer", counted: await viewer.message },
    ],
  };
}

/** A third party's look at the counters, while frames flow. */
async function observe() {
  let text = "";
  const list = startCommand(["list", "--json", "--no-fps"], (line) => {
    text += line;
  });
  await list.ended;
  return JSON.parse(text).find((each) => each.name === name)?.connections ?? [];
}

function next(clip) {
  const program = relative(process.cwd(), join(root, "dist", "sdk", "cli", "main.js"));
  return `
Every line holds. What to try next:

  node ${program} source ${relative(process.cwd(), clip)} --name cam1 --loop &
  node ${program} pull cam1 --as y4m --out - | ffplay -
  node ${program} list
`;
}
