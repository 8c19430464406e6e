/** What a verified request carries. */
export interface MtlsPop {
  /** All claims of the token, verified. */
  readonly claims: Record<string, unknown>;
  /** base64url SHA-256 of the client's certificate, which the token is bound to (RFC 8705 section 3.1). */
  readonly thumbprintS256: string;
}
