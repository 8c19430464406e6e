/** Certificates kept in CurrentUser\My for other processes and restarts (D18). */
import { X509Certificate } from 'node:crypto';
import type { CertificateStore, NamedKey, SigningKey, StoredCertificate } from '../../ports.js';
import { decodeFriendlyName, encodeFriendlyName, FRIENDLY_NAME_PREFIX } from './friendly-name.js';
import { acquireLock } from './interprocess-lock.js';
import type { NativeBindings } from './native/bindings.js';

/** A mint with its retries takes longer than most callers would wait for somebody else's. */
const LOCK_TIMEOUT_MS = 20_000;
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

interface Entry {
  readonly certificate: Uint8Array;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Undefined when the certificate does not say what is needed to use it. */
  readonly stored: StoredCertificate | undefined;
  /** The certificate holds the public key of the live key, and names it. */
  readonly isOfKey: boolean;
}

/** @param now - Milliseconds since the epoch. */
export function createWin32CertificateStore(native: () => NativeBindings, now: () => number): CertificateStore {
  const remove = async (entries: readonly Entry[]) => {
    if (entries.length === 0) return;
    const certificates = entries.map(({ certificate }) => certificate);
    await native().deleteCertificates(FRIENDLY_NAME_PREFIX, certificates);
  };
  return {
    isPersistent: true,
    find: (alias, key, validAfterMs, refused) =>
      bestEffort(async () => {
        if (key.named === undefined) return undefined;
        const entries = await entriesOf(native(), alias, key, key.named);
        await remove(entries.filter(({ isOfKey }) => !isOfKey));
        const useful = entries.filter(({ isOfKey, notAfterMs }) => isOfKey && notAfterMs > validAfterMs);
        return newest(refused === undefined ? useful : useful.filter(succeeds(refused)))?.stored;
      }),
    save: (alias, key, stored, refused) =>
      bestEffort(async () => {
        const friendlyName = encodeFriendlyName({ alias, endpoint: `${stored.endpoint}/${stored.tenantId}` });
        if (key.named === undefined || friendlyName === undefined) return;
        const notAfterMs = Date.parse(new X509Certificate(stored.certificate).validTo);
        const entries = await entriesOf(native(), alias, key, key.named);
        const isRefused = ({ certificate }: Entry) => refused !== undefined && Buffer.from(certificate).equals(refused);
        const useful = entries.filter((entry) => entry.isOfKey && entry.notAfterMs > now() && !isRefused(entry));
        if (useful.every((entry) => entry.notAfterMs < notAfterMs)) {
          await native().addCertificate(stored.certificate, friendlyName, key.named);
        }
        await remove(entries.filter((entry) => !useful.includes(entry)));
      }),
    async withLock(alias, work, signal) {
      const lock = await lockFor(native, alias, signal);
      try {
        return await work();
      } finally {
        lock?.();
      }
    },
  };
}

/** The release of the lock, or undefined when it could not be had: then several processes may mint, which is allowed. */
async function lockFor(
  native: () => NativeBindings,
  alias: string,
  signal: AbortSignal | undefined,
): Promise<(() => void) | undefined> {
  try {
    const options = { kind: 'certificate', subject: alias, timeoutMs: LOCK_TIMEOUT_MS, signal } as const;
    const lock = await acquireLock(native(), options);
    return lock.kind === 'acquired' ? lock.release : undefined;
  } catch {
    signal?.throwIfAborted();
    return undefined;
  }
}

async function entriesOf(native: NativeBindings, alias: string, key: SigningKey, named: NamedKey): Promise<Entry[]> {
  const found: Entry[] = [];
  for (const { certificate, friendlyName, keyName } of await native.listCertificates(FRIENDLY_NAME_PREFIX)) {
    const name = decodeFriendlyName(friendlyName);
    if (name?.alias !== alias.trim()) continue;
    const parsed = tryParse(certificate);
    if (parsed === undefined) continue;
    found.push({
      certificate,
      notBeforeMs: Date.parse(parsed.validFrom),
      notAfterMs: Date.parse(parsed.validTo),
      stored: toStored(certificate, parsed, name.endpoint),
      isOfKey: keyName === named.keyName && hasKey(parsed, key),
    });
  }
  return found;
}

/** The client id is what the certificate's subject says: the name on it does not hold one. */
function toStored(
  certificate: Uint8Array,
  parsed: X509Certificate,
  endpointWithTenant: string,
): StoredCertificate | undefined {
  const clientId = /^CN=(.*)$/m.exec(parsed.subject)?.[1]?.toLowerCase() ?? '';
  const slash = endpointWithTenant.lastIndexOf('/');
  const endpoint = endpointWithTenant.slice(0, slash);
  const tenantId = endpointWithTenant.slice(slash + 1);
  const isUrl = endpoint.startsWith('https://') && URL.canParse(endpoint);
  const isUsable = GUID.test(clientId) && isUrl && tenantId !== '';
  return isUsable ? { certificate, clientId, tenantId, endpoint } : undefined;
}

function hasKey(parsed: X509Certificate, key: SigningKey): boolean {
  try {
    return parsed.publicKey.export({ type: 'spki', format: 'der' }).equals(key.spki);
  } catch {
    return false;
  }
}

function tryParse(certificate: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(certificate);
  } catch {
    return undefined;
  }
}

/** Whether an entry may take the place of `refused`: what is older does not cure what the newer one suffers from. */
function succeeds(refused: Uint8Array): (entry: Entry) => boolean {
  const notBeforeMs = Date.parse(new X509Certificate(refused).validFrom);
  return (entry) => entry.notBeforeMs >= notBeforeMs && !Buffer.from(entry.certificate).equals(refused);
}

/** The first of those that live longest. */
function newest(entries: readonly Entry[]): Entry | undefined {
  return entries.reduce<Entry | undefined>(
    (best, entry) => (best === undefined || entry.notAfterMs > best.notAfterMs ? entry : best),
    undefined,
  );
}

/** A store that fails costs a new certificate, never a request. */
async function bestEffort<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch {
    return undefined;
  }
}
