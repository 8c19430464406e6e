/**
 * What an operator does next, in one place (D29): by the AADSTS code, then by the OAuth error, then by the stage; by what IMDS
 * says; by how a connection failed. Thrown errors, the doctor and `docs/errors.md` share it. Loaded with the first failure.
 */
import type { TransportFailure } from './ports.js';

/** What it means, and what to do about it. */
export type Advice = readonly [meaning: string, remedy: string];

const SUPPORT = 'report the correlation id to Azure support when it stays.';
const NEW_CERTIFICATE = `Another certificate was tried, once: check the clock of this host, and ${SUPPORT}`;
const NEW_ASSERTION = 'Another assertion was tried, once: check the clock of this host and who signs the assertion.';
const CREDENTIAL = 'In the federated identity credential of the application';
const COMPARE = `${CREDENTIAL}, issuer, subject and audience must equal what was presented, case included.`;
const stale = (what: string): Advice => [`The credential in the certificate has an invalid ${what}.`, NEW_CERTIFICATE];

/** By the digits of the code. */
export const AADSTS_ADVICE: Readonly<Record<string, Advice>> = {
  '392196': [
    'The resource takes no certificate-bound tokens.',
    'Ask for requestOverMtls: true in place of mtlsProofOfPossession for this resource: a bearer token over the ' +
      'same certificate. An application with a federated credential leaves mtlsProofOfPossession out.',
  ],
  '3921996': [
    'The tenant may not receive bound tokens under an attested certificate.',
    'Have Azure support enable the tenant. There is no fallback: until then ask for requestOverMtls: true or a bearer token, knowingly.',
  ],
  '392189': [
    'The application is not enabled for tokens over mutual TLS.',
    'Have the application enabled, or use a managed identity directly.',
  ],
  '1000604': [
    'The parameters of the request do not fit the certificate.',
    `Check resource, tenant and kind of token, and that msal-mi-core is up to date; ${SUPPORT}`,
  ],
  '1000610': stale('time range'),
  '1000611': stale('issuer'),
  '1000612': stale('claim value'),
  '1000613': stale('jku'),
  '1000614': stale('signature'),
  '1000901': ['The time until which the certificate gets tokens has passed.', NEW_CERTIFICATE],
  '1000502': ['The certificate is not within its time range.', NEW_CERTIFICATE],
  '7000214': ['The certificate has been revoked.', NEW_CERTIFICATE],
  '7000277': ['The certificate was revoked by its authority.', NEW_CERTIFICATE],
  '500181': [
    'The certificate of the connection is not the one that the assertion is bound to.',
    'Return assertion and binding of one and the same token, and check that nothing on the way terminates TLS.',
  ],
  '700016': [
    'The application does not exist in the tenant.',
    'Check the client id and the tenant of the authority. An identity that was just made, or made anew, takes minutes to be known.',
  ],
  '7000229': [
    'The application has no service principal in the tenant.',
    'Create it in the tenant of the request: az ad sp create --id <client id>. Registering an application in a script does not.',
  ],
  '7000112': [
    'The application is disabled.',
    'Enable it: Entra admin center, Enterprise applications, Properties. An administrator or Microsoft has switched it off.',
  ],
  '70021': ['No federated identity credential fits the assertion.', COMPARE],
  '70025': ['The application has no federated identity credential.', `Add one. ${COMPARE}`],
  '700211': ['No federated identity credential has the issuer of the assertion.', COMPARE],
  '700212': ['No federated identity credential has the audience of the assertion.', COMPARE],
  '700213': [
    'No federated identity credential has the subject of the assertion.',
    `${COMPARE} The subject of a managed identity is its object id, not its client id.`,
  ],
  '7002137': ['No federated identity credential has the subject of the assertion.', COMPARE],
  '700024': ['The assertion is not within its time range.', NEW_ASSERTION],
  '700027': ['The key that signed the assertion is not known.', NEW_ASSERTION],
  '7000274': ['The assertion has an invalid signature.', NEW_ASSERTION],
  '90002': [
    'The tenant does not exist in this cloud.',
    'Check the tenant id and the cloud of the authority; a tenant without an active subscription is not found either.',
  ],
  '90033': ['Entra ID has a passing fault.', 'Try again.'],
  '100007': [
    'Regional endpoints serve managed identities and Microsoft services only.',
    'Use the global endpoint: azureRegion: "DisableMsalForceRegion", and unset MSAL_FORCE_REGION.',
  ],
  '500011': [
    'The resource is not known in the tenant.',
    'Check the spelling of the resource, and the tenant; its service principal has to exist there: az ad sp create --id <application id>.',
  ],
  '500117': [
    'The request names an address without a secure scheme.',
    'Write the resource as an https:// or api:// URI; no reply URI is sent, so also check that no proxy rewrites the request.',
  ],
  '501051': [
    'The identity has no role of the resource, which requires one.',
    'Assign an application role of the resource to the service principal of the identity, and allow for minutes until it is known.',
  ],
  '53003': [
    'A Conditional Access policy blocks the identity.',
    'Look the correlation id up in the sign-in logs (managed identity or service principal sign-ins): the policy is named there.',
  ],
};

/** Codes that say which federated identity credential was looked for. */
export const FEDERATION_CODES: ReadonlySet<string> = new Set([
  '70021',
  '70025',
  '700211',
  '700212',
  '700213',
  '7002137',
]);

/** By the error code of RFC 6749 section 5.2 that Entra ID sent. */
export const OAUTH_ADVICE: Readonly<Record<string, Advice>> = {
  invalid_client: [
    'Entra ID refused the certificate, also after it was replaced once, or the assertion.',
    'Check that the tenant is enabled for certificate-bound tokens, and of a federated credential the application.',
  ],
  invalid_request: ['Entra ID calls the request malformed.', `Check resource, tenant and claims; ${SUPPORT}`],
  invalid_resource: ['Entra ID does not know the resource.', 'Check the spelling of the resource, and the tenant.'],
  invalid_scope: [
    'Entra ID does not take the scope.',
    'Check the resource: one application ID URI, without /.default.',
  ],
  invalid_grant: [
    'The identity may not have this token.',
    'Assign the role or permission that the message names to the service principal of the identity.',
  ],
  unauthorized_client: [
    'The application may not ask for this token.',
    'Check that it exists and is enabled in this tenant, and has access to the resource.',
  ],
  access_denied: [
    'A policy of the tenant denies the token.',
    'Look the correlation id up in the sign-in logs: the policy is named there.',
  ],
  interaction_required: [
    'Entra ID demands more before it issues this token.',
    'Pass the claims of the error as claims; a policy that asks for a person has to exclude the identity.',
  ],
  temporarily_unavailable: ['Entra ID is not available for the moment.', 'Try again.'],
};

/** For everything else that the token endpoint refuses. */
export const TOKEN_STAGE_REMEDY = `See the message and httpStatus; ${SUPPORT}`;

/** An answer of IMDS, told apart by its status or its words (D8). */
export interface ImdsAdvice {
  /** Words of an answer, or a status. */
  readonly example: string;
  readonly fits: (status: number, text: string) => boolean;
  readonly meaning: string;
  readonly remedy: string;
  /** For a request that named no identity. Default: the same. */
  readonly systemRemedy?: string;
  /** The version of IMDS is the right one; the fault is the identity's. */
  readonly isAboutIdentity?: true;
}

const ASSIGN =
  'Assign it (portal: Security, Identity, User assigned; or az vm identity assign --identities), or correct the id.';
const TURN_ON =
  'Turn the system-assigned identity on (portal: Security, Identity; or az vm identity assign), or set userAssignedClientId.';
const MINUTES = 'What was assigned a moment ago takes minutes to arrive.';
const words = (pattern: RegExp) => (_status: number, text: string) => pattern.test(text);

/** The first row that fits is the one. None but a 404 means that there is no version 2. */
export const IMDS_ADVICE: readonly ImdsAdvice[] = [
  {
    example: 'no AzureAssignedIdentity found for pod',
    fits: words(/AzureAssignedIdentity/i),
    meaning: 'AAD Pod Identity (NMI) answers in place of IMDS.',
    remedy: 'Exempt the pod from it (AzurePodIdentityException), or run on the host network: NMI has no version 2.',
  },
  {
    example: 'Multiple user assigned identities exist, please specify the clientId / resourceId',
    fits: words(/\b(multiple|several|more than one)\b[^.]* (identity|identities)\b/i),
    meaning: 'The VM has several user-assigned identities, and the request names none.',
    remedy: 'Set userAssignedClientId (or userAssignedResourceId, userAssignedObjectId); in doctor: --identity.',
    isAboutIdentity: true,
  },
  {
    example: 'The requested identity has not been assigned to this resource',
    fits: words(/\bidentity\b[^.]*\b(not (yet )?been|not yet) assigned\b/i),
    meaning: 'The identity is not assigned to the VM, or not yet.',
    remedy: `${MINUTES} ${ASSIGN}`,
    systemRemedy: `${MINUTES} ${TURN_ON}`,
    isAboutIdentity: true,
  },
  {
    example: "Identity not found; the requested identity isn't assigned to this resource; no … managed identity found",
    fits: words(
      /\bidentity\b[^.]*(\bnot|n['’]t)\s+(been\s+)?(found|assigned)\b|\bno\b[^.]*\b(identity|msi)\b[^.]*\bfound\b/i,
    ),
    meaning: 'The identity is not assigned to the VM.',
    remedy: `${ASSIGN} ${MINUTES}`,
    systemRemedy: `${TURN_ON} ${MINUTES}`,
    isAboutIdentity: true,
  },
  {
    example: 'Attestation token is missing',
    fits: words(/attestation token is missing/i),
    meaning: 'IMDS wants an attested key.',
    remedy: 'Install msal-key-attestation and pass withAttestationSupport: true.',
  },
  {
    example: 'Required metadata header not specified',
    fits: words(/metadata header/i),
    meaning: 'The header Metadata: true did not arrive.',
    remedy: 'Look for a proxy between this process and IMDS that drops headers, or for a networkClient that does.',
  },
  {
    example: 'HTTP 429',
    fits: (status) => status === 429,
    meaning: 'IMDS is asked too often from this VM.',
    remedy:
      'Wait: retries do. Share one application between callers, and look for other programs that ask IMDS in a loop.',
  },
  {
    example: 'HTTP 404, 408, 410, 5xx',
    fits: (status) => [404, 408, 410].includes(status) || status >= 500,
    meaning: 'IMDS is not ready, or is being updated.',
    remedy: `Try again in a minute; ${SUPPORT}`,
  },
];

export function imdsAdvice(status: number, text: string): ImdsAdvice | undefined {
  return IMDS_ADVICE.find(({ fits }) => fits(status, text));
}

/** The permission model of Node.js keeps the process from the network. */
export const NO_NETWORK_REMEDY = 'Start Node.js with --allow-net, as --permission is on.';

/** Nothing answers at the address of IMDS, or something else does: on the address of Azure, and on one that was set. */
export const NO_IMDS_REMEDY = {
  azure:
    'Outside of an Azure VM there is no metadata service: to try the library, run `npx msal-mi-emulator` and set the ' +
    'variables it prints. On a VM check that 169.254.169.254 is reached without a proxy.',
  override: 'Start the emulator, or correct AZURE_POD_IDENTITY_AUTHORITY_HOST; unset it on an Azure VM.',
} as const;

/** By why no answer arrived. */
export const NETWORK_ADVICE: Readonly<Partial<Record<TransportFailure, string>>> = {
  unreachable: 'Check DNS, firewall and proxy for the host that the message names.',
  timeout: 'Check firewall and proxy for the host that the message names; try again.',
  untrusted_server:
    'Exempt the host that the message names from TLS inspection; the authority of a private one goes into system.ca.',
  invalid_response: 'Check that no proxy or gateway answers in place of the host that the message names.',
};
