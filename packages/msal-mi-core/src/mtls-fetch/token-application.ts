/** The applications that calls get their bound tokens from: a managed identity, or a client that federates with one. */
import { MsiV2Error, type ManagedIdentityError } from '../errors.js';
import { invalidRequest } from '../options/options.js';
import type {
  AuthenticationResult,
  MtlsBearerRequestParams,
  MtlsPopAuthenticationResult,
  MtlsPopRequestParams,
} from '../public-types.js';
import {
  CALL_SURROUNDINGS,
  REPLACE_BINDING,
  REPLACEMENT,
  TRUSTED_AUTHORITIES,
  WITH_CAPABILITY,
  type BindingReplacer,
  type CallMembers,
  type CallSurroundings,
  type ClientBindingReplacer,
  type ClientRequest,
} from './application-members.js';

/** Usually a ManagedIdentityApplication. */
export interface BoundTokenApplication {
  readonly acquireToken: (request: MtlsPopRequestParams) => Promise<MtlsPopAuthenticationResult>;
}

/** Usually a BoundConfidentialClient. */
export interface BoundTokenClient {
  acquireTokenByClientCredential(request: ClientRequest): Promise<MtlsPopAuthenticationResult>;
}

/** An application of this library, with the members that only those have. A client is made to look like one. */
export interface TokenApplication extends BindingReplacer {
  acquireToken(request: MtlsPopRequestParams): Promise<MtlsPopAuthenticationResult>;
  acquireToken(request: MtlsPopRequestParams | MtlsBearerRequestParams): Promise<AuthenticationResult>;
  [WITH_CAPABILITY](capability: string): TokenApplication;
  [TRUSTED_AUTHORITIES](): Promise<readonly string[] | undefined>;
}

interface OwnClient extends ClientBindingReplacer {
  acquireTokenByClientCredential(request: ClientRequest): Promise<MtlsPopAuthenticationResult>;
  acquireTokenByClientCredential(request: Omit<ClientRequest, 'mtlsProofOfPossession'>): Promise<AuthenticationResult>;
  [WITH_CAPABILITY](capability: string): OwnClient;
  [TRUSTED_AUTHORITIES](): Promise<readonly string[] | undefined>;
  [CALL_SURROUNDINGS](): CallSurroundings | undefined;
}

/** @throws ManagedIdentityError `invalid_request`, with the name of the function that was given something else. */
export function boundApplicationOf(where: string, app: unknown): BoundTokenApplication {
  if (has(app, 'acquireToken')) return app;
  if (isClient(app)) return isOwn(app) ? applicationOf(app) : { acquireToken: acquireThrough(app) };
  throw invalidRequest(`${where} needs a ManagedIdentityApplication or a BoundConfidentialClient.`);
}

/** Undefined for what is not of this library. */
export function tokenApplicationOf(app: unknown): TokenApplication | undefined {
  if (!isOwn(app)) return undefined;
  return isClient(app) ? applicationOf(app) : app;
}

/** Its requirements for the key are those of its assertion. */
export function isClient(app: unknown): app is BoundTokenClient {
  return has(app, 'acquireTokenByClientCredential');
}

export function optionsOfAssertion(): ManagedIdentityError {
  return invalidRequest(
    'withAttestationSupport and minStrength are options of createManagedIdentityAssertion: the key of a ' +
      'BoundConfidentialClient is the one of its assertion.',
  );
}

/** What was passed in may be anything: nothing but a bound token is ever used as one. */
export function assertBound(result: AuthenticationResult): MtlsPopAuthenticationResult {
  const { binding, tokenType } = result as Partial<MtlsPopAuthenticationResult>;
  if (binding === undefined || tokenType !== 'mtls_pop')
    throw new MsiV2Error('token_type_mismatch', { stage: 'token' });
  return result as MtlsPopAuthenticationResult;
}

/** Undefined for what is not of this library, or has acquired nothing yet. */
export function surroundingsOf(app: BoundTokenApplication): CallSurroundings | undefined {
  const lend = (app as { [CALL_SURROUNDINGS]?: () => CallSurroundings | undefined })[CALL_SURROUNDINGS];
  return typeof lend === 'function' ? lend.call(app) : undefined;
}

function applicationOf(client: OwnClient): TokenApplication {
  const bound = acquireThrough(client);
  async function acquireToken(request: MtlsPopRequestParams): Promise<MtlsPopAuthenticationResult>;
  async function acquireToken(request: MtlsPopRequestParams | MtlsBearerRequestParams): Promise<AuthenticationResult>;
  async function acquireToken(request: MtlsPopRequestParams | MtlsBearerRequestParams): Promise<AuthenticationResult> {
    // To the token service it is a client like any other: a bearer token is what it gets when it does not ask for more.
    return request.requestOverMtls === true ? client.acquireTokenByClientCredential(demandOf(request)) : bound(request);
  }
  const application: TokenApplication & Pick<OwnClient, typeof CALL_SURROUNDINGS> = {
    acquireToken,
    [REPLACE_BINDING]: (request, refused) => client[REPLACE_BINDING](toClientRequest(request), refused),
    [WITH_CAPABILITY]: (capability) => applicationOf(client[WITH_CAPABILITY](capability)),
    [TRUSTED_AUTHORITIES]: () => client[TRUSTED_AUTHORITIES](),
    [CALL_SURROUNDINGS]: () => client[CALL_SURROUNDINGS](),
  };
  return application;
}

const acquireThrough = (client: BoundTokenClient) => (request: MtlsPopRequestParams) =>
  client.acquireTokenByClientCredential(toClientRequest(request));

const DEFAULT_SCOPE_SUFFIX = '/.default';

const toClientRequest = (request: MtlsPopRequestParams & CallMembers): ClientRequest => ({
  ...demandOf(request),
  mtlsProofOfPossession: true,
});

type Demand = Omit<ClientRequest, 'mtlsProofOfPossession'>;

function demandOf(request: (MtlsPopRequestParams | MtlsBearerRequestParams) & CallMembers): Demand {
  const { resource, claims, signal, [REPLACEMENT]: replacement } = request;
  const scope = resource.trim();
  return {
    scopes: [scope.endsWith(DEFAULT_SCOPE_SUFFIX) ? scope : scope.replace(/\/+$/, '') + DEFAULT_SCOPE_SUFFIX],
    ...(claims !== undefined && { claims }),
    ...(signal !== undefined && { signal }),
    ...(replacement !== undefined && { [REPLACEMENT]: replacement }),
  };
}

function isOwn(app: unknown): app is OwnClient {
  return typeof app === 'object' && app !== null && REPLACE_BINDING in app && WITH_CAPABILITY in app;
}

function has<M extends string>(app: unknown, method: M): app is Record<M, never> {
  return typeof app === 'object' && app !== null && typeof (app as Record<string, unknown>)[method] === 'function';
}
