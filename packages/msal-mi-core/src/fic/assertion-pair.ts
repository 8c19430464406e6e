/** What an assertion callback returned, as the one immutable pair that everything else takes. */
import { readConfirmation } from '../crypto/jwt.js';
import { connectionsBehind } from '../binding/binding-context.js';
import { MsiV2Error } from '../errors.js';
import type { Credential } from '../request/token-client.js';
import type { MtlsBindingContext } from '../public-types.js';
import { JWT_POP } from './managed-identity-assertion.js';

/** A checked pair: cache key, TLS connection, request body and result all take this one object. */
export interface AssertionPair extends Credential {
  readonly assertion: string;
}

/**
 * Checks what a callback returned.
 *
 * @throws MsiV2Error `mtls_certificate_not_provided` when there is no binding, or one that did not come from a result;
 *   `invalid_client_assertion` when the assertion is empty, of another type, or bound to another certificate.
 */
export function parseAssertion(returned: unknown, correlationId: string): AssertionPair {
  const { assertion, assertionType, binding } = (returned ?? {}) as Readonly<Record<string, unknown>>;
  const connections = connectionsBehind(binding);
  if (connections === undefined) {
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
  if (!confirmation.opaque && confirmation.x5tS256 !== connections.binding.certificate.x5tS256) {
    throw refuse('The assertion is not bound to the certificate of its binding.');
  }
  return Object.freeze({ ...connections, assertion, context: binding as MtlsBindingContext });
}
