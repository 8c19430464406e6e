/**
 * What the flow needs from its surroundings. `platform/software` and `platform/win32` implement the ports; the stages
 * know nothing else of a platform. Cancellation: every `signal` rejects at once with its reason, unwrapped.
 */
import type { MtlsBindingStrength, TlsClientOptions } from './public-types.js';

/** A key by name. Keys cross packages only like this: whoever uses one opens and owns a handle of its own. */
export interface NamedKey {
  readonly providerName: string;
  readonly keyName: string;
  readonly scope: 'user' | 'machine';
}

/** An RSA key that signs. The private half never leaves the platform that made it. */
export interface SigningKey {
  /** Differs between any two keys, also between two generations of the same named key. */
  readonly id: string;
  readonly strength: MtlsBindingStrength;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  /** Present when another process or library can open the key by name; needed for attestation. */
  readonly named?: NamedKey;
  /** RSASSA-PSS with SHA-256, MGF1-SHA-256 and a salt of 32 bytes over `message` (not over a digest). */
  sign(message: Uint8Array, signal?: AbortSignal): Promise<Uint8Array>;
}

/** Opens the strongest key of the host. */
export interface KeyStore {
  /** The strongest key this host could have, found without creating one. */
  strongest(): Promise<MtlsBindingStrength>;
  /**
   * Opens the key, creating it when there is none or when the one there is unusable. Later calls return the same
   * object until `verify` asks for a probe.
   *
   * @param options.verify - Probe the key again (a mint follows): a key that no longer signs is replaced.
   */
  open(options: { verify: boolean; signal?: AbortSignal }): Promise<SigningKey>;
}

/** A certificate that was kept, with what is needed to use it without asking IMDS again. */
export interface StoredCertificate {
  readonly certificate: Uint8Array;
  readonly clientId: string;
  readonly tenantId: string;
  /** `https://host` of the token endpoint, without tenant and without trailing slash. */
  readonly endpoint: string;
}

/** Keeps certificates across processes. Best effort: no method ever rejects except for an aborted `signal`. */
export interface CertificateStore {
  /** False where nothing is ever kept: the flow then does not look. */
  readonly isPersistent: boolean;
  /**
   * The newest stored certificate of `alias` that holds the public key of `key` and outlives `validAfterMs`.
   *
   * @param refused - A certificate (DER) that is no longer wanted: only another one that is not older will do.
   */
  find(
    alias: string,
    key: SigningKey,
    validAfterMs: number,
    refused?: Uint8Array,
  ): Promise<StoredCertificate | undefined>;
  /** @param refused - A certificate (DER) that `stored` takes the place of: it is deleted afterwards, and no other one is. */
  save(alias: string, key: SigningKey, stored: StoredCertificate, refused?: Uint8Array): Promise<void>;
  /** Runs `work` while no other process mints for `alias`, or without the lock when waiting took too long. */
  withLock<T>(alias: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}

/** What one kind of host offers. */
export interface Platform {
  readonly keyStore: KeyStore;
  readonly certificateStore: CertificateStore;
  /** @param trustedAuthorities - PEM certificates trusted besides the default ones; ignored where a system store rules. */
  createTransport(trustedAuthorities: readonly string[]): MtlsTransport;
}

/** Plain HTTP to IMDS: never through a proxy, never following a redirect. */
export interface HttpTransport {
  send(request: HttpRequest): Promise<HttpResponse>;
}
export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** What the caller waits before it aborts `signal`: no transport needs to wait longer for anything. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** False: the process may end before the answer is there. Default: true. */
  readonly keepsProcess?: boolean;
}
/** A complete answer. Header names are lower case. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Makes TLS connections with a key and its certificate. */
export interface MtlsTransport {
  /** Binds `certificate` (DER) to `key`. Makes no connection; what cannot work shows when something is sent. */
  bind(key: SigningKey, certificate: Uint8Array): MtlsChannel;
}

/** All connections made with one key and certificate; they are never shared with another channel. */
export interface MtlsChannel {
  readonly exportable: boolean;
  /**
   * Sends one request and resolves when the response headers are there. Follows no redirect, decodes no content, keeps
   * no cookies, adds no header but those HTTP/1.1 itself needs. Rejects with {@link TransportError}.
   */
  send(request: MtlsRequest): Promise<MtlsResponse>;
  /** Throws MsiV2Error `key_not_exportable` when the key cannot leave its store. */
  tlsOptions(): TlsClientOptions;
  /** Closes idle connections and keeps no new ones. Requests in flight end normally and later ones still work. */
  retire(): void;
}
export interface MtlsRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
  /** A stream is sent chunked, unless `headers` carries a content-length. */
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>;
  /** True when sending twice does no harm, so that a kept connection that died unseen may be replaced silently. */
  readonly idempotent: boolean;
  /** Until the response headers are complete. Default: none. */
  readonly timeoutMs?: number;
  /** Covers the response body too. */
  readonly signal?: AbortSignal;
  /** False: the process may end before the answer is there, where the platform can let it. Default: true. */
  readonly keepsProcess?: boolean;
}
export interface MtlsResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
  readonly body: MtlsResponseBody;
}
/** Must be consumed or returned (`iterator.return()`), else the connection stays open. Errors are {@link TransportError}s. */
export interface MtlsResponseBody extends AsyncIterable<Uint8Array> {
  /** All pieces at once, in place of iterating. Absent where that would be no cheaper. */
  readAll?(): Promise<Uint8Array[]>;
}

/**
 * Why no complete answer arrived:
 *
 * - `unreachable`: name not found, connection refused, no route.
 * - `timeout`: an attempt, or making its connection, took too long.
 * - `client_certificate_rejected`: the handshake failed because of our certificate or key: an alert, a connection closed
 *   during the handshake, a Schannel credential code. No byte of the request was sent.
 * - `closed_before_answer`: a new connection was closed, or our certificate refused by an alert, after the handshake and
 *   before the first byte of an answer. Servers that look at the certificate after the handshake refuse it like this;
 *   so does a server that dies, and the request may have been carried out.
 * - `untrusted_server`: the server's certificate did not verify.
 * - `tls`: any other handshake failure.
 * - `connection_lost`: closed or reset after the handshake.
 * - `invalid_response`: not HTTP, or larger than the limit.
 */
export type TransportFailure =
  | 'unreachable'
  | 'timeout'
  | 'client_certificate_rejected'
  | 'closed_before_answer'
  | 'untrusted_server'
  | 'tls'
  | 'connection_lost'
  | 'invalid_response';

const TRANSPORT_ERROR = Symbol.for('msal-mi/transport-error');

/** The only error a transport rejects with, apart from abort reasons. Carries codes, never content. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  constructor(
    readonly failure: TransportFailure,
    /** Node-style code such as `ECONNREFUSED`, `CERT_HAS_EXPIRED`; on Windows derived from the WinHTTP code. */
    readonly code: string,
    message: string,
    /** Which Windows call failed, and with what. */
    readonly win32?: { readonly api: string; readonly code: number },
  ) {
    super(message);
    Object.defineProperty(this, TRANSPORT_ERROR, { value: true });
  }
}

/** By a brand: two copies of this library (ESM and CommonJS, or two versions) share the connections of a process. */
export function isTransportError(error: unknown): error is TransportError {
  try {
    return error instanceof Error && (error as { [TRANSPORT_ERROR]?: unknown })[TRANSPORT_ERROR] === true;
  } catch {
    return false; // A proxy, which may throw whatever it is asked.
  }
}

export const SWITCHING_PROTOCOLS = 101;

/** Nobody asked for another protocol: what follows such a head is not an answer (D30). */
export function switchedProtocols(): TransportError {
  return new TransportError('invalid_response', 'ERR_SWITCHING_PROTOCOLS', 'The server switched to another protocol.');
}

/**
 * What counts as a refused certificate at a token endpoint (D22): there a request may be repeated, so the closed
 * connections of servers that look at the certificate late count too. A resource's request may not (D30).
 */
export function isCertificateRefusal({ failure }: TransportError): boolean {
  return failure === 'client_certificate_rejected' || failure === 'closed_before_answer';
}

/** Time and chance. */
export interface Clock {
  /** Milliseconds since the epoch: for what a service dates. The wall clock may be set, back as well as forward. */
  now(): number;
  /** Milliseconds on a clock that cannot run backwards: for durations (D35). Means nothing outside of this process. */
  monotonicMs(): number;
  /**
   * By how much the wall clock was set back so far, in all. What this grows by after something was received is part of its
   * age: a wall clock that is corrected makes nothing live longer (D35).
   *
   * @param nowMs - What {@link Clock.now} says.
   */
  setBackMs(nowMs: number): number;
  /** Rejects with the signal's reason when aborted. Keeps no process alive: whoever waits for the work does (D26). */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>;
  /** Uniform in [0, 1). */
  random(): number;
}
