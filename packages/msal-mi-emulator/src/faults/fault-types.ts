import type { ENTRA_REFUSALS, IMDS_REFUSALS, RESOURCE_REFUSALS } from './refusal-names.js';

/**
 * Endpoints whose next answers can be scripted. `imds-token` is IMDS v1, `compute` is the instance metadata, `resource` is every
 * protected resource.
 */
export type FaultLeg =
  'getplatformmetadata' | 'issuecredential' | 'attest' | 'token' | 'resource' | 'imds-token' | 'compute';

/** An alert (RFC 8446 section 6) that ends a TLS handshake. */
export type TlsAlert =
  | 'handshake_failure'
  | 'bad_certificate'
  | 'unsupported_certificate'
  | 'certificate_revoked'
  | 'certificate_expired'
  | 'certificate_unknown'
  | 'unknown_ca'
  | 'access_denied'
  | 'certificate_required';

/** A refusal of the token endpoint: see the table of refusals in the README. */
export type EntraRefusalName = (typeof ENTRA_REFUSALS)[number];
/** A refusal of IMDS: see the table of refusals in the README. */
export type ImdsRefusalName = (typeof IMDS_REFUSALS)[number];
/** A 401 of a resource: see the table of refusals in the README. */
export type ResourceRefusalName = (typeof RESOURCE_REFUSALS)[number];

/**
 * One scripted answer. `status`, `body`, `oauthError` and `refusal` replace the real answer; `headers`, `retryAfter`, `patch`,
 * `mutate`, `certificate`, `delayMs`, `endlessBody` and the later positions of `reset` and `hang` change it.
 */
export type Fault = {
  /**
   * Status of the scripted answer: 101, or 200 to 599. Default 200 with `body`, 400 with `oauthError` (401 for `invalid_client`).
   * 101 is sent without a body, and the connection stays open.
   */
  status?: number;
  /** Added to the answer; an existing header is replaced, `null` removes it (`Server` of IMDS, for example). */
  headers?: Record<string, string | null>;
  /** The header `Retry-After`. */
  retryAfter?: {
    /** 0 to 31536000, fractions allowed. */
    seconds: number;
    /** As a number, or as the HTTP date of then. Default `seconds`. */
    as?: 'seconds' | 'http-date';
  };
  /** A string is sent as it is, anything else as JSON. */
  body?: unknown;
  /** True: the body never ends; bytes follow as fast as the client takes them, until it goes away. */
  endlessBody?: boolean;
  /** Waits before answering, milliseconds, at most 600000. */
  delayMs?: number;
  /**
   * Cuts the connection. `handshake`: during the TLS handshake (plain http: before the request is read). `after-handshake`: when
   * the TLS handshake is done, before the request is read. `before-response`: the request was read and nothing was done.
   * `after-processing`: what was asked for is done, and no byte of the answer is sent. `mid-body`: after half of the body.
   */
  reset?: 'handshake' | 'after-handshake' | 'before-response' | 'after-processing' | 'mid-body';
  /**
   * With `reset`: how the connection ends, `rst` by a TCP reset, `fin` by closing it. Default `rst` for `handshake`,
   * `after-handshake` and `after-processing`, else `fin`.
   */
  resetBy?: 'rst' | 'fin';
  /** Falls silent at that point and keeps the connection, until the client goes away. The positions are those of `reset`. */
  hang?: 'handshake' | 'after-handshake' | 'before-response' | 'mid-body';
  /** With `reset: 'handshake'` on a TLS leg: the alert to send instead of a bare reset. */
  tlsAlert?: TlsAlert;
  /** An error in Entra ID's shape. */
  oauthError?: {
    /** Such as `invalid_client`. */
    error: string;
    /** Default: a sentence with the code. */
    error_description?: string;
    /** Digits of `AADSTS` codes. Default: none. */
    error_codes?: number[];
  };
  /** An error in the service's own words, with the ids of the request. Each leg has its own names. */
  refusal?: EntraRefusalName | ImdsRefusalName | ResourceRefusalName;
  /** Legs `token` and `imds-token`: only requests for this resource take the fault; a trailing slash makes no difference. */
  audience?: string;
  /** Leg `issuecredential`: this one certificate. */
  certificate?: {
    /** Seconds until it expires. Default: the option `certificateLifetimeSeconds`. */
    lifetimeSeconds?: number;
    /** Seconds until the token endpoint refuses it. Default: the option `tokenNotAfter`. */
    tokenNotAfterSeconds?: number;
  };
  /** Makes the real answer wrong in one way. Only on the leg that has such an answer; `malformed-json` on any. */
  mutate?:
    | 'wrong-cnf'
    | 'bearer-token-type'
    | 'no-token-type'
    | 'no-access-token'
    | 'other-key-certificate'
    | 'not-a-certificate'
    | 'malformed-json';
  /** Members to set in the real JSON answer; `null` removes one. */
  patch?: Record<string, unknown>;
};

/** A fault that lasts, made by `Emulator.outage`. */
export interface Outage {
  /** How many requests and connections it has met so far. */
  readonly met: number;
  /** Ends it. Idempotent. */
  end(): void;
}
