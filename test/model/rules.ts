/** What one exploration is about: a mode, sizes, who may die, and at most one deliberate mistake. */

/** The modes as the core knows them: what a full queue means, and which frame comes next. */
export interface Mode {
  name: string;
  whenFull: "wait" | "overwrite";
  pick: "next" | "newest";
  /** Frames that may wait at one seat. */
  capacity: number;
}

export const mailbox: Mode = { name: "mailbox", whenFull: "overwrite", pick: "newest", capacity: 1 };
/** No mode, but a policy that the core obeys: the consumer passes an older frame over by itself. */
export const newestOfTwo: Mode = { ...mailbox, name: "newest", capacity: 2 };
export const fifo: Mode = { name: "fifo", whenFull: "wait", pick: "next", capacity: 2 };
export const broadcast: Mode = { name: "broadcast", whenFull: "overwrite", pick: "next", capacity: 2 };

/** The same with the smallest queue, where every second frame meets a full one. */
export const tight = (mode: Mode): Mode => ({ ...mode, capacity: 1 });

/** One thing done wrong. Each must break a property, or the properties prove nothing. */
export const mutations = [
  "consumer sleeps without a second look",
  "consumer takes with a plain store",
  "consumer releases before it takes",
  "consumer ends the exchange with a plain store",
  "consumer looks for a sleeping producer before it releases",
  "producer sleeps without a second look",
  "producer takes back with a plain store",
  "producer raises head before the word says queued",
  "producer looks for a sleeping consumer before it raises head",
  "producer takes a yielded slot for a free one",
  "producer frees the slots of a consumer that lives",
] as const;

export type Mutation = (typeof mutations)[number];

export interface Rules {
  mode: Mode;
  consumers: 1 | 2;
  slots: number;
  /** Frames that the producer posts; at most 30, for a position has five bits. */
  posts: number;
  /** Whether the producer waits in the end until nothing waits for a consumer. */
  drains: boolean;
  /** Whether each party may die before each of its steps. */
  deaths: boolean;
  mutation?: Mutation;
}

/** Entries of the ring; twice the largest capacity, as in the core. */
export const ringSize = 4;
/** ES_CAPACITY_MAX of the model: a consumer looks no further back. */
export const capacityMax = 2;
