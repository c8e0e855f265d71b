// What the demo claims, checked: each check is a sentence and whether it is true.

/** Every frame the recorder got is ffmpeg's own: as many, in this order, with these times, sizes and hashes. */
export function checkFrames(recorded, expected) {
  const count = expected.frames.length;
  const wrong = expected.frames.findIndex((line, index) => fields(line) !== fields(recorded.frames[index] ?? ""));
  const same = recorded.frames.length === count && recorded.clock === expected.clock && wrong < 0 && count > 0;
  const where = wrong < 0 ? "" : `; the first difference is frame ${wrong + 1}`;
  const what = `recorder: ${recorded.frames.length} frames, ffmpeg by itself: ${count}; order, pts, size and MD5 `;
  return [same, `${what}${same ? "are the same" : `differ${where}`}`];
}

/** Nothing got lost without being counted, as one side of a connection counts it. */
export function checkCounters(who, stats) {
  const { posted, delivered, skipped, discarded, waiting } = stats;
  const holds = posted > 0 && posted === delivered + skipped + discarded + waiting;
  const sum = `${delivered} delivered + ${skipped} skipped + ${discarded} discarded + ${waiting} waiting`;
  return [holds, `${who}: ${posted} posted = ${sum}`];
}

/**
 * Both sides of a connection, and the program itself, counted the same. The producer's last look may be a moment before
 * the consumer took the frames that waited; they are delivered on the other side.
 */
export function checkBothSides(who, atProducer, atConsumer, counted) {
  const same =
    atProducer !== undefined &&
    ["posted", "skipped", "discarded"].every((name) => atProducer[name] === atConsumer[name]) &&
    atProducer.delivered + atProducer.waiting === atConsumer.delivered + atConsumer.waiting;
  const itself = counted.frames === atConsumer.delivered && counted.skipped <= atConsumer.skipped;
  return [same && itself, `${who}: both sides count the same, and the program saw ${counted.frames} frames`];
}

/** Prints all of them; true when all hold. */
export function report(checks) {
  for (const [holds, sentence] of checks) console.log(`  ${holds ? "ok  " : "FAIL"}  ${sentence}`);
  return checks.every(([holds]) => holds);
}

function fields(line) {
  return line.replaceAll(" ", "");
}
