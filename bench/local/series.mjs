/** How figures grow with the number of consumers and with the size of the frames: for a plot, not for a verdict. */
import os from "node:os";
import { bytesOf, cameraFps, free, hd, poolSlots, uhd } from "../harness/frames.mjs";
import { memcpyRing } from "./limits.mjs";
import { gstreamerStream } from "./peers/gstreamer.mjs";
import { stream } from "./sdk.mjs";

const consumerCounts = [1, 4, 16, 64];
const sizes = [{ format: "NV12", width: 640, height: 360 }, hd, uhd, { format: "NV12", width: 7680, height: 4320 }];

/** What must be there for the series: their measurements' contenders. */
export const seriesMeasurements = ["bare", "gstBare", "copyLimit"];

/** A point's figures, or why there are none. */
async function point(about, measure) {
  try {
    return { ...about, ...(await measure()) };
  } catch (error) {
    return { ...about, problem: error.message };
  }
}

const perFrame = ({ framesPerSecond, producer, consumer }) => ({
  framesPerSecond,
  producerCpuUs: producer.cpuUsPerFrame,
  consumerCpuUs: consumer.cpuUsPerFrame,
});

async function perCount(measure) {
  const points = [];
  for (const consumers of consumerCounts) points.push(await point({ consumers }, () => measure(consumers)));
  return points;
}

function ourCounts(setting, options) {
  return perCount(async (consumers) => {
    const report = await stream(setting, { ...options, consumers, ...free(setting) });
    const { p50Us, p99Us } = report.consumer.latency;
    return { ...perFrame(report), ...(options.fps > 0 && { p50Us, p99Us }) };
  });
}

function gstreamerCounts(setting, fps) {
  return perCount(async (consumers) => perFrame(await gstreamerStream(setting, { fps, consumers, ...free(setting) })));
}

/** One size: handed over as it is, filled by memcpy, and what memcpy alone does. */
async function sizePoint(setting, frame, hasLimits) {
  const bytes = bytesOf(frame);
  if (bytes * poolSlots * 2 > os.freemem()) throw new Error("not enough memory");
  const bare = await stream(setting, { frame });
  const copy = await stream(setting, { frame, fill: "copy" });
  const limit = hasLimits ? (await memcpyRing(setting, bytes, [setting.producerCpu])).copiesPerSecond : undefined;
  return { bareFps: bare.framesPerSecond, copyFps: copy.framesPerSecond, ...(hasLimits && { memcpyLimit: limit }) };
}

async function sizePoints(setting, hasLimits) {
  const points = [];
  for (const frame of sizes) {
    const about = { size: `${frame.width}x${frame.height}`, megabytes: bytesOf(frame) / 1e6 };
    points.push(await point(about, () => sizePoint(setting, frame, hasLimits)));
  }
  return points;
}

/**
 * @param {Map<string, string>} missing  contender -> why it cannot be measured
 * @param {(text: string) => void} onStart
 */
export async function takeSeries(setting, missing, onStart) {
  const short = { ...setting, measureMs: setting.measureMs * 0.7, pacedMs: setting.pacedMs / 2 };
  const series = {};
  const take = async (key, title, measure) => {
    onStart(`series: ${title}`);
    series[key] = { title, points: await measure() };
  };
  await take("flood", "1080p, zero-copy, by consumers", () => ourCounts(short, {}));
  await take("camera", "1080p, zero-copy at 60 fps, by consumers", () => ourCounts(short, { fps: cameraFps }));
  if (!missing.has("GStreamer")) {
    await take("gstreamerFlood", "GStreamer: 1080p, zero-copy, by consumers", () => gstreamerCounts(short, 0));
    await take("gstreamerCamera", "GStreamer: 1080p at 60 fps, by consumers", () => gstreamerCounts(short, cameraFps));
  }
  const hasLimits = !missing.has("the limits in C");
  await take("sizes", "frames/s by size, 1 consumer", () => sizePoints(short, hasLimits));
  return series;
}
