/** All messages, by name for who sends and by number for who receives. */
import { chunk, credit, frame, layout, reset } from "./frame-messages.ts";
import { attributesMessage, bye, hello, refused, welcome } from "./handshake-messages.ts";
import type { MessageKind } from "./message.ts";
import { listing, ping, pong, report, state, streamInfo, userInfo } from "./status-messages.ts";

/** Those that are whole messages; a chunk is the beginning of one. */
const kinds = {
  hello,
  welcome,
  refused,
  bye,
  attributes: attributesMessage,
  layout,
  frame,
  credit,
  reset,
  ping,
  pong,
  report,
  state,
  streamInfo,
  userInfo,
  listing,
} as const;

type Kinds = typeof kinds;
type MessageOf<K> = K extends MessageKind<infer M> ? M : never;

/** Everything that is not pixels, told apart by `type`. */
export type WireMessage = { [N in keyof Kinds]: MessageOf<Kinds[N]> }[keyof Kinds];
export type WireMessageName = WireMessage["type"];

export const messageKinds: readonly MessageKind<unknown>[] = Object.values({ ...kinds, chunk });

const byId = new Map(Object.values(kinds).map((kind) => [kind.id, kind as unknown as MessageKind<WireMessage>]));

export function kindOf(id: number): MessageKind<WireMessage> | undefined {
  return byId.get(id);
}

/**
 * A message with its header, at most 16392 bytes. Pixels travel in chunks, see chunksOf.
 * @throws StreamError ERR_BAD_PARAMETER: a value does not fit into its field.
 */
export function encodeMessage(message: WireMessage): Uint8Array {
  return (kinds[message.type] as unknown as MessageKind<WireMessage>).encode(message);
}
