import { CONFIGURATION_NAMES } from '../config.js';
import { ManagedIdentityError } from '../errors.js';
import { ManagedIdentityApplication, type BoundConfidentialClient } from '../index.js';
import { createHostCheck } from '../mtls-fetch/allowed-hosts.js';
import {
  isClient,
  optionsOfAssertion,
  tokenApplicationOf,
  type TokenApplication,
} from '../mtls-fetch/token-application.js';
import { invalidConfiguration, invalidRequest, parseFlag, readable, readMembers } from '../options/options.js';
import { namesOf, refuseIdentityLookAlikes, spellingOf } from '../options/identity-members.js';
import type { ManagedIdentityConfiguration, MtlsBindingStrength, MtlsPopRequestParams } from '../public-types.js';

/** Options of {@link MtlsManagedIdentityCredential}. Unknown members are refused. */
export interface MtlsManagedIdentityCredentialOptions extends ManagedIdentityConfiguration {
  /**
   * What acquires the tokens: a managed identity, or a client whose federated credential one is. Then no member of the
   * configuration may be set. Default: a new ManagedIdentityApplication with the configuration in these options.
   */
  application?: ManagedIdentityApplication | BoundConfidentialClient;
  /**
   * True gives bearer tokens that are acquired with the certificate, for resources that take no bound tokens, such as Azure
   * Resource Manager. Their clients keep their own transport: no `withMtlsPop`. Default: false.
   */
  requestOverMtls?: boolean;
  /** As for `acquireToken`. Default: false. With a BoundConfidentialClient an option of its assertion. */
  withAttestationSupport?: boolean;
  /** As for `acquireToken`. Default: `KeyGuard`. With a BoundConfidentialClient an option of its assertion. */
  minStrength?: MtlsBindingStrength;
  /**
   * Hosts that may receive the tokens of this credential, as for `createMtlsFetch`. Default: for each token the hosts of
   * its resource, such as everything below `vault.azure.net` for `https://vault.azure.net/.default`. Not with
   * `requestOverMtls`.
   */
  allowedHosts?: ReadonlyArray<string | RegExp>;
}

/**
 * What a credential works with.
 *
 * @internal
 */
export interface CredentialSettings {
  readonly application: TokenApplication;
  /** False when another identity may be configured where this library cannot see it. */
  readonly isSystemAssigned: boolean;
  /** Its tokens are bearer tokens, acquired with the certificate (D33). */
  readonly isBearer: boolean;
  readonly requirements: Pick<MtlsPopRequestParams, 'withAttestationSupport' | 'minStrength'>;
  readonly allowedHosts: MtlsManagedIdentityCredentialOptions['allowedHosts'];
}

const OWN_NAMES = ['application', 'requestOverMtls', 'withAttestationSupport', 'minStrength', 'allowedHosts'];
const NAMES: ReadonlySet<string> = new Set([...OWN_NAMES, ...CONFIGURATION_NAMES]);
const WHERE = 'MtlsManagedIdentityCredential';

/**
 * @throws ManagedIdentityError `invalid_request`, `invalid_managed_identity_id_type`, `invalid_configuration`.
 * @internal
 */
export function parseCredentialOptions(options: unknown): CredentialSettings {
  return readable(invalidRequest, () => parse(options));
}

function parse(options: unknown): CredentialSettings {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalidConfiguration(`${WHERE} takes an object. ${spellingOf('')}`);
  }
  refuseIdentityLookAlikes(WHERE, options, NAMES, invalidIdentity);
  for (const name of namesOf(options)) {
    if (!NAMES.has(name)) throw invalidRequest(`${WHERE} has no option ${JSON.stringify(name)}.`);
  }
  const given = { ...readMembers(options, NAMES, invalidRequest) } as MtlsManagedIdentityCredentialOptions;
  const { application, requestOverMtls, withAttestationSupport, minStrength, allowedHosts, ...configuration } = given;
  const isBearer = parseFlag('requestOverMtls', requestOverMtls);
  if (isBearer && allowedHosts !== undefined) {
    throw invalidRequest(
      'allowedHosts cannot keep a bearer token: it goes where the transport of its client takes it.',
    );
  }
  // Says at once what is wrong with it.
  if (allowedHosts !== undefined) createHostCheck('', allowedHosts);
  if (isClient(application) && (withAttestationSupport ?? minStrength) !== undefined) {
    throw optionsOfAssertion();
  }
  return {
    application: parseApplication(application, configuration) ?? new ManagedIdentityApplication(configuration),
    isSystemAssigned: application === undefined && configuration.managedIdentityIdParams === undefined,
    isBearer,
    requirements: {
      ...(withAttestationSupport !== undefined && { withAttestationSupport }),
      ...(minStrength !== undefined && { minStrength }),
    },
    allowedHosts: allowedHosts && [...allowedHosts],
  };
}

function parseApplication(
  given: MtlsManagedIdentityCredentialOptions['application'],
  configuration: ManagedIdentityConfiguration,
): TokenApplication | undefined {
  if (given === undefined) return undefined;
  const application = tokenApplicationOf(given);
  if (application === undefined) {
    throw invalidRequest('application must be a ManagedIdentityApplication or a BoundConfidentialClient.');
  }
  const [member] =
    Object.entries(configuration as Record<string, unknown>).find(([, value]) => value !== undefined) ?? [];
  if (member !== undefined) {
    throw invalidRequest(`${member} cannot be set next to application, which has a configuration of its own.`);
  }
  return application;
}

function invalidIdentity(message: string): ManagedIdentityError {
  return new ManagedIdentityError('invalid_managed_identity_id_type', { message });
}
