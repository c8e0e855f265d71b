/** Rules for the options of streams that leave the host. */
import { z } from "zod";
import { formatNames } from "./format.ts";
import { choice, flag, integer, says } from "./rules.ts";

export { networkDefaults } from "./defaults.ts";

const timerMsMax = 2 ** 31 - 1;
const uint32Max = 2 ** 32 - 1;
/** As docs/wire.md has it. */
const tokenBytesMax = 512;
const capacityMax = 128;
const slotsMax = 256;

/** What was given may be, or hold, a secret: the message does not show it. */
const withheld = (expected: string) => ({ error: () => `expected ${expected}` });

const addressRule = withheld('"ipc" or an address such as tcp://0.0.0.0:8888, tls://…, ws://…, wss://…');
export const listenAddress = z.string(addressRule).regex(/^(ipc$|(tcp|tls|wss?):\/\/)/, addressRule);
const remoteRule = withheld("an address such as tcp://192.0.2.7:8888, tls://…, ws://…, wss://…");
const remoteAddress = z.string(remoteRule).regex(/^(tcp|tls|wss?):\/\//, remoteRule);

const secretRule = withheld(`a text of 1 to ${tokenBytesMax} bytes`);
const secret = z
  .string(secretRule)
  .min(1, secretRule)
  .refine((text) => Buffer.byteLength(text) <= tokenBytesMax, secretRule);
const secrets = z.union([secret, z.array(secret).min(1)], secretRule).optional();
export const tokens = z
  .strictObject({ read: secrets, publish: secrets, observe: secrets }, withheld("{ read, publish, observe }"))
  .optional();

const pem = z.string(withheld("a text in PEM format")).optional();
export const tls = z
  .strictObject(
    { cert: pem, key: pem, ca: pem, requestCert: flag, servername: z.string(says("a name")).optional() },
    withheld("{ cert, key, ca, requestCert, servername }"),
  )
  .optional();

export const attributes = z
  .strictObject(
    {
      format: choice(formatNames),
      width: integer(1, uint32Max),
      height: integer(1, uint32Max),
      mode: choice(["mailbox", "fifo", "broadcast"]),
      fifoLength: integer(1, capacityMax),
      supportReset: flag,
      supportReuse: flag,
      producerMaxFrameHint: integer(1, slotsMax),
      consumerMaxFrameHint: integer(1, slotsMax),
    },
    says("an object of attributes"),
  )
  .optional();

/** What openStream may say about the way to another host. */
export const dialFields = {
  remotes: z.array(remoteAddress, says("an array of addresses")).optional(),
  token: secret.optional(),
  tls,
  connectTimeoutMs: integer(1, timerMsMax),
  idleTimeoutMs: integer(0, timerMsMax, "0 means never"),
  demand: flag,
  attributes,
};
