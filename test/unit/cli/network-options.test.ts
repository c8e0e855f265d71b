/** Secrets and certificates come from files; what does not go together is said at once. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { dialOptions, listenOptions } from "../../../sdk/cli/network-options.ts";

const folder = mkdtempSync(join(tmpdir(), "es-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

test("a token is its file's first line", () => {
  const tokenFile = file("token", "a secret\r\nand a remark\n");
  expect(dialOptions({ tokenFile, idleTimeout: 1.5 })).toEqual({ token: "a secret", idleTimeoutMs: 1500 });
  expect(listenOptions({ tokenFile, listen: ["tcp://[::]:8888"] })).toEqual({
    listen: ["ipc", "tcp://[::]:8888"],
    tokens: { read: "a secret" },
  });
  expect(dialOptions({})).toEqual({});
});

test("a listener with --tls-ca wants certificates of its peers", () => {
  const [tlsCa, tlsCert, tlsKey] = ["ca", "cert", "key"].map((name) => file(name, name)) as [string, string, string];
  const pem = { ca: "ca", cert: "cert", key: "key" };
  expect(dialOptions({ tlsCa, tlsCert, tlsKey })).toEqual({ tls: pem });
  expect(listenOptions({ listen: ["tls://[::]:8443"], tlsCa, tlsCert, tlsKey })).toMatchObject({
    tls: { ...pem, requestCert: true },
  });
  expect(listenOptions({ listen: ["tls://[::]:8443"], tlsCert, tlsKey })).toMatchObject({
    tls: { cert: "cert", key: "key" },
  });
});

test("what is missing, or is not asked for, is an error", () => {
  const tokenFile = file("empty", "\n");
  expect(() => dialOptions({ tokenFile })).toThrow(expect.objectContaining({ code: "ERR_READ" }));
  expect(() => dialOptions({ tokenFile: join(folder, "none") })).toThrow(expect.objectContaining({ code: "ERR_READ" }));
  expect(() => dialOptions({ tlsCert: file("alone", "x") })).toThrow(expect.objectContaining({ code: "ERR_USAGE" }));
  expect(() => listenOptions({ tokenFile: file("unused", "x") })).toThrow(/add --listen/);
});
