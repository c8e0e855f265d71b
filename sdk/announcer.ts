/** A stream's events on their way out: to its observer, to `node:diagnostics_channel`, to listeners. */
import { type Channel, channel } from "node:diagnostics_channel";
import type { EventEmitter } from "node:events";
import { streamEventNames } from "./base/event-names.ts";
import type { StreamEvents, StreamObserver } from "./base/types.ts";

type EventName = keyof StreamEvents;

const channels = Object.fromEntries(
  streamEventNames.map((name) => [name, channel(`edgestream.stream.${name}`)]),
) as Record<EventName, Channel>;

export class Announcer {
  readonly #emitter: EventEmitter;
  readonly #streamName: string | undefined;
  readonly #observer: StreamObserver | undefined;
  #warned = false;

  constructor(emitter: EventEmitter, streamName: string | undefined, observer: StreamObserver | undefined) {
    this.#emitter = emitter;
    this.#streamName = streamName;
    this.#observer = observer;
  }

  /** Whether somebody other than a listener wants to hear of it. */
  wants(name: EventName): boolean {
    return this.#observer?.[name] !== undefined || channels[name].hasSubscribers;
  }

  /** Listeners come last: one that throws takes the event from nobody else. */
  tell<Name extends EventName>(name: Name, event: StreamEvents[Name][0]): void {
    this.#tellObserver(name, event);
    if (channels[name].hasSubscribers) channels[name].publish({ stream: this.#streamName, ...event });
    this.#emitter.emit(name, event);
  }

  #tellObserver<Name extends EventName>(name: Name, event: StreamEvents[Name][0]): void {
    const observer = this.#observer as
      | Partial<Record<EventName, (event: StreamEvents[Name][0]) => unknown>>
      | undefined;
    if (observer?.[name] === undefined) return;
    try {
      const told = observer[name](event);
      if (told instanceof Promise) told.catch((error: unknown) => this.#warn(name, error));
    } catch (error) {
      this.#warn(name, error);
    }
  }

  /** An observer looks on; its mistakes are not the stream's. Once, or a broken one would fill the log. */
  #warn(name: EventName, error: unknown): void {
    if (this.#warned) return;
    this.#warned = true;
    const stream = this.#streamName === undefined ? "a stream" : `stream "${this.#streamName}"`;
    process.emitWarning(`the observer of ${stream} failed in ${name}, its later failures are not reported: ${error}`, {
      code: "EDGESTREAM_OBSERVER",
      ...(error instanceof Error && error.stack !== undefined && { detail: error.stack }),
    });
  }
}
