/** Frames from a sender to a receiver that meet at a port of this host. */
import { once } from "node:events";
import { createServer } from "node:net";
import { bytesOf, cameraFps, free, hd } from "../harness/frames.mjs";
import { runTogether } from "../harness/processes.mjs";

/** One that nobody listens at now. */
async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** @typedef {object} Task  What both ends are told.
 * @property {number} port
 * @property {number} frameBytes
 * @property {number} fps  0: as fast as it goes
 * @property {number} warmUpMs
 * @property {number} measureMs
 */

/**
 * Pinned, one end to each processor; at a camera's pace they are not, because nobody pins a camera's programs.
 * @param {import("../harness/frames.mjs").Setting} setting
 * @param {boolean} paced
 * @param {(task: Task) => { sender: string[], receiver: string[], env?: Record<string, string> }} commandsOf
 * @returns what both report; the rate is the receiver's
 */
export async function transfer(setting, paced, commandsOf) {
  const { producerCpu, consumerCpu, measureMs, pacedMs } = setting;
  const { producerCpus = producerCpu, consumerCpus = consumerCpu } = paced ? free(setting) : {};
  const { sender, receiver, env } = commandsOf({
    port: await freePort(),
    frameBytes: bytesOf(hd),
    fps: paced ? cameraFps : 0,
    warmUpMs: setting.warmUpMs,
    measureMs: paced ? pacedMs : measureMs,
  });
  const [producer, consumer] = await runTogether([
    { command: sender, env, cpus: producerCpus },
    { command: receiver, env, cpus: consumerCpus },
  ]);
  const cpuUsPerFrame = producer.cpuUsPerFrame + consumer.cpuUsPerFrame;
  return { producer, consumer, framesPerSecond: consumer.framesPerSecond, cpuUsPerFrame };
}
