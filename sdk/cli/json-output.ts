/** JSON for programs: 64-bit counters as numbers while they are exact, as text beyond. */

export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => {
    if (typeof each !== "bigint") return each;
    const exact = each >= BigInt(Number.MIN_SAFE_INTEGER) && each <= BigInt(Number.MAX_SAFE_INTEGER);
    return exact ? Number(each) : each.toString();
  });
}
