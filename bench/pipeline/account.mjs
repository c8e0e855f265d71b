/**
 * Who used the processors. Everything is a share of the machine: of all processor time there was, used or not.
 *
 * "edgestream" is all that sources and consumers used, except what a C program needs to read the same pictures from the
 * same decoders (pipe_sink): that part anybody pays who wants ffmpeg's pictures in another process. Node itself, the
 * pacing, the frames' times, the hand-over, wake-ups and the consumers' look at the frames are all edgestream's.
 */

const sumOf = (list, read) => list.reduce((sum, each) => sum + read(each), 0);

/** Seconds per second between the two readings. */
function usage(before, after, seconds) {
  const each = (list, read) =>
    list(after).map((reading, index) => (read(reading) - read(list(before)[index])) / seconds);
  const sum = (list, read) => sumOf(each(list, read), (value) => value);
  const sources = ({ sources }) => sources;
  const seats = (mode) => (reading) => reading.consumers.filter((consumer) => consumer.mode === mode);
  const parts = (list) => ({
    total: sum(list, ({ total }) => total),
    mainThread: sum(list, ({ mainThread }) => mainThread),
  });
  return {
    ffmpeg: sum(sources, ({ children }) => children),
    sources: parts(sources),
    fifo: parts(seats("fifo")),
    mailbox: parts(seats("mailbox")),
    bench: (after.bench - before.bench) / seconds,
    machine: (after.machine - before.machine) / seconds,
  };
}

/** What a stream's consumers got, and what a fifo should have got and did not. */
function judgeStream({ name, fps, posted, seats }) {
  const must = seats.filter(({ mode }) => mode === "fifo");
  const gotAll = must.map((seat) => {
    const due = posted - seat.firstNumber + 1;
    return { seat, lost: due - seat.frames, broken: seat.missing + seat.skipped + seat.discarded };
  });
  return {
    name,
    fps,
    posted,
    fifo: must.map(({ frames, firstNumber, posted, delivered }) => ({ frames, firstNumber, posted, delivered })),
    mailbox: seats.filter(({ mode }) => mode === "mailbox").map(({ frames, skipped }) => ({ frames, skipped })),
    lost: sumOf(gotAll, ({ lost, broken }) => Math.max(lost, broken)),
  };
}

/** A stream that runs slower than its clip says that the machine had no room for the pipeline: distrust the shares. */
const paceWithin = 0.01;

export function account({ before, after, streams }, floor, setting) {
  const judged = streams.map(judgeStream);
  const seconds = (after.atMs - before.atMs) / 1000;
  const processors = setting.cpus.length;
  const used = usage(before, after, seconds);
  const seats = setting.streams * setting.consumers;
  const fifoSeats = setting.streams * Math.ceil(setting.consumers / 2);
  const sourcesOwn = used.sources.total - floor.cpuSecondsPerSecond;
  const edgestream = sourcesOwn + used.fifo.total + used.mailbox.total;
  const pipeline = used.ffmpeg + used.sources.total + used.fifo.total + used.mailbox.total;
  const row = (name, processes, cpuSecondsPerSecond, own) => ({
    name,
    processes,
    cpuSecondsPerSecond,
    shareOfMachine: cpuSecondsPerSecond / processors,
    edgestream: own,
  });
  return {
    components: [
      row("ffmpeg: decode, convert to NV12, write into the pipe", setting.streams, used.ffmpeg, false),
      row("sources: read the pipe (as much as a C program needs)", setting.streams, floor.cpuSecondsPerSecond, false),
      row("sources: the rest, edgestream and Node", setting.streams, sourcesOwn, true),
      row("consumers, fifo: edgestream and Node", fifoSeats, used.fifo.total, true),
      row("consumers, mailbox: edgestream and Node", seats - fifoSeats, used.mailbox.total, true),
      row("this bench", 1, used.bench, false),
      row("others on the machine, and the kernel's own threads", 0, used.machine - pipeline - used.bench, false),
    ],
    streams: judged,
    lost: sumOf(judged, ({ lost }) => lost),
    keptPace: judged.every(({ fps }) => Math.abs(fps / setting.fps - 1) <= paceWithin),
    /** Of the machine: the line that is claimed. */
    edgestreamShare: edgestream / processors,
    /** The same with the reading of the pipes. */
    edgestreamShareWithPipes: (edgestream + floor.cpuSecondsPerSecond) / processors,
    /** Of what the pipeline used, without idle time: a harder measure. */
    edgestreamShareOfPipeline: edgestream / pipeline,
    cpuUsPerFrame: {
      source: perFrame(used.sources.total, streams, setting.streams),
      pipeFloor: floor.cpuUsPerFrame,
      consumer: perFrame(used.fifo.total + used.mailbox.total, streams, seats),
    },
    seconds,
    detail: { ...used, floor },
  };
}

function perFrame(cpuSecondsPerSecond, streams, processes) {
  const fps = sumOf(streams, (stream) => stream.fps) / streams.length;
  return (cpuSecondsPerSecond / processes / fps) * 1e6;
}
