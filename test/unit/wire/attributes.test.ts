/** EGL's negotiation: nobody cares, one cares, both agree, both insist on something else. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { mergeAttributes } from "../../../transports/wire/index.ts";

test("what one end sets is copied, what both set must be equal", () => {
  expect(mergeAttributes({}, {})).toEqual({ merged: {}, clashes: [] });
  expect(mergeAttributes({}, { fifoLength: 4 })).toEqual({ merged: { fifoLength: 4 }, clashes: [] });
  expect(mergeAttributes({ mode: "fifo" }, {})).toEqual({ merged: { mode: "fifo" }, clashes: [] });
  const both = { mode: "fifo", supportReset: false } as const;
  expect(mergeAttributes(both, both)).toEqual({ merged: both, clashes: [] });
});

test("every clash is named, not the first only; false and 0 are set", () => {
  const one = { width: 640, supportReset: false, fifoLength: 0, format: "NV12" } as const;
  const other = { width: 641, supportReset: true, fifoLength: 1, format: "NV12" } as const;
  expect(mergeAttributes(one, other).clashes).toEqual(["width", "supportReset", "fifoLength"]);
});

test("both ends come to the same", () => {
  const some = fc.record({ width: fc.nat(2), supportReuse: fc.boolean() }, { requiredKeys: [] });
  fc.assert(
    fc.property(some, some, (one, other) => {
      const here = mergeAttributes(one, other);
      const there = mergeAttributes(other, one);
      expect(there.clashes).toEqual(here.clashes);
      if (here.clashes.length === 0) expect(there.merged).toEqual(here.merged);
    }),
  );
});
