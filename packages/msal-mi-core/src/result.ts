import { inspect } from 'node:util';
import type { AccessToken, Binding } from './model.js';
import type {
  AuthenticationResult,
  BindingCertificate,
  MtlsBindingContext,
  MtlsPopAuthenticationResult,
} from './types.js';

/** What a result is made of. */
export interface ResultParts {
  readonly token: AccessToken;
  readonly binding: Binding;
  readonly context: MtlsBindingContext;
  readonly resource: string;
  readonly correlationId: string;
  readonly fromCache: boolean;
  /** Whose token it is. Default: the authority and tenant of the binding. */
  readonly issuedBy?: { readonly authority: string; readonly tenantId: string };
}

const NO_CLAIMS = Object.freeze({});

/** Classes only for the redaction: every field is an own member, so that a spread copy has them all. */
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

  constructor(parts: ResultParts) {
    const { token, binding } = parts;
    this.authority = parts.issuedBy?.authority ?? `${binding.endpoint}/${binding.tenantId}/`;
    this.uniqueId = '';
    this.tenantId = parts.issuedBy?.tenantId ?? binding.tenantId;
    this.scopes = [`${parts.resource}/.default`];
    this.account = null;
    this.idToken = '';
    this.idTokenClaims = NO_CLAIMS;
    this.accessToken = token.secret;
    this.fromCache = parts.fromCache;
    this.expiresOn = new Date(token.expiresAtMs);
    if (token.extExpiresAtMs !== undefined) this.extExpiresOn = new Date(token.extExpiresAtMs);
    if (token.refreshOnMs !== undefined) this.refreshOn = new Date(token.refreshOnMs);
    this.tokenType = token.tokenType;
    this.correlationId = parts.correlationId;
    if (token.requestId !== undefined) this.requestId = token.requestId;
    this.resource = parts.resource;
  }

  [inspect.custom](_depth: number, options: object): string {
    return `AuthenticationResult ${inspect({ ...(this as AuthenticationResult), ...this.shown() }, options)}`;
  }

  /** What is printed in place of the members of these names. */
  protected shown(): object {
    return { accessToken: '<redacted>' };
  }
}

class BoundResult extends TokenResult implements MtlsPopAuthenticationResult {
  declare readonly tokenType: 'mtls_pop';
  declare readonly bindingCertificate: BindingCertificate;
  declare readonly binding: MtlsBindingContext;

  constructor(parts: ResultParts) {
    super(parts);
    this.bindingCertificate = parts.binding.certificate;
    this.binding = parts.context;
  }

  protected override shown(): object {
    const { x5tS256, notAfter } = this.bindingCertificate;
    const { strength, exportable } = this.binding;
    return { ...super.shown(), bindingCertificate: { x5tS256, notAfter }, binding: { strength, exportable } };
  }
}

export function createResult(parts: ResultParts): MtlsPopAuthenticationResult {
  return Object.freeze(new BoundResult(parts));
}

/** The result for a bearer token: it says nothing of the certificate it was acquired with. */
export function createBearerResult(parts: ResultParts): AuthenticationResult {
  return Object.freeze(new TokenResult(parts));
}

/**
 * The value of the `Authorization` header for a result: its scheme and its token.
 *
 * @param result - What `acquireToken` returned.
 * @returns `mtls_pop <token>` for bound tokens, `Bearer <token>` otherwise.
 */
export function createAuthorizationHeader(result: AuthenticationResult): string {
  return `${result.tokenType} ${result.accessToken}`;
}
