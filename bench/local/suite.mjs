/** `bench local`: from process to process of one host. */
import { contenders, order, passesOf } from "./contenders.mjs";
import { rows } from "./rows.mjs";
import { seriesMeasurements, takeSeries } from "./series.mjs";

/** V8 has finished with the code after some 5000 round trips. */
const forms = {
  full: {
    ...{ warmUpMs: 400, measureMs: 1000, pacedMs: 4000, warmUpTrips: 6000, roundTrips: 12_000 },
    ...{ rounds: 5, repeats: true, retryMs: 12_000, totalMs: 480_000 },
  },
  quick: {
    ...{ warmUpMs: 400, measureMs: 300, pacedMs: 1500, warmUpTrips: 5000, roundTrips: 4000 },
    ...{ rounds: 3, repeats: false, retryMs: 0, totalMs: 55_000 },
  },
};

/** @type {import("../harness/suite.mjs").Suite} */
export const localSuite = {
  ...{ rows, contenders, order, passesOf, forms },
  series: { measurements: seriesMeasurements, take: takeSeries },
};
