import { CONFIGURATION_NAMES } from '../config.js';
import { ManagedIdentityError } from '../errors.js';
import { ManagedIdentityApplication } from '../index.js';
import { createHostCheck } from '../mtls-fetch/allowed-hosts.js';
import { REPLACE_BINDING, WITH_CAPABILITY } from '../mtls-fetch/application-members.js';
import { invalidConfiguration, invalidRequest, readable, readMembers } from '../options/options.js';
import { namesOf, refuseIdentityLookAlikes, spellingOf } from '../options/identity-members.js';
import type { ManagedIdentityConfiguration, MtlsBindingStrength, MtlsPopRequestParams } from '../public-types.js';

/** Options of {@link MtlsManagedIdentityCredential}. Unknown members are refused. */
export interface MtlsManagedIdentityCredentialOptions extends ManagedIdentityConfiguration {
  /**
   * An application to use; then no member of the configuration may be set. Default: a new one with the configuration in
   * these options.
   */
  application?: ManagedIdentityApplication;
  /** As for `acquireToken`. Default: false. */
  withAttestationSupport?: boolean;
  /** As for `acquireToken`. Default: `KeyGuard`. */
  minStrength?: MtlsBindingStrength;
  /**
   * Hosts that may receive the tokens of this credential, as for `createMtlsFetch`. Default: for each token the hosts of
   * its resource, such as everything below `vault.azure.net` for `https://vault.azure.net/.default`.
   */
  allowedHosts?: ReadonlyArray<string | RegExp>;
}

/** What a credential works with. */
export interface CredentialParts {
  readonly application: ManagedIdentityApplication;
  /** False when another identity may be configured where this library cannot see it. */
  readonly isSystemAssigned: boolean;
  readonly requirements: Pick<MtlsPopRequestParams, 'withAttestationSupport' | 'minStrength'>;
  readonly allowedHosts: MtlsManagedIdentityCredentialOptions['allowedHosts'];
}

const OWN_NAMES = ['application', 'withAttestationSupport', 'minStrength', 'allowedHosts'];
const NAMES: ReadonlySet<string> = new Set([...OWN_NAMES, ...CONFIGURATION_NAMES]);
const WHERE = 'MtlsManagedIdentityCredential';

/** @throws ManagedIdentityError `invalid_request`, `invalid_managed_identity_id_type`, `invalid_configuration`. */
export function parseCredentialOptions(options: unknown): CredentialParts {
  return readable(invalidRequest, () => parse(options));
}

function parse(options: unknown): CredentialParts {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalidConfiguration(`${WHERE} takes an object. ${spellingOf('')}`);
  }
  refuseIdentityLookAlikes(WHERE, options, NAMES, invalidIdentity);
  for (const name of namesOf(options)) {
    if (!NAMES.has(name)) throw invalidRequest(`${WHERE} has no option ${JSON.stringify(name)}.`);
  }
  const given = { ...readMembers(options, NAMES, invalidRequest) } as MtlsManagedIdentityCredentialOptions;
  const { application, withAttestationSupport, minStrength, allowedHosts, ...configuration } = given;
  // Says at once what is wrong with it.
  if (allowedHosts !== undefined) createHostCheck('', allowedHosts);
  return {
    application: parseApplication(application, configuration) ?? new ManagedIdentityApplication(configuration),
    isSystemAssigned: application === undefined && configuration.managedIdentityIdParams === undefined,
    requirements: {
      ...(withAttestationSupport !== undefined && { withAttestationSupport }),
      ...(minStrength !== undefined && { minStrength }),
    },
    allowedHosts: allowedHosts && [...allowedHosts],
  };
}

function parseApplication(
  application: ManagedIdentityApplication | undefined,
  configuration: ManagedIdentityConfiguration,
): ManagedIdentityApplication | undefined {
  if (application === undefined) return undefined;
  if (!isApplication(application)) throw invalidRequest('application must be a ManagedIdentityApplication.');
  const [member] =
    Object.entries(configuration as Record<string, unknown>).find(([, value]) => value !== undefined) ?? [];
  if (member !== undefined) {
    throw invalidRequest(`${member} cannot be set next to application, which has a configuration of its own.`);
  }
  return application;
}

function isApplication(value: unknown): boolean {
  return typeof value === 'object' && value !== null && REPLACE_BINDING in value && WITH_CAPABILITY in value;
}

function invalidIdentity(message: string): ManagedIdentityError {
  return new ManagedIdentityError('invalid_managed_identity_id_type', { message });
}
