/** What an assertion callback returns, and the one immutable pair that is made of it. */
import { readConfirmation } from '../crypto/jwt.js';
import { boundParts, type BoundParts } from '../downstream/binding-context.js';
import { MsiV2Error } from '../errors.js';
import type { MtlsBindingContext } from '../types.js';

/** Assertions that are bound to a certificate are of this type. */
export const JWT_POP = 'urn:ietf:params:oauth:client-assertion-type:jwt-pop';

/** An assertion together with the certificate it is bound to: neither is ever used without the other. */
export interface BoundClientAssertion {
  /** A JWT whose `cnf["x5t#S256"]` is the certificate of `binding`. */
  readonly assertion: string;
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
  correlationId?: string;
  signal?: AbortSignal;
  /**
   * Set for the one repetition of a request: what the token endpoint refused, and which half of it. The callback has to
   * return something else: a new assertion, or one bound to another certificate.
   */
  refused?: { readonly binding: MtlsBindingContext; readonly part: 'assertion' | 'certificate' };
}

/** Asked once for every acquired token, and once more when the token endpoint refuses what it returned. */
export type BoundClientAssertionCallback = (context: BoundClientAssertionContext) => Promise<BoundClientAssertion>;

/** A checked pair: cache key, TLS connection, request body and result all take this one object. */
export interface AssertionPair extends BoundParts {
  readonly assertion: string;
  readonly context: MtlsBindingContext;
}

/**
 * Checks what a callback returned.
 *
 * @throws MsiV2Error `mtls_certificate_not_provided` when there is no binding, or one that did not come from a result;
 *   `invalid_client_assertion` when the assertion is empty, of another type, or bound to another certificate.
 */
export function parseAssertion(returned: unknown, correlationId: string): AssertionPair {
  const { assertion, assertionType, binding } = (returned ?? {}) as Readonly<Record<string, unknown>>;
  const parts = boundParts(binding);
  if (parts === undefined) {
    throw new MsiV2Error('mtls_certificate_not_provided', {
      stage: 'token',
      correlationId,
      ...(binding !== undefined &&
        binding !== null && { message: 'The binding of the assertion is not one of an acquired token.' }),
    });
  }
  const refuse = (message: string) =>
    new MsiV2Error('invalid_client_assertion', { stage: 'token', correlationId, message });
  if (typeof assertion !== 'string' || assertion.trim() === '') throw refuse('The assertion is empty.');
  if (assertionType !== JWT_POP) throw refuse(`The assertion type is not ${JWT_POP}.`);
  const confirmation = readConfirmation(assertion);
  if (!confirmation.opaque && confirmation.x5tS256 !== parts.binding.certificate.x5tS256) {
    throw refuse('The assertion is not bound to the certificate of its binding.');
  }
  return Object.freeze({ ...parts, assertion, context: binding as MtlsBindingContext });
}
