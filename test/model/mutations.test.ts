/** The model can fail: each deliberate mistake breaks the property that it is said to break, and no mistake none. */
import { describe, expect, test } from "vitest";
import { explore } from "./explore.ts";
import { broadcast, fifo, type Mode, type Mutation, mailbox, mutations, type Rules } from "./rules.ts";

interface Expected {
  mode: Mode;
  consumers?: 1 | 2;
  property: string;
}

const expected: Record<Mutation, Expected> = {
  "consumer sleeps without a second look": { mode: mailbox, property: "no wake-up is lost" },
  "consumer takes with a plain store": { mode: mailbox, property: "a frame is counted once" },
  "consumer releases before it takes": { mode: mailbox, property: "a held frame is not written" },
  "consumer ends the exchange with a plain store": {
    mode: broadcast,
    property: "no consumer is taken for one that breaks the protocol",
  },
  "consumer looks for a sleeping producer before it releases": { mode: fifo, property: "no signal is lost" },
  "producer sleeps without a second look": { mode: fifo, property: "no signal is lost" },
  "producer takes back with a plain store": {
    mode: broadcast,
    property: "a frame is counted as what became of it",
  },
  "producer raises head before the word says queued": { mode: fifo, property: "a waiting queue loses no frame" },
  "producer looks for a sleeping consumer before it raises head": { mode: broadcast, property: "no wake-up is lost" },
  "producer takes a yielded slot for a free one": { mode: mailbox, property: "a held frame is not written" },
  "producer frees the slots of a consumer that lives": {
    mode: mailbox,
    consumers: 2,
    property: "a held frame is not written",
  },
};

function rulesOf(mutation: Mutation): Rules {
  const { mode, consumers = 1 } = expected[mutation];
  return { mode, consumers, slots: 3, posts: 4, drains: consumers === 1, deaths: false };
}

describe("a mistake is found", () => {
  test.each(mutations)("%s", (mutation) => {
    const { violation } = explore({ ...rulesOf(mutation), mutation });
    expect(violation?.property).toBe(expected[mutation].property);
    expect(violation?.path.length).toBeGreaterThan(3);
  });

  test.each([mailbox, fifo, broadcast])("without one nothing is, in a $name of the same size", (mode) => {
    const rules: Rules = { mode, consumers: 1, slots: 3, posts: 4, drains: true, deaths: false };
    expect(explore(rules).violation).toBeUndefined();
  });
});

describe("an exploration", () => {
  test("that is cut short proves nothing and says so", () => {
    const rules: Rules = { mode: mailbox, consumers: 1, slots: 3, posts: 2, drains: true, deaths: false };
    expect(() => explore(rules, 1000)).toThrow("more than 1000 states");
  });
});
