/**
 * A host with an isolated key, as far as the flow can see: the software platform with its key reported as KeyGuard and as
 * openable by name, and with a certificate store in memory. What Windows really does is tested by the Windows rig.
 */
import type { Emulator } from 'msal-mi-emulator';
import { x5tS256 } from 'core/crypto/x509.js';
import { createSoftwarePlatform } from 'core/platform/software/index.js';
import type { CertificateStore, KeyStore, MtlsTransport, Platform, SigningKey, StoredCertificate } from 'core/ports.js';
import type { AttestationProvider } from 'core/public-types.js';
import { MtlsBindingStrength } from 'core/public-types/constants.js';

const software = createSoftwarePlatform(() => []);

export class IsolatedPlatform implements Platform {
  /** What the host offers now. */
  strength: MtlsBindingStrength = MtlsBindingStrength.KeyGuard;
  readonly opened: Array<{ verify: boolean }> = [];
  readonly certificateStore: MemoryCertificateStore;
  readonly keyStore: KeyStore;
  readonly #original = new WeakMap<SigningKey, SigningKey>();
  #key: SigningKey | undefined;

  constructor(certificateStore = new MemoryCertificateStore(false)) {
    this.certificateStore = certificateStore;
    this.keyStore = {
      strongest: () => Promise.resolve(this.strength),
      open: async ({ verify, signal }) => {
        this.opened.push({ verify });
        return (this.#key ??= this.#isolate(await software.keyStore.open({ verify, ...(signal && { signal }) })));
      },
    };
  }

  createTransport(trustedAuthorities: readonly string[]): MtlsTransport {
    const transport = software.createTransport(trustedAuthorities);
    return { bind: (key, certificate) => transport.bind(this.#original.get(key) ?? key, certificate) };
  }

  #isolate(key: SigningKey): SigningKey {
    const named = { providerName: 'Test Key Storage Provider', keyName: 'test-key', scope: 'user' } as const;
    const isolated: SigningKey = Object.freeze({ ...key, strength: MtlsBindingStrength.KeyGuard, named });
    this.#original.set(isolated, key);
    return isolated;
  }
}

/** Keeps certificates by alias, like the store of a machine that several processes share. */
export class MemoryCertificateStore implements CertificateStore {
  readonly calls: string[] = [];
  #unlocked: Promise<unknown> = Promise.resolve();
  readonly #stored = new Map<string, Array<{ spki: string; stored: StoredCertificate }>>();

  constructor(readonly isPersistent = true) {}

  find(
    alias: string,
    key: SigningKey,
    _validAfterMs: number,
    refused?: Uint8Array,
  ): Promise<StoredCertificate | undefined> {
    this.calls.push('find');
    const found = this.#stored
      .get(alias)
      ?.filter(({ spki, stored }) => spki === spkiOf(key) && !isSame(stored, refused));
    return Promise.resolve(found?.at(-1)?.stored);
  }

  save(alias: string, key: SigningKey, stored: StoredCertificate, refused?: Uint8Array): Promise<void> {
    this.calls.push('save');
    if (!this.isPersistent) return Promise.resolve();
    const others = this.#stored.get(alias)?.filter((entry) => !isSame(entry.stored, refused)) ?? [];
    this.#stored.set(alias, [...others, { spki: spkiOf(key), stored }]);
    return Promise.resolve();
  }

  /** Thumbprints of the certificates that are kept, the oldest first. */
  get certificates(): string[] {
    return [...this.#stored.values()].flat().map(({ stored }) => x5tS256(stored.certificate));
  }

  withLock<T>(_alias: string, work: () => Promise<T>): Promise<T> {
    const running = this.#unlocked.then(work);
    this.#unlocked = running.catch(() => undefined);
    return running;
  }
}

/** A provider that asks the emulator's attestation endpoint on behalf of the platform's key. Keeps no token. */
export class EmulatedAttestation implements AttestationProvider {
  readonly contractVersion = 1;
  readonly name = 'emulated-attestation';
  readonly version = '1.0.0';
  readonly calls: Array<{ endpoint: string; clientId: string; cacheKey: string; forceRefresh: boolean }> = [];

  constructor(
    private readonly emulator: Emulator,
    private readonly platform: Platform,
  ) {}

  probe(): Promise<{ libraryLoadable: boolean }> {
    return Promise.resolve({ libraryLoadable: true });
  }

  async attest({
    endpoint,
    clientId,
    cacheKey,
    forceRefresh = false,
  }: Parameters<AttestationProvider['attest']>[0]): Promise<{ jwt: string; expiresOn: Date }> {
    this.calls.push({ endpoint, clientId, cacheKey, forceRefresh });
    const key = await this.platform.keyStore.open({ verify: false });
    const response = await fetch(`${endpoint}/attest/keyguard?api-version=2024-01-01`, {
      method: 'POST',
      body: JSON.stringify({ publicKey: Buffer.from(key.spki).toString('base64'), isolation: true, clientId }),
    });
    if (!response.ok) throw new Error(`attestation answered ${response.status}`);
    const { token } = (await response.json()) as { token: string };
    return { jwt: token, expiresOn: new Date(Date.now() + 86_400_000) };
  }
}

function isSame({ certificate }: StoredCertificate, other: Uint8Array | undefined): boolean {
  return other !== undefined && Buffer.from(certificate).equals(other);
}

function spkiOf(key: SigningKey): string {
  return Buffer.from(key.spki).toString('base64');
}
