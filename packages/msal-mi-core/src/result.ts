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
}

/** A class only for the redaction: every field is an own member, so that a spread copy has them all. */
class BoundResult implements MtlsPopAuthenticationResult {
  readonly authority: string;
  readonly uniqueId = '';
  readonly tenantId: string;
  readonly scopes: Array<string>;
  readonly account = null;
  readonly idToken = '';
  readonly idTokenClaims = {};
  readonly accessToken: string;
  readonly fromCache: boolean;
  readonly expiresOn: Date;
  declare readonly extExpiresOn?: Date;
  declare readonly refreshOn?: Date;
  readonly tokenType = 'mtls_pop';
  readonly correlationId: string;
  declare readonly requestId?: string;
  readonly resource: string;
  readonly bindingCertificate: BindingCertificate;
  readonly binding: MtlsBindingContext;

  constructor(parts: ResultParts) {
    const { token, binding } = parts;
    this.authority = `${binding.endpoint}/${binding.tenantId}/`;
    this.tenantId = binding.tenantId;
    this.scopes = [`${parts.resource}/.default`];
    this.accessToken = token.secret;
    this.fromCache = parts.fromCache;
    this.expiresOn = new Date(token.expiresAtMs);
    if (token.extExpiresAtMs !== undefined) this.extExpiresOn = new Date(token.extExpiresAtMs);
    if (token.refreshOnMs !== undefined) this.refreshOn = new Date(token.refreshOnMs);
    this.correlationId = parts.correlationId;
    if (token.requestId !== undefined) this.requestId = token.requestId;
    this.resource = parts.resource;
    this.bindingCertificate = binding.certificate;
    this.binding = parts.context;
    Object.freeze(this);
  }

  [inspect.custom](_depth: number, options: object): string {
    const { x5tS256, notAfter } = this.bindingCertificate;
    const { strength, exportable } = this.binding;
    const shown = {
      ...(this as AuthenticationResult),
      accessToken: '<redacted>',
      bindingCertificate: { x5tS256, notAfter },
      binding: { strength, exportable },
    };
    return `AuthenticationResult ${inspect(shown, options)}`;
  }
}

export function createResult(parts: ResultParts): MtlsPopAuthenticationResult {
  return new BoundResult(parts);
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
