/** Who may do what with a stream: one secret or several per right. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { AccessTokens } from "../../sdk/base/types.ts";
import type { WireRole } from "../wire/index.ts";

type Right = keyof AccessTokens;

const rightFor: Readonly<Record<WireRole, Right>> = { consume: "read", produce: "publish", observe: "observe" };

/** Of equal length whatever the secret's is. */
const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

export class Access {
  readonly #secrets: readonly { right: Right; secret: Buffer }[] | undefined;

  /** `tokens` undefined: everybody may do everything. A right without a token is nobody's. */
  constructor(tokens: AccessTokens | undefined) {
    this.#secrets =
      tokens &&
      (Object.entries(tokens) as [Right, string | readonly string[]][]).flatMap(([right, secrets]) =>
        [secrets].flat().map((secret) => ({ right, secret: digest(secret as string) })),
      );
  }

  get open(): boolean {
    return this.#secrets === undefined;
  }

  /** Takes as long for a wrong token as for a right one. Who may read or publish may observe too. */
  allows(role: WireRole, token: string): boolean {
    if (this.#secrets === undefined) return true;
    const given = digest(token);
    const wanted = rightFor[role];
    let allowed = false;
    for (const { right, secret } of this.#secrets) {
      const same = timingSafeEqual(secret, given);
      allowed = (same && (right === wanted || wanted === "observe")) || allowed;
    }
    return allowed;
  }
}
