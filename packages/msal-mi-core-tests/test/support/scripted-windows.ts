/** A Windows in memory behind the addon's interface: real RSA keys, a certificate store, locks; failures on demand. */
import { constants, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import type {
  LockOutcome,
  NativeBindings,
  NativeLock,
  NativeRequest,
  NativeRequestOptions,
  NativeSession,
  OnRequestEvent,
  RsaPublicKey,
  SessionOptions,
  StoreEntry,
} from 'core/platform/win32/native/bindings.js';
import type { NamedKey } from 'core/ports.js';

interface StoredKey extends RsaPublicKey {
  readonly privateKey: KeyObject;
  readonly isolation: Uint8Array;
  isIsolated: boolean;
  signs: boolean;
}

/** What the addon rejects with. */
export function windowsError(api: string, status: number): Error {
  return Object.assign(new Error(api), { api, status });
}

/** A request that a test answers. */
export class ScriptedRequest implements NativeRequest {
  readonly written: Uint8Array[] = [];
  readonly grants: number[] = [];
  isEnded = false;
  isAborted = false;

  constructor(
    readonly options: NativeRequestOptions,
    readonly emit: OnRequestEvent,
  ) {}

  write(chunk: Uint8Array): boolean {
    this.written.push(Uint8Array.from(chunk));
    return true;
  }
  end(): boolean {
    this.isEnded = true;
    return true;
  }
  grant(bytes: number): void {
    this.grants.push(bytes);
  }
  abort(): void {
    this.isAborted = true;
  }

  head(status: number, lines: readonly string[] = []): void {
    this.emit('head', { status, rawHeaders: [`HTTP/1.1 ${String(status)} Reason`, ...lines, '', ''].join('\r\n') });
  }
  fail(api: string, status: number): void {
    const facts = { proxyStatus: 0, secureFailureFlags: 0, isNewConnection: true, hasAnswerBegun: true };
    this.emit('failure', { api, status, ...facts });
  }
  data(text: string): void {
    this.emit('data', Buffer.from(text));
  }
}

export class ScriptedSession implements NativeSession {
  readonly requests: ScriptedRequest[] = [];
  isClosed = false;

  constructor(readonly options: SessionOptions) {}

  send(options: NativeRequestOptions, onEvent: OnRequestEvent): NativeRequest {
    if (this.isClosed) throw new Error('the session is closed');
    const request = new ScriptedRequest(options, onEvent);
    this.requests.push(request);
    return request;
  }
  close(): void {
    this.isClosed = true;
  }
}

export class ScriptedWindows implements NativeBindings {
  /** Every call, by name. */
  readonly calls: string[] = [];
  readonly keys = new Map<string, StoredKey>();
  certificates: StoreEntry[] = [];
  readonly sessions: ScriptedSession[] = [];
  hasVbs = true;
  /** New keys say that they are isolated. */
  makesIsolatedKeys = true;
  /** Function name -> what it rejects with. */
  readonly failures = new Map<string, Error>();
  /** Names of locks that somebody else holds for good. */
  readonly foreignLocks = new Set<string>();
  readonly #held = new Map<string, Array<(outcome: LockOutcome) => void>>();

  /** Puts a key there as an earlier process would have. */
  addKey(keyName: string, options: { isIsolated?: boolean; signs?: boolean } = {}): StoredKey {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const { n, e } = publicKey.export({ format: 'jwk' });
    const key: StoredKey = {
      privateKey,
      modulus: Buffer.from(n ?? '', 'base64url'),
      exponent: Buffer.from(e ?? '', 'base64url'),
      isolation: Uint8Array.from(options.isIsolated === false ? [] : [1]),
      isIsolated: options.isIsolated ?? true,
      signs: options.signs ?? true,
    };
    this.keys.set(keyName, key);
    return key;
  }

  count(name: string): number {
    return this.calls.filter((call) => call === name).length;
  }

  async probeKey({ keyName }: NamedKey) {
    this.#enter('probeKey');
    const key = this.#key(keyName);
    if (!key.signs) throw windowsError('NCryptSignHash', 0x80890015);
    return Promise.resolve(key);
  }
  async createIsolatedKey({ keyName }: NamedKey) {
    this.#enter('createIsolatedKey');
    if (!this.hasVbs) throw windowsError('NCryptFinalizeKey', 0x80890014);
    return Promise.resolve(this.addKey(keyName, { isIsolated: this.makesIsolatedKeys }));
  }
  async supportsIsolatedKeys() {
    this.#enter('supportsIsolatedKeys');
    return Promise.resolve(this.hasVbs);
  }
  async signPssSha256({ keyName }: NamedKey, expected: RsaPublicKey, digest: Uint8Array) {
    this.#enter('signPssSha256');
    const key = this.#key(keyName);
    if (!Buffer.from(key.modulus).equals(expected.modulus)) throw windowsError('NCryptOpenKey', 0x80090015);
    if (digest.byteLength !== 32) throw windowsError('NCryptSignHash', 87);
    // Node.js signs messages only: tests that check signatures run on Windows.
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    return Promise.resolve(sign('sha256', digest, { key: key.privateKey, padding, saltLength: 32 }));
  }
  async listCertificates(prefix: string) {
    this.#enter('listCertificates');
    return Promise.resolve(this.certificates.filter(({ friendlyName }) => friendlyName.startsWith(prefix)));
  }
  async addCertificate(certificate: Uint8Array, friendlyName: string, { keyName }: NamedKey) {
    this.#enter('addCertificate');
    this.certificates.push({ certificate, friendlyName, keyName });
    return Promise.resolve();
  }
  async deleteCertificates(prefix: string, certificates: readonly Uint8Array[]) {
    this.#enter('deleteCertificates');
    const isDoomed = (entry: StoreEntry) =>
      entry.friendlyName.startsWith(prefix) && certificates.some((c) => Buffer.from(c).equals(entry.certificate));
    const before = this.certificates.length;
    this.certificates = this.certificates.filter((entry) => !isDoomed(entry));
    return Promise.resolve(before - this.certificates.length);
  }
  acquireLock(name: string): NativeLock {
    this.calls.push('acquireLock');
    const queue = this.#held.get(name);
    let settle: (outcome: LockOutcome) => void = () => undefined;
    const settled = new Promise<LockOutcome>((resolve) => (settle = resolve));
    const isForeign = [...this.foreignLocks].some((part) => name.includes(part));
    if (isForeign) settle('busy');
    else if (queue === undefined) {
      this.#held.set(name, []);
      settle('acquired');
    } else queue.push(settle);
    let isReleased = false;
    const release = () => {
      if (isReleased || isForeign) return;
      isReleased = true;
      const waiting = this.#held.get(name) ?? [];
      if (waiting.includes(settle)) {
        waiting.splice(waiting.indexOf(settle), 1);
        settle('cancelled');
        return;
      }
      const next = waiting.shift();
      if (next === undefined) this.#held.delete(name);
      else next('acquired');
    };
    return { settled, release };
  }
  async openSession(options: SessionOptions) {
    this.#enter('openSession');
    const session = new ScriptedSession(options);
    this.sessions.push(session);
    return Promise.resolve(session);
  }

  get heldLocks(): number {
    return this.#held.size;
  }

  #enter(name: string): void {
    this.calls.push(name);
    const failure = this.failures.get(name);
    if (failure !== undefined) throw failure;
  }

  #key(keyName: string): StoredKey {
    const key = this.keys.get(keyName);
    if (key === undefined) throw windowsError('NCryptOpenKey', 0x80090016);
    return key;
  }
}
