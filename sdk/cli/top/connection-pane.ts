/** All there is to know of the selected connection, under the table of its stream. */
import type { NativePolicy } from "../../../native/binding.ts";
import type { LatencyLedger } from "../../base/stats-types.ts";
import { shortTime } from "./figures.ts";
import type { Glyphs } from "./glyphs.ts";
import { type Line, line } from "./line.ts";
import type { ConnectionRow } from "./model.ts";
import { printable } from "./text.ts";

export function connectionPane(row: ConnectionRow, columns: number, glyphs: Glyphs): Line[] {
  const { info } = row;
  const facts: [string, string][] = [
    ["client", `${printable(info.client || "-", glyphs.unicode)}, pid ${info.pid}, user ${info.uid}`],
    ["connection", `${info.id}, ${row.state}, for ${age(info.since)}`],
    ["mode", describePolicy(info.policy, glyphs)],
    [
      "frames",
      `${info.posted} posted = ${info.delivered} delivered + ${info.skipped} skipped + ${info.discarded} discarded` +
        ` + ${info.waiting} waiting`,
    ],
  ];
  const width = Math.max(...facts.map(([title]) => title.length)) + 2;
  return [
    line({ text: glyphs.rule.repeat(columns), style: "dim" }),
    ...facts.map(([title, text]) => line({ text: title.padEnd(width), style: "dim" }, text)),
    ...ledgerLines(row.latency, glyphs),
  ];
}

/** In the order of a frame's way; the last is the whole of the two before `hold`. */
const steps: readonly (readonly [keyof LatencyLedger, string])[] = [
  ["post", "captured to posted"],
  ["wake", "posted to woken"],
  ["acquire", "woken to acquired"],
  ["hold", "acquired to released"],
  ["deliver", "posted to acquired"],
];

function ledgerLines(ledger: LatencyLedger | undefined, { micro }: Glyphs): Line[] {
  const row = (name: string, way: string, figures: readonly string[]) =>
    `${name.padEnd(12)}${way.padEnd(22)}${figures.map((figure) => figure.padStart(9)).join("")}`;
  return [
    line({ text: row("LATENCY", "", ["P50", "P90", "P99", "LONGEST"]), style: "heading" }),
    ...steps.map(([step, way]) => {
      const { p50Us, p90Us, p99Us, maxUs } = ledger?.[step] ?? {};
      return line(
        row(
          step,
          way,
          [p50Us, p90Us, p99Us, maxUs].map((each) => shortTime(each, micro)),
        ),
      );
    }),
  ];
}

function describePolicy(policy: NativePolicy, { unicode }: Glyphs): string {
  const { capacity, maxHeld, maxLag, maxLagTotal } = policy;
  const places = `${capacity} ${capacity === 1 ? "place" : "places"}`;
  const lags = [...(maxLag > 0 ? [`${maxLag} skipped`] : []), ...(maxLagTotal > 0 ? [`${maxLagTotal} in all`] : [])];
  const lag = lags.length > 0 ? `; evicted beyond ${lags.join(" or ")}` : "";
  return `${printable(policy.label || "-", unicode)}, ${places}, holds ${maxHeld}; full: ${whenFull(policy)}${lag}`;
}

function whenFull({ whenFull, maxWaitMs, onStall }: NativePolicy): string {
  if (whenFull === 1) return "the oldest is overwritten";
  if (whenFull === 2) return "the new one is dropped";
  if (maxWaitMs < 0) return "producer waits";
  return `producer waits ${maxWaitMs} ms, then ${onStall === 0 ? "evicts" : "overwrites"}`;
}

/** `since` is a time of the monotonic clock, which all processes of a host share. */
function age(since: bigint): string {
  const seconds = Math.max(0, Math.floor(Number(process.hrtime.bigint() - since) / 1e9));
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}
