import { inspect } from 'node:util';
import type { AccessToken, Binding } from './model.js';
import { invalidRequest, readMembers } from './options/options.js';
import type {
  AuthenticationResult,
  BindingCertificate,
  MtlsBindingContext,
  MtlsPopAuthenticationResult,
} from './public-types.js';

/**
 * A token, and all that its result says besides.
 *
 * @internal
 */
export interface IssuedToken {
  readonly token: AccessToken;
  readonly binding: Binding;
  readonly context: MtlsBindingContext;
  readonly resource: string;
  /** `resource` followed by `/.default`. */
  readonly scope: string;
  readonly correlationId: string;
  readonly fromCache: boolean;
  /** Whose token it is. Default: the authority and tenant of the binding. */
  readonly issuedBy?: { readonly authority: string; readonly tenantId: string } | undefined;
}

const NO_CLAIMS = Object.freeze({});

/** A class only for the redaction: every field is an own member, so that a spread copy has them all. */
class TokenResult implements AuthenticationResult {
  // Declared only and assigned in the constructor: defining each member first would double its cost.
  declare readonly authority: string;
  declare readonly uniqueId: string;
  declare readonly tenantId: string;
  declare readonly scopes: Array<string>;
  declare readonly account: null;
  declare readonly idToken: string;
  declare readonly idTokenClaims: object;
  declare readonly accessToken: string;
  declare readonly fromCache: boolean;
  declare readonly expiresOn: Date;
  declare readonly extExpiresOn?: Date;
  declare readonly refreshOn?: Date;
  declare readonly tokenType: string;
  declare readonly correlationId: string;
  declare readonly requestId?: string;
  declare readonly resource: string;
  declare readonly bindingCertificate?: BindingCertificate;
  declare readonly binding?: MtlsBindingContext;

  constructor(issued: IssuedToken, isBound: boolean) {
    const { token, binding } = issued;
    const { authority, tenantId } = issued.issuedBy ?? binding;
    this.authority = authority;
    this.uniqueId = '';
    this.tenantId = tenantId;
    this.scopes = [issued.scope];
    this.account = null;
    this.idToken = '';
    this.idTokenClaims = NO_CLAIMS;
    this.accessToken = token.secret;
    this.fromCache = issued.fromCache;
    this.expiresOn = new Date(token.expiresAtMs);
    if (token.extExpiresAtMs !== undefined) this.extExpiresOn = new Date(token.extExpiresAtMs);
    if (token.refreshOnMs !== undefined) this.refreshOn = new Date(token.refreshOnMs);
    this.tokenType = token.tokenType;
    this.correlationId = issued.correlationId;
    if (token.requestId !== undefined) this.requestId = token.requestId;
    this.resource = issued.resource;
    if (isBound) {
      this.bindingCertificate = binding.certificate;
      this.binding = issued.context;
    }
  }

  /** As it is printed: loggers that turn objects into JSON get no token. A spread copy has the members, and prints them. */
  toJSON(): object {
    return { ...(this as AuthenticationResult), ...shownOf(this) };
  }

  [inspect.custom](_depth: number, options: object): string {
    return `AuthenticationResult ${inspect(this.toJSON(), options)}`;
  }
}

/** What is printed in place of the members of these names. */
function shownOf({ bindingCertificate: certificate, binding }: TokenResult): object {
  return {
    accessToken: '<redacted>',
    ...(certificate && { bindingCertificate: { x5tS256: certificate.x5tS256, notAfter: certificate.notAfter } }),
    ...(binding && { binding: { strength: binding.strength, exportable: binding.exportable } }),
  };
}

/** @internal */
export function createResult(issued: IssuedToken): MtlsPopAuthenticationResult {
  return Object.freeze(new TokenResult(issued, true)) as MtlsPopAuthenticationResult;
}

/**
 * The result for a bearer token: it says nothing of the certificate it was acquired with.
 *
 * @internal
 */
export function createBearerResult(issued: IssuedToken): AuthenticationResult {
  return Object.freeze(new TokenResult(issued, false));
}

const RESULT_NAMES = ['tokenType', 'accessToken'] as const;

/**
 * The value of the `Authorization` header for a result: its scheme and its token.
 *
 * @param result - What `acquireToken` returned.
 * @returns `mtls_pop <token>` for bound tokens, `Bearer <token>` otherwise.
 * @throws ManagedIdentityError `invalid_request` for anything else.
 */
export function createAuthorizationHeader(result: AuthenticationResult): string {
  const { tokenType, accessToken } = readMembers(Object(result) as object, RESULT_NAMES, invalidRequest);
  if (typeof tokenType !== 'string' || typeof accessToken !== 'string' || tokenType === '' || accessToken === '') {
    throw invalidRequest('createAuthorizationHeader needs what acquireToken returned.');
  }
  return `${tokenType} ${accessToken}`;
}
