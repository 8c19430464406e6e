import type { MtlsPopAuthenticationResult, MtlsPopRequestParams } from '../public-types.js';
import { createAuthorizationHeader } from '../result.js';
import { surroundingsOf, type BoundTokenApplication } from './token-application.js';

interface Held {
  readonly result: MtlsPopAuthenticationResult;
  readonly authorization: string;
  readonly isServedAgain: (held: MtlsPopAuthenticationResult) => boolean;
  /** Of the application, when the result was acquired: somebody may put another one there, to see every call. */
  readonly acquireToken: BoundTokenApplication['acquireToken'];
}

/**
 * The result of the latest call. Nearly every call is served the same token as the one before it: as long as the application
 * says so, nothing has to be made anew.
 */
export class HeldResult {
  readonly #app: BoundTokenApplication;
  readonly #request: MtlsPopRequestParams;
  #held: Held | undefined;

  /** @param request - What every call asks for. */
  constructor(app: BoundTokenApplication, request: MtlsPopRequestParams) {
    this.#app = app;
    this.#request = request;
  }

  /** Undefined when the application has to be asked. */
  current(): MtlsPopAuthenticationResult | undefined {
    const held = this.#held;
    if (held?.acquireToken !== this.#app.acquireToken) return undefined;
    return held.isServedAgain(held.result) ? held.result : undefined;
  }

  keep(result: MtlsPopAuthenticationResult): MtlsPopAuthenticationResult {
    const { acquireToken } = this.#app;
    const isServedAgain =
      this.#held?.acquireToken === acquireToken
        ? this.#held.isServedAgain
        : surroundingsOf(this.#app)?.againServed?.(this.#request);
    const authorization = createAuthorizationHeader(result);
    this.#held = isServedAgain && { result, authorization, isServedAgain, acquireToken };
    return result;
  }

  authorizationOf(result: MtlsPopAuthenticationResult): string {
    return result === this.#held?.result ? this.#held.authorization : createAuthorizationHeader(result);
  }
}
