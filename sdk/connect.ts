/** Hand-shakes: a fresh native object becomes a connection, or an error that says why not. */
import { setTimeout as delay } from "node:timers/promises";
import { EventKind, type NativeConsumer, type NativeEvent, type NativeProducer } from "../native/binding.ts";
import { openBackoff } from "./base/config.ts";
import { native, StreamError, wrapNativeError } from "./base/errors.ts";
import type { WaitOptions } from "./base/types.ts";
import type { BindingHost } from "./binding-host.ts";
import { aborted, errorCode, timedOut } from "./flow.ts";
import { KeepAlive } from "./keep-alive.ts";
import { type Attempt, Gate, type GiveUp } from "./wait.ts";

const newFramesOnly = 1;

/** Why a consumer has no connection; the verb says which code, the object says why. */
function refusal(host: BindingHost, consumer: NativeConsumer): StreamError {
  const info = consumer.info();
  const cause = host.cause(info.cause);
  const reason = info.reason === "" ? cause : info.reason;
  if (cause !== "refused") return new StreamError("ERR_NOT_FOUND", `the stream went away while connecting: ${reason}`);
  try {
    consumer.tryAcquire(newFramesOnly);
  } catch (error) {
    const known = wrapNativeError(error);
    const code = known instanceof StreamError ? known.code : "ERR_REFUSED";
    return new StreamError(code, `the connection was refused: ${reason}`);
  }
  return new StreamError("ERR_CLOSED", `the connection was refused: ${reason}`, { reason: "closed" });
}

/** A wait on an object that nobody owns yet. */
async function settle(
  host: BindingHost,
  object: number,
  attempt: Attempt<true>,
  options: WaitOptions,
  onEvent: (event: NativeEvent) => void = () => {},
): Promise<void> {
  const gate = new Gate(new KeepAlive(host.loop));
  host.register(object, {
    onWake: () => gate.wake(),
    onEvent: (event) => {
      onEvent(event);
      gate.wake();
    },
  });
  try {
    await gate.wait(attempt, giveUpConnecting, options);
  } finally {
    host.unregister(object);
  }
}

function giveUpConnecting(why: GiveUp): never {
  throw why === "aborted" ? aborted("connecting") : timedOut("connecting");
}

/** Resolves when the stream has answered: connecting, or further. Closes the consumer when it throws. */
export async function settleConsumer(host: BindingHost, consumer: NativeConsumer, options: WaitOptions): Promise<void> {
  const attempt = (): true | undefined => {
    const state = host.state(consumer.state());
    if (state === "initializing" || state === "created") return undefined;
    if (state !== "disconnected") return true;
    // A stream that ended in this moment did answer; its consumer has nothing to read.
    const cause = host.cause(consumer.info().cause);
    if (cause === "ended" || cause === "stopped") return true;
    throw refusal(host, consumer);
  };
  try {
    await settle(host, consumer.id, attempt, options);
  } catch (error) {
    consumer.close();
    throw error;
  }
}

/** Resolves when the stream of another process took this producer as its own. Closes it when it throws. */
export async function settleProducer(host: BindingHost, producer: NativeProducer, options: WaitOptions): Promise<void> {
  let granted = false;
  let refused: StreamError | undefined;
  const onEvent = (event: NativeEvent) => {
    if (event.kind === EventKind.refused) {
      refused = new StreamError(errorCode(event.code), `the producer was refused: ${event.text}`);
    } else if (event.kind === EventKind.producer) {
      granted = event.code === 1;
      if (!granted) refused = new StreamError("ERR_NOT_FOUND", "the stream went away while connecting");
    }
  };
  const attempt = (): true | undefined => {
    if (refused !== undefined) throw refused;
    return granted ? true : undefined;
  };
  try {
    await settle(host, producer.id, attempt, options, onEvent);
  } catch (error) {
    producer.close();
    throw error;
  }
}

/** How long is left of `timeoutMs`, from the moment this is made. */
export function countdown(options: WaitOptions): () => WaitOptions {
  const { timeoutMs, signal } = options;
  const base = signal === undefined ? {} : { signal };
  if (timeoutMs === undefined) return () => base;
  const deadline = performance.now() + timeoutMs;
  return () => ({ ...base, timeoutMs: Math.max(0, deadline - performance.now()) });
}

/**
 * For a stream that may not be there yet: tries again, at growing intervals, as long as the answer is "not found".
 * There is nothing to be told by: the directory the stream will be made in need not exist yet either.
 */
export async function whenThere<T>(
  name: string,
  open: (left: WaitOptions) => Promise<T>,
  options: WaitOptions,
): Promise<T> {
  const left = countdown(options);
  for (
    let pauseMs: number = openBackoff.firstMs;
    ;
    pauseMs = Math.min(pauseMs * openBackoff.factor, openBackoff.maxMs)
  ) {
    if (options.signal?.aborted) throw aborted(`opening stream "${name}"`);
    try {
      return await open(left());
    } catch (error) {
      const missing = wrapNativeError(error);
      if (!(missing instanceof StreamError) || missing.code !== "ERR_NOT_FOUND") throw missing;
      const { timeoutMs } = left();
      if (timeoutMs === 0) {
        const text = `stream "${name}" was not there within ${options.timeoutMs} ms: ${missing.message}`;
        throw new StreamError("ERR_NOT_FOUND", text, { reason: "timeout", cause: error });
      }
      // An abort ends the pause; the next turn reports it.
      const ms = Math.min(pauseMs, timeoutMs ?? pauseMs);
      await delay(ms, undefined, options.signal === undefined ? {} : { signal: options.signal }).catch(() => {});
    }
  }
}

/** Makes a native object and waits for its hand-shake. */
export async function openConsumer(
  host: BindingHost,
  make: () => NativeConsumer,
  options: WaitOptions,
): Promise<NativeConsumer> {
  const consumer = native(make);
  await settleConsumer(host, consumer, options);
  return consumer;
}

export async function openProducer(
  host: BindingHost,
  make: () => NativeProducer,
  options: WaitOptions,
): Promise<NativeProducer> {
  const producer = native(make);
  await settleProducer(host, producer, options);
  return producer;
}
