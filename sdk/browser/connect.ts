/** The way into a stream from a page. */
import { BrowserConsumer } from "./consumer.ts";
import { type ConnectOptions, toConnectRequest } from "./options.ts";

/**
 * Connects to a stream whose producer listens for WebSockets. Resolves when the producer's side took this consumer; a
 * stream that has no producer yet is `connecting`.
 * @param address `ws://host:port/name` or `wss://…`, without the token
 * @throws StreamError ERR_BAD_PARAMETER; ERR_NOT_FOUND: nobody answers, there is no such stream, or the listener does
 *   not know this page's origin (a page is not told which); ERR_BAD_ACCESS: the token; ERR_REFUSED, ERR_BAD_MATCH,
 *   ERR_BAD_PROTOCOL: the producer's side says why; ERR_TIMEOUT, ERR_ABORTED
 * @example
 * const consumer = await connectConsumer("ws://192.0.2.7:8890/cam1", { mode: "mailbox", reconnect: true });
 * const view = createFrameView(document.querySelector("canvas"));
 * for await (const frame of consumer) view.draw(frame);
 */
export async function connectConsumer(address: string, options: ConnectOptions = {}): Promise<BrowserConsumer> {
  const consumer = new BrowserConsumer(toConnectRequest(address, options));
  await consumer.met(options.signal);
  return consumer;
}
