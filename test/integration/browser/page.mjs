// The page of the browser tests: consumers by name, each with a canvas of its own. What it returns must travel as JSON.
import { connectConsumer, createFrameView } from "/dist/sdk/browser/index.js";

const consumers = new Map();
const views = new Map();

const failure = (error) => ({ error: { code: error.code, reason: error.reason, message: error.message } });
const attempt = async (work) => {
  try {
    return await work();
  } catch (error) {
    return failure(error);
  }
};
const plain = (value) => JSON.parse(JSON.stringify(value, (_key, one) => (typeof one === "bigint" ? `${one}` : one)));

function viewOf(name) {
  if (!views.has(name)) {
    const canvas = document.createElement("canvas");
    document.body.append(canvas);
    views.set(name, createFrameView(canvas));
  }
  return views.get(name);
}

const glOf = (name) => viewOf(name).canvas.getContext("webgl2");

/** RGBA rows from the top as base64. Only right after a draw: the browser takes the picture away at the next turn. */
function pixelsOf(name) {
  const gl = glOf(name);
  const { width, height } = gl.canvas;
  const rows = new Uint8Array(width * height * 4);
  gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, rows);
  const turned = Array.from({ length: height }, (_, row) =>
    rows.subarray((height - 1 - row) * width * 4).subarray(0, width * 4),
  );
  let binary = "";
  for (const row of turned) for (const byte of row) binary += String.fromCharCode(byte);
  return { width, height, pixels: btoa(binary), glError: gl.getError() };
}

window.edge = {
  open: (name, address, options = {}) =>
    attempt(async () => {
      const consumer = await connectConsumer(address, options);
      consumer.told = [];
      consumer.on("statechange", ({ newState, cause }) => consumer.told.push(`${newState} ${cause}`));
      consumer.on("formatchange", ({ layout }) => consumer.told.push(`format ${layout.width}x${layout.height}`));
      consumer.on("reconnected", ({ connection }) => consumer.told.push(`reconnected ${connection}`));
      consumers.set(name, consumer);
      return { state: consumer.state };
    }),

  /** The next frame on the canvas, and what the canvas shows. */
  draw: (name) =>
    attempt(async () => {
      const frame = await consumers.get(name).acquire({ timeoutMs: 5000 });
      const drawn = viewOf(name).draw(frame);
      const picture = pixelsOf(name);
      frame.release();
      return plain({ drawn, number: frame.number, skipped: frame.skipped, isNew: frame.isNew, ...picture });
    }),

  /** So many frames, with a pause after each; the first byte of each, and what it says of itself. */
  read: (name, count, pauseMs = 0) =>
    attempt(async () => {
      const frames = [];
      for await (const frame of consumers.get(name)) {
        frames.push({ number: Number(frame.number), skipped: Number(frame.skipped), first: frame.data[0] });
        if (frames.length === count) break;
        if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
      return { frames };
    }),

  look: (name) => {
    const consumer = consumers.get(name);
    return plain({ state: consumer.state, cause: consumer.cause, told: consumer.told, stats: consumer.stats() });
  },

  close: (name) => consumers.get(name).close(),

  loseContext: (name) =>
    new Promise((resolve) => {
      const { canvas } = viewOf(name);
      canvas.addEventListener("webglcontextlost", () => resolve(viewOf(name).lost), { once: true });
      canvas.lossExtension = glOf(name).getExtension("WEBGL_lose_context");
      canvas.lossExtension.loseContext();
    }),

  restoreContext: (name) =>
    new Promise((resolve) => {
      const { canvas } = viewOf(name);
      canvas.addEventListener("webglcontextrestored", () => resolve(viewOf(name).lost), { once: true });
      canvas.lossExtension.restoreContext();
    }),
};
