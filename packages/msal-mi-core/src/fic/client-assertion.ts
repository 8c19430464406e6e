/** What an assertion callback is asked, and what it returns. */
import type { MtlsBindingContext } from '../public-types.js';

/** An assertion together with the certificate it is bound to: neither is ever used without the other. */
export interface BoundClientAssertion {
  /** A JWT whose `cnf["x5t#S256"]` is the certificate of `binding`. */
  readonly assertion: string;
  /** The type of a bound assertion. */
  readonly assertionType: 'urn:ietf:params:oauth:client-assertion-type:jwt-pop';
  /** From the result of a ManagedIdentityApplication: it stands for the connections made with the certificate. */
  readonly binding: MtlsBindingContext;
}

/** What an assertion is wanted for. */
export interface BoundClientAssertionContext {
  /** The application that will present the assertion. */
  clientId: string;
  /** The endpoint it will be presented to. */
  tokenEndpoint?: string;
  /** The claims challenge that the request answers. */
  claims?: string;
  /** Capabilities of the application, such as `"cp1"`. */
  clientCapabilities?: readonly string[];
  /** Of the call, to be passed on. */
  correlationId?: string;
  /** Of the call, to be passed on. */
  signal?: AbortSignal;
  /**
   * Set for the one repetition of a request: what the token endpoint refused, and which half of it. The callback has to
   * return something else: a new assertion, or one bound to another certificate.
   */
  refused?: {
    /** The one that was presented. */
    readonly binding: MtlsBindingContext;
    /** What another one is wanted of. */
    readonly part: 'assertion' | 'certificate';
  };
}

/** Asked once for every acquired token, and once more when the token endpoint refuses what it returned. */
export type BoundClientAssertionCallback = (context: BoundClientAssertionContext) => Promise<BoundClientAssertion>;
