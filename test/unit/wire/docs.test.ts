/** The tables of docs/wire.md, and what both protocols share, agree with the code. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { loadBinding } from "../../../native/load.ts";
import { attributeRows } from "../../../transports/wire/attributes.ts";
import { causeCodes, resultCodes, stateCodes } from "../../../transports/wire/codes.ts";
import type { Row } from "../../../transports/wire/field.ts";
import { formatRows } from "../../../transports/wire/format.ts";
import { wireLimits } from "../../../transports/wire/limits.ts";
import { headerBytes, headerRows } from "../../../transports/wire/message.ts";
import { messageKinds } from "../../../transports/wire/messages.ts";
import { openingRows, wireMagic } from "../../../transports/wire/opening.ts";
import { policyRows } from "../../../transports/wire/policy.ts";

const read = (path: string) => readFileSync(new URL(`../../../docs/${path}`, import.meta.url), "utf8");
const wire = read("wire.md");
const protocol = read("protocol.md");

/** The cells of the first table whose first line is at or below the line that ends with `mark`. */
function tableAt(text: string, mark: string): string[][] {
  const all = text.split("\n");
  const from = all.findIndex((line) => /^[#|]/.test(line) && line.endsWith(mark));
  if (from < 0) throw new Error(`no line ends with "${mark}"`);
  const lines = all.slice(from);
  const rows = lines.slice(lines.findIndex((line) => line.startsWith("|")) + 2);
  const end = rows.findIndex((line) => !line.startsWith("|"));
  return rows.slice(0, end < 0 ? rows.length : end).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** `[policy](somewhere)` says policy. */
const plain = (cell: string | undefined) => (cell ?? "").replace(/^\[(.+)\]\(.+\)$/, "$1");
const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const spaced = (name: string) => snake(name).replace("_", " ");

/** Offset, size, type and field of each row; reserved bytes have no type here. */
function documented(text: string, heading: string): string[][] {
  return tableAt(text, heading).map(([offset = "", size = "", type, field = ""]) => {
    const bytes = size.split("×").reduce((product, part) => product * Number(part), 1);
    const silent = field === "reserved" || field === "padding";
    return [offset, Number.isNaN(bytes) ? size : String(bytes), silent ? "" : plain(type), field];
  });
}

const inCode = (rows: readonly Row[], from = 0) =>
  rows.map(({ offset, bytes, type, field }) => {
    const silent = field === "reserved" || field === "padding";
    return [String(from + offset), String(bytes), silent ? "" : type, snake(field)];
  });

describe("docs/wire.md", () => {
  for (const kind of messageKinds) {
    test(`${kind.name}: every offset, size, type and name`, () => {
      const heading = new RegExp(`^### (${spaced(kind.name)} \\(${headerBytes + kind.fixedBytes} bytes.*\\))$`, "m");
      const found = heading.exec(wire)?.[1];
      expect(found).toBeDefined();
      const tails = kind.tails.map(({ type, field }) => ["then", `${snake(field)}_bytes`, type, snake(field)]);
      expect(documented(wire, found as string)).toEqual([...inCode(kind.rows, headerBytes), ...tails]);
      for (const { field, bytesMax, type } of kind.tails) {
        if (type === "text") expect(wire).toMatch(new RegExp(`\\| ${snake(field)} \\|.*\\b${bytesMax}\\b`));
      }
    });
  }

  test("opening, header, attributes", () => {
    expect(documented(wire, "opening (8 bytes)")).toEqual(inCode(openingRows));
    expect(wire).toContain(`\`0x${wireMagic.toString(16)}\``);
    expect(documented(wire, "header (8 bytes)")).toEqual(inCode(headerRows));
    expect(documented(wire, "attributes (32 bytes)")).toEqual(inCode(attributeRows));
  });

  test("numbers and sizes of all types", () => {
    const rows = tableAt(wire, "| type | name | from → to | fixed size |");
    const found = rows.map(([type, name, , size = ""]) => [Number(type), name, Number.parseInt(size, 10)]);
    const kinds = messageKinds.map(({ id, name, fixedBytes }) => [id, spaced(name), headerBytes + fixedBytes]);
    expect(found).toEqual(kinds.sort(([one], [other]) => Number(one) - Number(other)));
  });

  test("limits", () => {
    const rows = tableAt(wire, "9. Limits").map(([, value = "", name]) => [name, Number.parseInt(value, 10)]);
    expect(rows).toEqual(
      expect.arrayContaining(Object.entries(wireLimits).map(([name, value]) => [`\`${name}\``, value])),
    );
    expect(rows).toHaveLength(Object.keys(wireLimits).length);
  });
});

describe("what both protocols share", () => {
  test("policy and format lie as docs/protocol.md says", () => {
    expect(documented(protocol, "policy (40 bytes)")).toEqual(inCode(policyRows));
    expect(documented(protocol, "format (88 bytes)")).toEqual(inCode(formatRows));
  });

  test("states and causes are the addon's", () => {
    const binding = loadBinding();
    expect(Object.keys(stateCodes)).toEqual(binding.states);
    expect(Object.values(stateCodes)).toEqual(binding.states.map((_, index) => index));
    expect(Object.keys(causeCodes)).toEqual(binding.causes);
    expect(Object.values(causeCodes)).toEqual(binding.causes.map((_, index) => index));
  });

  test("codes of refusals are those of docs/errors.md", () => {
    const rows = tableAt(read("errors.md"), "## Codes");
    const numbered = rows.map(([code = "", number]) => [code.replaceAll("`", ""), Number(number)]);
    expect(Object.entries(resultCodes)).toEqual(numbered.filter(([, number]) => Number(number) < 0));
  });
});

test("a browser can load the codec: it imports nothing that is not its own or a type", () => {
  const folder = new URL("../../../transports/wire/", import.meta.url);
  const files = readdirSync(folder);
  expect(files.length).toBeGreaterThan(10);
  const imports = files.flatMap((file) =>
    [...readFileSync(new URL(file, folder), "utf8").matchAll(/^(?:import|export) (?!type )[^;]*?from "([^"]+)"/gm)].map(
      ([, name]) => name as string,
    ),
  );
  const foreign = imports.filter((name) => !name.startsWith("./"));
  expect([...new Set(foreign)].sort()).toEqual(["../../sdk/base/errors.ts", "../../sdk/base/format.ts"]);
});
