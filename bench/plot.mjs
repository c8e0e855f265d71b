/**
 * Draws the results of the bench as one SVG.
 *
 *   node bench/local.mjs --json > results.json && node bench/plot.mjs results.json > picture.svg
 */
import { readFileSync } from "node:fs";
import { bars } from "./plot/bars.mjs";
import { consumerPlot } from "./plot/lines.mjs";
import { picture, text } from "./plot/svg.mjs";

const width = 960;
const edge = 28;
const plotHeight = 260;

function lines(series, key, peerKey) {
  return [
    { name: "edgestream", kind: "ours", points: series?.[key]?.points ?? [] },
    { name: "GStreamer", kind: "peer", points: series?.[peerKey]?.points ?? [] },
  ];
}

/** @param results  what `bench/local.mjs --json` printed */
export function drawResults({ machine, results, series }) {
  const inner = width - 2 * edge;
  const title = "Times better than a peer of the same run";
  const parts = [
    text(edge, 38, title, "text title"),
    text(
      edge,
      58,
      "1080p NV12 from process to process; to the right of 1x is better, the tick is the goal",
      "quiet small",
    ),
  ];
  const drawn = bars(results, edge, 76, inner);
  parts.push(...drawn.parts);
  let bottom = 76 + drawn.height;
  if (series !== undefined) {
    const half = (inner - 24) / 2;
    const place = (column, row) => ({
      x: edge + column * (half + 24),
      y: bottom + 16 + row * (plotHeight + 12),
      width: half,
      height: plotHeight,
    });
    const flood = lines(series, "flood", "gstreamerFlood");
    const camera = lines(series, "camera", "gstreamerCamera");
    parts.push(
      ...consumerPlot("Frames/s to each consumer, zero-copy", flood, "framesPerSecond", place(0, 0)),
      ...consumerPlot("Producer CPU per frame, us, zero-copy", flood, "producerCpuUs", place(1, 0)),
      ...consumerPlot("Producer CPU per frame, us, at 60 fps", camera, "producerCpuUs", place(0, 1)),
      ...consumerPlot("Consumer CPU per frame, us, at 60 fps", camera, "consumerCpuUs", place(1, 1)),
    );
    bottom += 16 + 2 * (plotHeight + 12);
  }
  const about = `${machine.cpu}, ${machine.cpus} processors, Node ${machine.node}; medians of ${machine.rounds} rounds`;
  parts.push(text(edge, bottom + 18, about, "quiet small"));
  return picture(width, bottom + 36, title, parts);
}

if (import.meta.filename === process.argv[1]) {
  if (process.argv.length !== 3) {
    process.stderr.write("usage: node bench/plot.mjs results.json > picture.svg\n");
    process.exit(2);
  }
  process.stdout.write(drawResults(JSON.parse(readFileSync(process.argv[2], "utf8"))));
}
