/** The outcome for a person. */

const percent = (share, digits = 2) => `${(share * 100).toFixed(digits)} %`;

function components(rows) {
  const width = Math.max(...rows.map(({ name }) => name.length));
  const lines = rows.map(({ name, processes, cpuSecondsPerSecond, shareOfMachine, edgestream }) =>
    [
      edgestream ? "*" : " ",
      name.padEnd(width),
      String(processes === 0 ? "" : processes).padStart(9),
      cpuSecondsPerSecond.toFixed(3).padStart(9),
      percent(shareOfMachine).padStart(11),
    ].join("  "),
  );
  const heading = ["component".padEnd(width), "processes", "CPU s / s", "of machine"].join("  ");
  return [`   ${heading}`, ...lines];
}

function stream({ name, fps, posted, fifo, mailbox, lost }) {
  const got = fifo.map(({ frames, firstNumber }) => `${frames} from number ${firstNumber}`).join(", ");
  const seen = mailbox.map(({ frames, skipped }) => `${frames} (${skipped} skipped)`).join(", ");
  return `${name}: ${fps.toFixed(2)} fps, ${posted} posted; fifo got ${got}; mailbox got ${seen}; lost ${lost}`;
}

export function formatOutcome(outcome) {
  const { machine, components: rows, streams, cpuUsPerFrame, detail } = outcome;
  const processors = machine.processorsUsed.join(" and ");
  return [
    `${machine.cpu}, kernel ${machine.kernel}, Node ${machine.node}; processors used: ${processors}`,
    `${machine.run}; ${outcome.seconds.toFixed(1)} s measured`,
    "",
    ...components(rows),
    "",
    `* edgestream itself: ${percent(outcome.edgestreamShare)} of the machine` +
      ` (${percent(outcome.edgestreamShareOfPipeline)} of what the pipeline used;` +
      ` ${percent(outcome.edgestreamShareWithPipes)} of the machine with the reading of the pipes)`,
    `  a source ${Math.round(cpuUsPerFrame.source)} us per frame, of which reading the pipe in C` +
      ` ${Math.round(cpuUsPerFrame.pipeFloor)} us; a consumer ${Math.round(cpuUsPerFrame.consumer)} us per frame`,
    `  threads beside JavaScript's: sources ${percent(detail.sources.total - detail.sources.mainThread)}` +
      ` of a processor, consumers` +
      ` ${percent(detail.fifo.total + detail.mailbox.total - detail.fifo.mainThread - detail.mailbox.mainThread)}`,
    "",
    ...streams.map(stream),
    `lost = ${outcome.lost}`,
    ...(outcome.keptPace
      ? []
      : ["The streams did not run at their clip's rate: the machine was too busy, distrust the shares."]),
    "",
  ].join("\n");
}
