import { invalidConfiguration, readable, readMembers } from '../options/options.js';
import { refuseIdentityLookAlikes } from '../options/identity-members.js';
import type { Surroundings } from '../composition.js';
import { parseConfiguration } from '../config.js';
import {
  CALL_SURROUNDINGS,
  REPLACE_BINDING,
  TRUSTED_AUTHORITIES,
  WITH_CAPABILITY,
  type CallSurroundings,
  type ClientRequest,
} from '../mtls-fetch/application-members.js';
import type {
  AuthenticationResult,
  ManagedIdentityConfiguration,
  MtlsBindingContext,
  MtlsPopAuthenticationResult,
} from '../public-types.js';
import type { ComposedClient } from './compose-client.js';
import type { BoundClientAssertionCallback } from './client-assertion.js';
import type { ClientCredentialParams } from './client-credential-request.js';
import type { ClientSettings } from './federated-client.js';
import { isRegionName, parseMtlsAuthority } from './mtls-authority.js';

const NAMES = new Set(['auth', 'system']);
const AUTH_NAMES = new Set(['clientId', 'authority', 'clientAssertion', 'clientCapabilities']);

/** Configuration of {@link BoundConfidentialClient}. */
export interface BoundConfidentialClientConfiguration {
  /** Who asks. */
  auth: {
    /** The application, not the managed identity: that one cannot exchange its own assertion. */
    clientId: string;
    /**
     * `https://login.<cloud>/<tenant>`; requests go to the `mtlsauth` host of that cloud. An authority on a loopback
     * host (`https://localhost:<port>/<tenant>`) is used as it is.
     */
    authority: string;
    /** Usually from `createManagedIdentityAssertion`. */
    clientAssertion: BoundClientAssertionCallback;
    /** Capabilities such as `"cp1"`, sent as `xms_cc` in the claims parameter. Default: none. */
    clientCapabilities?: string[];
  };
  /**
   * As for ManagedIdentityApplication. `timeout` covers both legs. Without `ca` the connections are those of the binding,
   * which trust what the application that made it trusts.
   */
  system?: ManagedIdentityConfiguration['system'];
}

/**
 * Acquires tokens for an application whose credential is a managed identity (federated identity credential). The
 * assertion of the identity and the certificate it is bound to are presented together, so that neither is of use to
 * anybody else.
 *
 * Instances are cheap. Those of one process share tokens, but never a transport, a logger, a retry setting or a deadline.
 *
 * @example
 * ```ts
 * import { BoundConfidentialClient, ManagedIdentityApplication, createManagedIdentityAssertion } from 'msal-mi-core';
 *
 * const client = new BoundConfidentialClient({
 *   auth: {
 *     clientId: '22222222-2222-2222-2222-222222222222',
 *     authority: 'https://login.microsoftonline.com/33333333-3333-3333-3333-333333333333',
 *     clientAssertion: createManagedIdentityAssertion(new ManagedIdentityApplication()),
 *   },
 * });
 * const scopes = ['https://vault.azure.net/.default'];
 * const result = await client.acquireTokenByClientCredential({ scopes, mtlsProofOfPossession: true });
 * ```
 */
export class BoundConfidentialClient {
  #settings: ClientSettings;
  readonly #original: BoundConfidentialClientConfiguration;
  readonly #surroundings: Surroundings | undefined;
  #composing: Promise<ComposedClient> | undefined;
  #composed: ComposedClient | undefined;
  readonly #withCapability = new Map<string, BoundConfidentialClient>();

  /**
   * @param configuration - `auth` is required. Unknown members are ignored.
   * @throws ManagedIdentityError `invalid_configuration`; MsiV2Error `missing_tenanted_authority` for `/common` and
   *   `/organizations`, and `mtls_pop_not_supported_for_environment` for authorities without an `mtlsauth` host.
   */
  constructor(configuration: BoundConfidentialClientConfiguration);
  /** @internal */
  constructor(configuration: Readonly<BoundConfidentialClientConfiguration>, surroundings: Surroundings);
  constructor(configuration: BoundConfidentialClientConfiguration, surroundings?: Surroundings) {
    this.#settings = readable(invalidConfiguration, () => parseSettings(configuration));
    this.#original = readable(invalidConfiguration, () => ({ ...configuration, auth: { ...configuration.auth } }));
    this.#surroundings = surroundings;
  }

  /**
   * Acquires a token that is bound to the certificate of the assertion.
   *
   * Tokens are kept per certificate: when the managed identity gets a new one, a new token is acquired with it. When the
   * token endpoint refuses the assertion or the certificate, another one is asked for, once.
   *
   * @param request - One scope, and `mtlsProofOfPossession: true`. Unknown members are refused.
   * @throws MsiV2Error `mtls_certificate_not_provided` and `invalid_client_assertion` when the callback returned nothing
   *   usable, before any request; `invalid_scope`; and the codes of `acquireToken` with `stage: 'token'`. What the
   *   callback rejects with, and the reason of `signal`, are thrown as they are; when it is asked for something else after a
   *   refusal, the refusal is thrown, with the code of what it rejected with in the message.
   */
  acquireTokenByClientCredential(
    request: ClientCredentialParams & { mtlsProofOfPossession: true },
  ): Promise<MtlsPopAuthenticationResult>;
  /**
   * Acquires a bearer token. The client authenticates with assertion and certificate all the same, but whoever holds the
   * token can use it. It too is kept per certificate.
   *
   * @param request - One scope. Unknown members are refused.
   * @throws As for a bound token.
   */
  acquireTokenByClientCredential(
    request: ClientCredentialParams & { mtlsProofOfPossession?: false },
  ): Promise<AuthenticationResult>;
  async acquireTokenByClientCredential(
    request: ClientCredentialParams & { mtlsProofOfPossession?: boolean },
  ): Promise<AuthenticationResult> {
    const { acquire } = await this.#compose();
    return acquire(request);
  }

  /** @internal */
  async [REPLACE_BINDING](request: ClientRequest, refused: MtlsBindingContext): Promise<MtlsPopAuthenticationResult> {
    const { acquire } = await this.#compose();
    const result = await acquire(request, { binding: refused, part: 'certificate' });
    return result as MtlsPopAuthenticationResult;
  }

  /** @internal */
  [WITH_CAPABILITY](capability: string): BoundConfidentialClient {
    const { configuration } = this.#settings;
    const { clientCapabilities } = configuration;
    if (clientCapabilities.includes(capability)) return this;
    const known = this.#withCapability.get(capability);
    if (known !== undefined) return known;
    const derived = new BoundConfidentialClient(this.#original, this.#surroundings as Surroundings);
    // What the environment said when the first one was made.
    derived.#settings = {
      ...this.#settings,
      configuration: { ...configuration, clientCapabilities: Object.freeze([...clientCapabilities, capability]) },
    };
    this.#withCapability.set(capability, derived);
    return derived;
  }

  /** @internal */
  async [TRUSTED_AUTHORITIES](): Promise<readonly string[] | undefined> {
    return (await this.#compose()).trustedAuthorities();
  }

  /** @internal */
  [CALL_SURROUNDINGS](): CallSurroundings | undefined {
    return this.#composed?.callSurroundings;
  }

  /** What does the work is loaded with the first request, as that of a ManagedIdentityApplication is. */
  #compose(): Promise<ComposedClient> {
    this.#composing ??= compose(this.#settings, this.#surroundings).then((composed) => (this.#composed = composed));
    return this.#composing;
  }
}

async function compose(settings: ClientSettings, surroundings: Surroundings | undefined): Promise<ComposedClient> {
  const { composeClient } = await import('./compose-client.js');
  return composeClient(settings, surroundings);
}

function parseSettings(configuration: unknown): ClientSettings {
  const given = Object(configuration ?? {}) as object;
  const { auth, system } = readMembers(given, NAMES, invalidConfiguration);
  refuseIdentityLookAlikes('The configuration', given, NAMES, identityBelongsElsewhere);
  if (typeof auth !== 'object' || auth === null) {
    throw invalidConfiguration('auth must be an object with clientId, authority and clientAssertion.');
  }
  refuseIdentityLookAlikes('auth', auth, AUTH_NAMES, identityBelongsElsewhere);
  const members = readMembers(auth, AUTH_NAMES, invalidConfiguration);
  const { clientId, authority, clientAssertion, clientCapabilities } = members;
  if (typeof clientId !== 'string' || clientId.trim() === '')
    throw invalidConfiguration('auth.clientId must be a non-blank string.');
  if (typeof clientAssertion !== 'function') throw invalidConfiguration('auth.clientAssertion must be a function.');
  const parsed = parseConfiguration({ clientCapabilities, system } as ManagedIdentityConfiguration);
  const { forcedRegion } = parsed.environment;
  if (forcedRegion !== undefined && !isRegionName(forcedRegion)) {
    throw invalidConfiguration('MSAL_FORCE_REGION must consist of letters and digits, such as "westus3".');
  }
  return {
    clientId: clientId.trim(),
    clientAssertion: clientAssertion as BoundClientAssertionCallback,
    authority: parseMtlsAuthority(authority),
    configuration: parsed,
  };
}

function identityBelongsElsewhere(message: string): Error {
  return invalidConfiguration(
    `${message} It goes into the ManagedIdentityApplication that is given to createManagedIdentityAssertion; ` +
      'auth.clientId names the application.',
  );
}
