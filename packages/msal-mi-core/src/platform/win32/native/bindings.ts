/** The addon as TypeScript sees it. Every promise rejects with a {@link FailedCall}. */
import type { NamedKey } from '../../../ports.js';

/** Which Windows function failed, and with what: a SECURITY_STATUS, an HRESULT or a Win32 error code, unsigned. */
export interface FailedCall {
  readonly api: string;
  readonly status: number;
}

/** Big endian. */
export interface RsaPublicKey {
  readonly modulus: Uint8Array;
  readonly exponent: Uint8Array;
}

export interface KeyProbe extends RsaPublicKey {
  /** The property "Virtual Iso", as it came; empty for a key without it. */
  readonly isolation: Uint8Array;
  readonly isIsolated: boolean;
}

export interface StoreEntry {
  readonly certificate: Uint8Array;
  readonly friendlyName: string;
  readonly keyName: string;
}

export type LockOutcome = 'acquired' | 'busy' | 'cancelled';

/** A locked file in the user's profile, shared by all processes of this user. */
export interface NativeLock {
  readonly settled: Promise<LockOutcome>;
  /** Gives the lock back, or stops waiting for it. */
  release(): void;
}

export interface SessionOptions {
  /** `direct`, `system`, or host:port. */
  readonly proxy: string;
  readonly allowTls13: boolean;
  /** 0 means no limit, as for all of these. */
  readonly resolveTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly sendTimeoutMs: number;
  readonly receiveTimeoutMs: number;
}

export interface NativeRequestOptions {
  readonly method: string;
  readonly host: string;
  readonly port: number;
  /** With query. */
  readonly path: string;
  /** `Name: value` lines, each ending in CR LF. */
  readonly headers: string;
  /** All of it; or how much will be written; or chunks until the end. */
  readonly body: Uint8Array | number | 'chunked';
  readonly responseTimeoutMs: number;
  /** How much of the response body is read before anybody asks for it. */
  readonly readAheadBytes: number;
  /** False: the event loop may end before the answer is there. Default: true. */
  readonly keepsProcess?: boolean;
}

export interface RequestFailure extends FailedCall {
  /** The status by which a proxy refused to connect; 0 when none did. */
  readonly proxyStatus: number;
  /** `WINHTTP_CALLBACK_STATUS_FLAG_*`; 0 when WinHTTP named no reason. */
  readonly secureFailureFlags: number;
  /** The request opened a connection of its own instead of taking a kept one. */
  readonly isNewConnection: boolean;
  /** At least one byte of an answer arrived. */
  readonly hasAnswerBegun: boolean;
}

export interface RequestEvents {
  /** `write` or `end` is expected, once. */
  readonly writable: undefined;
  readonly head: { readonly status: number; readonly rawHeaders: string };
  readonly data: Uint8Array;
  readonly end: undefined;
  readonly failure: RequestFailure;
}
export type OnRequestEvent = <Kind extends keyof RequestEvents>(kind: Kind, value: RequestEvents[Kind]) => void;

export interface NativeRequest {
  /** False when `writable` did not ask for it. */
  write(chunk: Uint8Array): boolean;
  /** Ends a chunked body. */
  end(): boolean;
  /** Allows this many more bytes of the response body to be read. */
  grant(bytes: number): void;
  /** Nothing is reported any more. */
  abort(): void;
}

export interface NativeSession {
  send(request: NativeRequestOptions, onEvent: OnRequestEvent): NativeRequest;
  /** Requests in flight end normally. */
  close(): void;
}

export interface NativeBindings {
  /** Opens the key, signs with it, and reads whether it is isolated. */
  probeKey(key: NamedKey): Promise<KeyProbe>;
  /** Replaces the key by a new isolated, per-boot one that cannot be exported. */
  createIsolatedKey(key: NamedKey, bits: number): Promise<KeyProbe>;
  /** Asks the provider without making a key. */
  supportsIsolatedKeys(key: NamedKey): Promise<boolean>;
  /** Fails when the key of that name is no longer the one with this public key. */
  signPssSha256(key: NamedKey, expected: RsaPublicKey, digest: Uint8Array): Promise<Uint8Array>;
  /** Entries of CurrentUser\My whose friendly name starts with `prefix`. */
  listCertificates(prefix: string): Promise<StoreEntry[]>;
  addCertificate(certificate: Uint8Array, friendlyName: string, key: NamedKey): Promise<void>;
  /** Resolves with how many were deleted. `prefix` must not be empty. */
  deleteCertificates(prefix: string, certificates: readonly Uint8Array[]): Promise<number>;
  /** `name`: a file name without extension. */
  acquireLock(name: string, timeoutMs: number): NativeLock;
  openSession(options: SessionOptions, certificate: Uint8Array | null, key: NamedKey | null): Promise<NativeSession>;
}
