/** Checks of the attestation service, and with --deep of the whole flow. */
import { ERROR_CODES } from '../../error-codes.js';
import { bindingRefusalOf, meaningOf, type BindingRefusal } from '../../mtls-fetch/refused-binding.js';
import { readJwtClaims } from '../../crypto/jwt.js';
import { requestMetadata } from '../../imds/metadata.js';
import { createHttpTransport } from '../../imds/http.js';
import { createAuthorizationHeader } from '../../result.js';
import { MtlsBindingStrength } from '../../public-types/constants.js';
import type { ManagedIdentityApplication } from '../../client.js';
import { fail, pass, skip, warn, type Check, type Finding } from './check.js';
import { fromError, networkCode } from './from-error.js';
import type { ImdsFacts } from './imds-checks.js';
import type { Seen } from './seen.js';

const ATTESTATION_TIMEOUT_MS = 5_000;
const RESOURCE_TIMEOUT_MS = 30_000;

export interface TokenFacts extends ImdsFacts {
  readonly app: ManagedIdentityApplication;
  readonly minStrength: MtlsBindingStrength;
  readonly deep: boolean;
  readonly resource: string;
  readonly url: URL | undefined;
}

export function tokenChecks(facts: TokenFacts, seen: Seen): Check[] {
  return [
    { id: 'attestation-service', title: 'Attestation service', run: () => checkAttestationService(facts, seen) },
    { id: 'token', title: 'Bound token', run: () => checkToken(facts, seen) },
    { id: 'resource', title: 'Resource', run: () => checkResource(facts, seen) },
  ];
}

/** Reached from Node.js, whereas the library goes its own way: a failure here is a warning. */
async function checkAttestationService(facts: TokenFacts, seen: Seen): Promise<Finding> {
  if (seen.attestation?.isLibraryUsable !== true) return skip('needs the attestation library');
  if (seen.metadata === undefined) return skip('needs the managed identity');
  let endpoint: string | undefined;
  try {
    ({ attestationEndpoint: endpoint } = await requestMetadata(facts.imds, { attested: true }, facts.call));
  } catch (error) {
    const { evidence } = fromError(error);
    return warn(evidence, 'Use a VM size and region with attestation, or leave withAttestationSupport out.');
  }
  const { origin } = new URL(endpoint ?? '');
  try {
    const { status } = await createHttpTransport().send({
      method: 'GET',
      url: `${origin}/.well-known/openid-configuration`,
      headers: {},
      timeoutMs: ATTESTATION_TIMEOUT_MS,
      signal: AbortSignal.timeout(ATTESTATION_TIMEOUT_MS),
    });
    return pass(`${origin} answers (HTTP ${status})`);
  } catch (error) {
    return warn(
      `${origin} does not answer Node.js (${networkCode(error)})`,
      'Allow https to this host, directly or through the proxy of Windows.',
    );
  }
}

async function checkToken(facts: TokenFacts, seen: Seen): Promise<Finding> {
  if (!facts.deep) return skip('asked for with --deep');
  if (seen.keyStrength === undefined) return skip('needs a key of the wanted strength');
  if (seen.metadata === undefined) return skip('needs the managed identity');
  const isKeyGuard = seen.keyStrength >= MtlsBindingStrength.KeyGuard;
  const withAttestationSupport = isKeyGuard && seen.attestation?.isLibraryUsable === true;
  try {
    const token = await facts.app.acquireToken({
      resource: facts.resource,
      mtlsProofOfPossession: true,
      minStrength: facts.minStrength,
      withAttestationSupport,
      forceRefresh: true,
      correlationId: facts.call.correlationId,
    });
    seen.token = token;
    const audience = readJwtClaims(token.accessToken)?.['aud'];
    const found = [
      token.tokenType,
      `bound to ${token.bindingCertificate.x5tS256}`,
      ...(typeof audience === 'string' ? [`audience ${audience}`] : []),
      isKeyGuard ? 'KeyGuard key' : 'software key',
      ...(withAttestationSupport ? ['attested'] : []),
    ];
    return pass(found.join(', '));
  } catch (error) {
    return fromError(error);
  }
}

const BINDING_FIXES: Readonly<Record<BindingRefusal, string>> = {
  missing: ERROR_CODES.client_certificate_missing.remediation,
  mismatch: ERROR_CODES.client_certificate_mismatch.remediation,
  bearer: 'Look for a gateway on the way that rewrites the Authorization header: the token was sent as mtls_pop.',
};

async function checkResource({ url }: TokenFacts, { token }: Seen): Promise<Finding> {
  if (url === undefined) return skip('asked for with --deep and --url');
  if (token === undefined) return skip('needs a bound token');
  try {
    const response = await token.binding.fetch(url, {
      headers: { authorization: createAuthorizationHeader(token), 'x-ms-tokenboundauth': 'true' },
      redirect: 'manual',
      signal: AbortSignal.timeout(RESOURCE_TIMEOUT_MS),
    });
    const refusal = await bindingRefusalOf(response);
    await response.body?.cancel();
    const answered = `${url.origin} answered HTTP ${response.status}`;
    if (refusal !== undefined) return fail(`${answered}: ${meaningOf(refusal, 'it')}`, BINDING_FIXES[refusal]);
    return response.status === 401 || response.status === 403
      ? fail(answered, 'Grant the identity access, and check that the resource accepts bound tokens.')
      : pass(answered);
  } catch (error) {
    return fail(`${url.origin} could not be called (${networkCode(error)})`, 'Check DNS, firewall and proxy.');
  }
}
