// The consumer: connects, draws each frame, and shows how it is doing.
import { connectConsumer, createFrameView } from "edgestream/browser";

const element = (id) => document.getElementById(id);
const show = (id, text) => {
  element(id).textContent = text;
};
const view = createFrameView(element("picture"));
const controls = element("controls");
const { address } = await (await fetch("stream.json")).json();
show("name", new URL(address).pathname.slice(1));

const nsPerMs = 1e6;
const figuresEveryMs = 500;
let consumer;

// ---------------------------------------------------------------- what is shown

function showState() {
  const { state, cause } = consumer;
  show("state", state === "disconnected" ? `${state}: ${cause}` : state);
  element("state").className = `state ${state === "disconnected" ? "over" : "live"}`;
}

/** Frames and latencies since the figures were shown last. */
let drawn = { count: 0, latencyMs: 0, sinceMs: performance.now() };

function count(frame) {
  drawn.count++;
  drawn.latencyMs += performance.now() - Number(frame.timestamps.captured) / nsPerMs;
}

function showFigures() {
  if (consumer === undefined) return;
  const now = performance.now();
  const { skipped, delivered, remote } = consumer.stats();
  const { layout } = consumer;
  const known = drawn.count > 0 && remote.clockError !== undefined;
  show("fps", ((drawn.count * 1000) / (now - drawn.sinceMs)).toFixed(1));
  show("latency", known ? `${(drawn.latencyMs / drawn.count).toFixed(1)} ms` : "–");
  show("skipped", String(skipped));
  show("delivered", String(delivered));
  show("format", layout === undefined ? "–" : `${layout.format} ${layout.width}×${layout.height}`);
  show("round-trip", remote.roundTrip === undefined ? "–" : `${(Number(remote.roundTrip) / nsPerMs).toFixed(1)} ms`);
  drawn = { count: 0, latencyMs: 0, sinceMs: now };
}

function showProblem(error) {
  element("problem").hidden = error === undefined;
  show("problem", error === undefined ? "" : `${error.code ?? error.name}: ${error.message}`);
}

// ---------------------------------------------------------------- what is read

const pauseMs = () => Number(new FormData(controls).get("pause"));
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function read(reader) {
  for await (const frame of reader) {
    view.draw(frame);
    count(frame);
    if (pauseMs() > 0) await pause(pauseMs());
  }
}

async function connect() {
  const old = consumer;
  consumer = undefined;
  await old?.close();
  showProblem(undefined);
  try {
    const mode = new FormData(controls).get("mode");
    const next = await connectConsumer(address, { mode, reconnect: true, client: "viewer" });
    consumer = next;
    showState();
    next.on("statechange", () => {
      if (next === consumer) showState();
    });
    await read(next);
  } catch (error) {
    showProblem(error);
  }
}

for (const radio of controls.elements.mode) radio.addEventListener("change", connect);
setInterval(showFigures, figuresEveryMs);
await connect();
