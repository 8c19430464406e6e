/**
 * Composition root: configuration and ports in, what does an application's work out. Loaded with an application's first
 * call, and with it the whole flow (docs/architecture.md). Wiring only.
 */
import { existingState, keepState } from './cache/process-state.js';
import { createSharedState, type SharedState } from './cache/shared-state.js';
import { readExtraAuthorities, readProxyEnvironment, type Configuration } from './config.js';
import { createLogger, type Logger } from './diagnostics/logger.js';
import type { CallSurroundings } from './mtls-fetch/application-members.js';
import { hostPlatform } from './host-platform.js';
import { createHttpTransport } from './imds/http.js';
import { createNetworkModuleTransport } from './imds/network-module.js';
import { createSoftwarePlatform, NO_CERTIFICATE_STORE } from './platform/software/index.js';
import { authoritiesOf } from './platform/software/mtls-transport.js';
import type { Clock, HttpTransport, Platform } from './ports.js';
import type {
  AuthenticationResult,
  ManagedIdentityCapabilities,
  MtlsBindingContext,
  MtlsPopAuthenticationResult,
  MtlsPopRequestParams,
} from './public-types.js';
import { createBearerDelegate } from './request/bearer.js';
import { queryCapabilities } from './request/capabilities.js';
import { IdentityClient } from './request/identity-client.js';
import { acceptReplacement, acquireOverMtls, isServedAgain, replaceBinding } from './request/managed-identity.js';
import { isRequestOverMtls, parseRequest, readTokenOptions } from './request/parse-request.js';
import { systemClock } from './time/clock.js';

/** What an application works with besides its configuration. */
export interface Surroundings {
  readonly state: SharedState;
  readonly platform: Platform;
  readonly clock: Clock;
}

/** What all applications of this process share. */
export async function processSurroundings(): Promise<Surroundings> {
  const state = existingState() ?? keepState(createSharedState());
  const created = state.platform ?? (await createPlatform());
  // Another application, or the other build of this library, may have been faster: then its keys are the ones.
  state.platform ??= created;
  return { state, platform: state.platform, clock: systemClock };
}

async function createPlatform(): Promise<Platform> {
  const software = createSoftwarePlatform(readExtraAuthorities);
  if (hostPlatform() !== 'win32') return software;
  const { createWin32Platform } = await import('./platform/win32/index.js');
  return createWin32Platform({ software, readProxyEnvironment });
}

/** PEM of all authorities that its connections trust; undefined: the defaults of the process. */
export function authoritiesTrustedBy({ trustedAuthorities }: Configuration): string[] | undefined {
  return authoritiesOf({ trustedAuthorities, readExtraAuthorities });
}

/** Plain HTTP as an application configured it. */
export function httpTransportOf(configuration: Configuration): HttpTransport {
  const { networkClient } = configuration;
  return networkClient === undefined
    ? createHttpTransport(() => authoritiesTrustedBy(configuration))
    : createNetworkModuleTransport(networkClient);
}

/** The work of one application. Options are unchecked: what is not valid throws or rejects before any I/O. */
export interface ComposedApplication {
  acquireToken(options: unknown): AuthenticationResult | Promise<AuthenticationResult>;
  /** A token under another certificate than that of `refused`, when it is one of this application's. */
  replaceBinding(request: MtlsPopRequestParams, refused: MtlsBindingContext): Promise<MtlsPopAuthenticationResult>;
  acceptReplacement(refused: MtlsBindingContext, accepted: MtlsBindingContext): void;
  capabilities(options: unknown): Promise<ManagedIdentityCapabilities>;
  trustedAuthorities(): readonly string[] | undefined;
  readonly callSurroundings: CallSurroundings;
}

const VERIFIED_NEVERTHELESS =
  'NODE_TLS_REJECT_UNAUTHORIZED=0 is set: other connections of this process trust any server; those of msal-mi-core ' +
  'verify it nevertheless. Remove the variable; private authorities go into system.ca';
const NOT_BY_PROXY =
  'HTTPS_PROXY is set: connections with software keys are made directly all the same. Let them through, or use a host with ' +
  'KeyGuard, where the proxy is used';

const told = new WeakMap<object, Set<string>>();
/** Receives what only NODE_DEBUG shows. */
const NOBODY = {};

/** Once per logger, however many applications use it. */
function tellOnce(receiver: object, message: string, tell: (message: string) => void): void {
  const known = told.get(receiver) ?? new Set<string>();
  told.set(receiver, known);
  if (known.has(message)) return;
  known.add(message);
  tell(message);
}

/** What the environment asks for and does not get. */
function tellOfEnvironment({ loggerOptions, ...configuration }: Configuration, log: Logger): void {
  const receiver = loggerOptions?.loggerCallback ?? NOBODY;
  if (configuration.isVerificationSwitchedOff) tellOnce(receiver, VERIFIED_NEVERTHELESS, log.warning);
  if (configuration.isProxyNamed && hostPlatform() !== 'win32') tellOnce(receiver, NOT_BY_PROXY, log.info);
}

export function composeApplication(configuration: Configuration, surroundings: Surroundings): ComposedApplication {
  const { state, platform, clock } = surroundings;
  const { loggerOptions, retriesEnabled, persistCertificates, unknownMembers } = configuration;
  const log = createLogger(loggerOptions);
  if (unknownMembers.length > 0) log.warning(`Ignored members of the configuration: ${unknownMembers.join(', ')}`);
  tellOfEnvironment(configuration, log);
  const client = new IdentityClient(configuration, {
    state,
    platform: persistCertificates ? platform : { ...platform, certificateStore: NO_CERTIFICATE_STORE },
    clock,
    log,
    retriesEnabled,
    http: httpTransportOf(configuration),
  });
  let bearer: ReturnType<typeof createBearerDelegate> | undefined;
  return {
    acquireToken(options) {
      const given = readTokenOptions(options);
      if (isRequestOverMtls(given)) return acquireOverMtls(parseRequest(given), client);
      bearer ??= createBearerDelegate(configuration.ofMsalNode, client);
      return bearer(given);
    },
    replaceBinding: async (request, refused) =>
      replaceBinding(parseRequest(readTokenOptions(request)), refused, client),
    acceptReplacement: (refused, accepted) => acceptReplacement(refused, accepted, client),
    capabilities: (options) => queryCapabilities(options, client),
    callSurroundings: {
      clock,
      log,
      againServed(options) {
        const request = parseRequest(readTokenOptions(options));
        return (held) => isServedAgain(held, request, client);
      },
    },
    trustedAuthorities: () => authoritiesTrustedBy(configuration),
  };
}
