/**
 * The rows of the table: what of a round is looked at, what it is compared with, and what is asked for.
 * Numbers D1..D13 and limits are those of docs/performance.md. A limit holds for the value itself or for its ratio to
 * the reference of the same round. One that is only a text needs a peer that is not measured yet.
 */

const atLeast = (of, limit) => ({ of, limit, holds: (x) => x >= limit, text: `${of} >= ${limit}` });
const atMost = (of, limit) => ({ of, limit, holds: (x) => x <= limit, text: `${of} <= ${limit}` });

export const rows = [
  {
    id: "D1",
    what: "zero-copy 1080p NV12, 1 consumer, cores 0/1",
    unit: "frames/s",
    value: (round) => round.bare.framesPerSecond,
    requirement: atLeast("value", 50_000),
    goal: { text: "ratio >= 4 to GStreamer" },
    sentence:
      "Frames per second through acquire and post on one side and `for await` on the other; nobody touches pixels.",
  },
  {
    id: "D1 touched",
    what: "the same, consumer reads one byte of each frame",
    unit: "frames/s",
    value: (round) => round.bareTouched.framesPerSecond,
    reference: (round) => round.bare.framesPerSecond,
    sentence: "Touching a frame makes its view and detaches it at the release; the ratio to D1 is what that costs.",
  },
  {
    id: "D1 N=4",
    what: "zero-copy 1080p, 4 consumers each, not pinned",
    unit: "frames/s",
    value: (round) => round.bareToFourFree.framesPerSecond,
    reference: (round) => round.bareFree.framesPerSecond,
    sentence: "The slowest of four consumers against one consumer; five processes share the processors there are.",
  },
  {
    id: "D2",
    what: "zero-copy 4K against 1080p",
    unit: "frames/s",
    value: (round) => round.bareUhd.framesPerSecond,
    reference: (round) => round.bare.framesPerSecond,
    requirement: atLeast("ratio", 0.8),
    goal: atLeast("ratio", 0.95),
    sentence: "Four times the bytes must not cost frames: nothing is copied.",
  },
  {
    id: "D3",
    what: "1080p filled by memcpy, 1 consumer, cores 0/1",
    unit: "frames/s",
    value: (round) => round.copy.framesPerSecond,
    reference: (round) => round.copyLimit.copiesPerSecond,
    requirement: atLeast("ratio", 0.75),
    goal: atLeast("ratio", 0.85),
    sentence: "Against a C program that only copies the same picture into a ring of as many slots.",
  },
  {
    id: "D3 wake",
    what: "the same against copying and waking",
    unit: "frames/s",
    value: (round) => round.copy.framesPerSecond,
    reference: (round) => round.copyWakeLimit.copiesPerSecond,
    sentence: "Against the C program when it also wakes a process on the other core after each copy.",
  },
  {
    id: "D5",
    what: "1080p filled by memcpy, 4 consumers each, cores 0/1",
    unit: "frames/s",
    value: (round) => round.copyToFour.framesPerSecond,
    reference: (round) => round.copy.framesPerSecond,
    requirement: atLeast("ratio", 0.85),
    goal: atLeast("ratio", 0.95),
    sentence: "Four consumers share one core; the producer has the other.",
  },
  {
    id: "D6",
    what: "wake-up one way, p50, same core",
    unit: "us",
    value: (round) => round.wakeSame.fromCall.p50Us,
    reference: (round) => round.wakeLimitSame.p50Us,
    requirement: atMost("ratio", 4),
    goal: atMost("ratio", 2.5),
    sentence: "From before tryPost() is called to the consumer's loop body, against a C epoll + eventfd ping-pong.",
  },
  {
    id: "D6 stamp",
    what: "the same from the core's stamp",
    unit: "us",
    value: (round) => round.wakeSame.fromStamp.p50Us,
    reference: (round) => round.wakeLimitSame.p50Us,
    sentence: "From timestamps.posted: the wake-up without the first half of the post.",
  },
  {
    id: "D7 p50",
    what: "wake-up one way, p50, cores 0/1",
    unit: "us",
    value: (round) => round.wakeTwo.fromCall.p50Us,
    reference: (round) => round.wakeLimitTwo.p50Us,
    requirement: atMost("ratio", 1.25),
    goal: atMost("ratio", 1.1),
    sentence: "Waking another processor dwarfs what the software does.",
  },
  {
    id: "D7 p99",
    what: "wake-up one way, p99, cores 0/1",
    unit: "us",
    value: (round) => round.wakeTwo.fromCall.p99Us,
    reference: (round) => round.wakeLimitTwo.p99Us,
    requirement: atMost("ratio", 2),
    sentence: "The slow end of the same hits; on a shared machine this is mostly the neighbours.",
  },
  {
    id: "D11 p50",
    what: "60 fps 1080p, post to consumer, p50, cores 0/1",
    unit: "us",
    value: (round) => round.paced.consumer.latency.p50Us,
    reference: (round) => round.pacedLimit.p50Us,
    requirement: { text: "ratio <= 0.6 to GStreamer" },
    goal: { text: "ratio <= 0.3 to GStreamer" },
    sentence:
      "From timestamps.posted to the loop body at a camera's pace, against C wake-ups of a core asleep as long.",
  },
  {
    id: "D11 p99",
    what: "60 fps 1080p, post to consumer, p99, cores 0/1",
    unit: "us",
    value: (round) => round.paced.consumer.latency.p99Us,
    reference: (round) => round.pacedLimit.p99Us,
    requirement: atMost("value", 600),
    sentence: "The slow end of the same frames, a few hundred of them in a round.",
  },
  {
    id: "D12",
    what: "producer processor time per frame, 1 consumer",
    unit: "us",
    value: (round) => round.bare.producer.cpuUsPerFrame,
    requirement: atMost("value", 12),
    goal: atMost("value", 6),
    sentence: "All threads of the producer process while D1 ran.",
  },
  {
    id: "D12 N=4",
    what: "producer processor time per frame, 4 consumers",
    unit: "us",
    value: (round) => round.bareToFourFree.producer.cpuUsPerFrame,
    requirement: atMost("value", 18),
    goal: atMost("value", 9),
    sentence: "The same for four consumers, not pinned.",
  },
  {
    id: "D13",
    what: "consumer processor time per frame, flood",
    unit: "us",
    value: (round) => round.bare.consumer.cpuUsPerFrame,
    requirement: { text: "ratio <= 1 to GStreamer" },
    goal: { text: "ratio <= 0.5 to GStreamer" },
    sentence: "All threads of the consumer process while D1 ran.",
  },
];

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** "no-reference": the limit is a ratio to a peer that is not measured yet, or there is none. */
function verdict(row, result) {
  const meets = (limit) => limit?.holds?.(result[limit.of]) ?? false;
  if (row.requirement?.holds === undefined) return "no-reference";
  if (!meets(row.requirement)) return "no";
  return meets(row.goal) ? "goal" : "requirement";
}

/** One result per row: the median over the rounds; the ratio is the median of the rounds' own ratios. */
export function judge(rounds) {
  return rows.map((row) => {
    const values = rounds.map((round) => row.value(round));
    const references = row.reference && rounds.map((round) => row.reference(round));
    const result = {
      id: row.id,
      what: row.what,
      value: median(values),
      unit: row.unit,
      reference: references ? median(references) : null,
      ratio: references ? median(values.map((value, index) => value / references[index])) : null,
      requirement: row.requirement?.text ?? null,
      goal: row.goal?.text ?? null,
      rounds: values.map((value, index) => ({ value, reference: references?.[index] ?? null })),
    };
    return { ...result, meets: verdict(row, result), sentence: row.sentence };
  });
}
