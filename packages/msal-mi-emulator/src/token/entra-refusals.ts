import type { EntraRefusalName } from '../faults/fault-types.js';
import type { Exchange } from '../http/exchange.js';
import { isRecord } from '../is-record.js';
import type { World } from '../world.js';
import { issuerOf } from './access-token.js';
import type { EntraRefusal } from './entra-error.js';
import { requestedAudience, TOKEN_NOT_AFTER_PASSED } from './token-parameters.js';

/** What the texts name. */
interface Subject {
  clientId: string;
  tenantId: string;
  audience: string;
  assertion: { iss: string; sub: string; aud: string };
  now: string;
}

type Text = readonly [error: string, message: (subject: Subject) => string];

const FEDERATION_PAGE = 'https://learn.microsoft.com/entra/workload-id/workload-identity-federation';
const COMPARE = `Check your federated identity credential Subject, Audience and Issuer against the presented assertion. ${FEDERATION_PAGE}`;
const WRONG_TENANT =
  'This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant.';
const noRecordFor = (what: string, value: string): string =>
  `No matching federated identity record found for presented assertion ${what} '${value}'.`;
const bindingRefused = (what: string): Text => ['invalid_client', () => `The client certificate is refused: ${what}.`];

/**
 * Texts as Entra ID has sent them, facts from public threads. 3921996, 1000604 and 1000610 to 1000614 are in the emulator's own
 * words: nobody has published theirs.
 */
const TEXTS: Readonly<Record<EntraRefusalName, Text>> = {
  AADSTS392196: [
    'invalid_request',
    () =>
      "The resource application does not support certificate-bound token. Please set token_type to 'bearer'. The " +
      'error code is MtlsClientPopTokenNotSupportedByResource.',
  ],
  AADSTS3921996: [
    'invalid_request',
    ({ tenantId }) =>
      `The tenant '${tenantId}' is not allowed to receive certificate-bound tokens with an attested certificate.`,
  ],
  AADSTS1000604: bindingRefused('it cannot be used for this request'),
  AADSTS1000610: bindingRefused('it has expired'),
  AADSTS1000611: bindingRefused('its issuer is not trusted'),
  AADSTS1000612: bindingRefused('it is not the one of this client'),
  AADSTS1000613: bindingRefused('it has been revoked'),
  AADSTS1000614: bindingRefused('its attestation is not accepted'),
  AADSTS1000901: [TOKEN_NOT_AFTER_PASSED.error, () => TOKEN_NOT_AFTER_PASSED.message],
  AADSTS53003: [
    'access_denied',
    () => 'Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.',
  ],
  AADSTS500011: [
    'invalid_resource',
    ({ audience, tenantId }) =>
      `The resource principal named ${audience} was not found in the tenant named ${tenantId}. ${WRONG_TENANT} You ` +
      'might have sent your authentication request to the wrong tenant.',
  ],
  AADSTS500117: ['invalid_request', () => "The reply uri specified in the request isn't using a secure scheme."],
  AADSTS500181: ['invalid_client', () => 'The TLS certificate is not the one in the client assertion.'],
  AADSTS501051: [
    'invalid_grant',
    ({ clientId, audience }) =>
      `Application '${clientId}'(emulated) is not assigned to a role for the application '${audience}'(emulated).`,
  ],
  AADSTS70021: [
    'invalid_request',
    ({ assertion: { iss, sub, aud } }) =>
      `No matching federated identity record found for presented assertion. Assertion Issuer: '${iss}'. Assertion ` +
      `Subject: '${sub}'. Assertion Audience: '${aud}'. ${FEDERATION_PAGE}`,
  ],
  AADSTS700016: [
    'unauthorized_client',
    ({ clientId, tenantId }) =>
      `Application with identifier '${clientId}' was not found in the directory '${tenantId}'. ${WRONG_TENANT} You ` +
      'may have sent your authentication request to the wrong tenant.',
  ],
  AADSTS700024: [
    'invalid_client',
    ({ now }) => `Client assertion is not within its valid time range. Current time: ${now}.`,
  ],
  AADSTS700211: ['invalid_client', ({ assertion }) => `${noRecordFor('issuer', assertion.iss)} ${COMPARE}`],
  AADSTS700212: ['invalid_client', ({ assertion }) => `${noRecordFor('audience', assertion.aud)} ${COMPARE}`],
  AADSTS700213: ['invalid_client', ({ assertion }) => `${noRecordFor('subject', assertion.sub)} ${COMPARE}`],
  AADSTS7000112: ['unauthorized_client', ({ clientId }) => `Application '${clientId}'(emulated) is disabled.`],
  AADSTS7000229: [
    'invalid_client',
    ({ clientId, tenantId }) =>
      `The client application ${clientId} is missing service principal in the tenant ${tenantId}. See instructions ` +
      'here: https://go.microsoft.com/fwlink/?linkid=2225119',
  ],
  AADSTS7002137: [
    'invalid_client',
    ({ assertion }) =>
      `${noRecordFor('subject', assertion.sub)} Please make sure the federated identity credential Subject is '${assertion.sub}'.`,
  ],
  AADSTS90002: [
    'invalid_request',
    ({ tenantId }) =>
      `Tenant '${tenantId}' not found. Check to make sure you have the correct tenant ID and are signing into the ` +
      'correct cloud. Check with your subscription administrator, this may happen if there are no active ' +
      'subscriptions for the tenant.',
  ],
  AADSTS90033: ['temporarily_unavailable', () => 'A transient error has occurred. Please try again.'],
};

/** A refusal by its code, with the ids of the request in its text. */
export function entraRefusal(name: EntraRefusalName, exchange: Exchange, tenantId: string, world: World): EntraRefusal {
  const parameters = new URLSearchParams(exchange.body.toString('utf8'));
  const [error, message] = TEXTS[name];
  const subject: Subject = {
    clientId: parameters.get('client_id') ?? '',
    tenantId,
    audience: requestedAudience(exchange) ?? '',
    assertion: claimsOf(parameters.get('client_assertion'), tenantId, world),
    now: new Date(world.configuration.now()).toISOString(),
  };
  return { error, code: Number(name.slice('AADSTS'.length)), message: message(subject) };
}

/** Whether an audience is one of a list; a trailing slash makes no difference. */
export function isOfAudience(audience: string, list: readonly string[]): boolean {
  const bare = (uri: string): string => uri.replace(/\/$/, '');
  return list.some((one) => bare(one) === bare(audience));
}

/** What the texts about federated credentials name: the claims of the assertion, or those of the managed identity. */
function claimsOf(assertion: string | null, tenantId: string, world: World): Subject['assertion'] {
  let claims: unknown;
  try {
    claims = JSON.parse(Buffer.from(assertion?.split('.')[1] ?? '', 'base64url').toString('utf8'));
  } catch {
    // No assertion: the request is that of the managed identity itself.
  }
  const given = isRecord(claims) ? claims : {};
  const text = (value: unknown, otherwise: string): string => (typeof value === 'string' ? value : otherwise);
  return {
    iss: text(given.iss, issuerOf(world, tenantId)),
    sub: text(given.sub, world.configuration.systemAssigned.objectId),
    aud: text(given.aud, 'api://AzureADTokenExchange'),
  };
}
