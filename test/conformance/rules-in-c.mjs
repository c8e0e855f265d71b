/**
 * Which tests prove a row through the C interface, by their titles in test/native. Rows that are about JavaScript, or
 * about something that only the SDK has (iteration, signals, presets, channels), have none.
 *
 * @type {Readonly<Record<number, readonly string[]>>}
 */
export const rulesInC = {
  1: ["states change in EGL's order, each change an event"],
  2: ["strict: the producer must find a consumer connected"],
  3: ["mailbox: the consumer gets the newest frame, what it missed is counted, the producer never waits"],
  4: ["fifo: every frame comes in order, and a full queue makes post wait"],
  5: ["fifo: acquire frees the place, release does not matter"],
  6: [
    "fifo: a post that would block leaves the frame with the caller and uses up no number",
    "post is all or nothing: one full queue holds the frame back from everybody",
  ],
  7: ["old frame: after a release the same frame comes again, marked as old, until a newer one is there"],
  9: ["old frame: an acquire with a timeout waits for a new frame first, then takes the old one"],
  10: [
    "an acquire that waits gets the frame that is posted",
    "a post that waits goes on when its consumer takes a frame",
  ],
  11: [
    "max_held 1: the next acquire ends the earlier lease",
    "max_held above 1: so many frames at once, released in any order",
  ],
  13: ["close: waiting frames are drained or dropped, as the connection asked"],
  14: ["an acquire that waits ends when its consumer is closed or its producer stops"],
  16: ["producer killed: a fifo drains what was posted, and a held frame stays readable and unchanged"],
  17: [
    "a full queue holds up the producer for max_wait_ms, then its consumer is evicted",
    "a frame held longer than max_hold_ms is told once per lease, and nothing else happens",
  ],
  18: ["counters add up and no held slot is reused, over 100000 frames of every policy"],
  19: ["broadcast: a laggard skips forward over the oldest and is told how far"],
  20: ["producer killed: a fifo drains what was posted, and a held frame stays readable and unchanged"],
  21: ["counters add up and no held slot is reused, over 100000 frames of every policy"],
  23: ["no_reuse: a frame is seen once and its slot is free at its release"],
  24: [
    "reset: without support_reset it is ES_BAD_ACCESS, after close_input ES_BAD_STATE",
    "reset: waiting frames are discarded, the old frame is gone, a held one stays, numbers go on",
  ],
  26: ["reset: a full queue has places again"],
  32: ["modes are per connection: a fifo loses nothing beside a mailbox that sleeps"],
  33: ["on_stall overwrite: the oldest waiting frame gives way and the consumer stays"],
  34: ["drop: a full queue refuses the incoming frame, which counts as discarded"],
  35: ["start: a late consumer gets the next posted frame, or the newest there is"],
  36: ["without strict, producers and consumers come in any order, leave and come back"],
  37: ["a laggard is evicted when it skipped more than max_lag frames since its last delivery"],
  38: ["a hand-shake in progress and a stalled queue together do not hang the producer"],
  39: ["the pool grows on admission by what the new consumer needs, and never for nothing"],
  43: [
    "a consumer that cannot take the stream's format is refused",
    "a reconfigure is for the next frames: those that wait or are held keep their layout and their bytes",
  ],
  40: ["the producer holds as many slots for writing as it said"],
  41: ["max_held above 1: so many frames at once, released in any order"],
  45: ["metadata blocks: a snapshot per frame beside its own metadata; bounds; what does not fit is refused"],
  46: ["pts, duration, capture time, size and metadata arrive as they were posted"],
  47: [
    "metadata blocks: a snapshot per frame beside its own metadata; bounds; what does not fit is refused",
    "strict: metadata wants a connected consumer, and the times of a fifo increase",
  ],
  48: ["strict: metadata wants a connected consumer, and the times of a fifo increase"],
  49: ["a consumer's latency is in what its producer says of it"],
  50: ["peek: what acquire would give, by the mode, taken by nobody; the old frame; nothing"],
  51: ["arm: says that a frame waits, or asks for a wake-up"],
  53: ["marks: the newest frame that reached a consumer, and the one it acquired last"],
  55: ["a pool that is asked for more slots has them from the beginning, as far as accept.max_slots goes"],
  56: ["every result, state and cause has a name of its own"],
  66: ["user info: both sides have it before the first frame; too late, too long, unknown connection"],
  67: ["every event is told once, also when an object is closed in between"],
  69: ["two threads of one context wait, each for its own consumer"],
};
