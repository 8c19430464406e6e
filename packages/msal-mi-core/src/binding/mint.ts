/** Steps 1 to 6: from a key to a binding. */
import type { Call } from '../call.js';
import { parseCertificate } from '../crypto/x509.js';
import { trace, type TracedWork } from '../diagnostics/channels.js';
import { isMsalMiError, MsiV2Error } from '../errors.js';
import type { ImdsEndpoint } from '../imds/endpoint.js';
import { issueCredential } from '../imds/issue-credential.js';
import { requestMetadata } from '../imds/metadata.js';
import type { Binding, Evidence, IssuedCredential, PlatformMetadata } from '../model.js';
import type { KeyStore, SigningKey } from '../ports.js';
import type { AttestationProvider } from '../public-types.js';
import { MtlsBindingStrength } from '../public-types/constants.js';
import { summarizeForeignError } from '../secret.js';
import { attest } from './attest.js';

/** What bindings are made with: the same for all calls of an application. */
export interface Mint {
  readonly keyStore: KeyStore;
  readonly imds: ImdsEndpoint;
  /** The provider that the application brought. */
  readonly attestationProvider: AttestationProvider | undefined;
}

/** What kind of binding is wanted. */
export interface BindingDemand {
  readonly attested: boolean;
  readonly minStrength: MtlsBindingStrength;
}

/** What a refused certificate teaches the mint of its successor. */
export interface MintHints {
  /** IMDS must not answer with the certificate that was refused (D23). */
  readonly bypassCache: boolean;
  /** The attestation led to the refusal. */
  readonly evidenceIsStale: boolean;
}

const NOT_REQUESTED: Evidence = { kind: 'not-requested' };

export async function mint(
  { keyStore, imds, attestationProvider }: Mint,
  { attested, minStrength }: BindingDemand,
  { bypassCache, evidenceIsStale }: MintHints,
  call: Call,
): Promise<Binding> {
  const step = <T>(name: TracedWork, run: () => Promise<T>) => trace(name, call.correlationId, run);
  loadCsrEncoder().catch(() => undefined); // Loads while steps 1 and 2 wait; step 3 reports a failure.

  // A key that was good an hour ago may have been deleted since: probing costs little next to a mint.
  const opening = step('key', () => openKey(keyStore, { verify: true, minStrength }, call));
  const asking = step('metadata', () => requestMetadata(imds, { attested }, call));
  const [key, metadata] = await Promise.all([opening, asking]);
  call.log.verbose(() => `metadata: client id ${metadata.clientId}, tenant ${metadata.tenantId}`, { pii: true });
  const csr = await step('csr', () => buildCsr(key, metadata, call));
  const evidence = await step('attestation', async () =>
    attested ? attest(key, metadata, { attestationProvider, forceRefresh: evidenceIsStale }, call) : NOT_REQUESTED,
  );
  const credential = await step('issuecredential', () =>
    issueCredential(imds, { csr, evidence, bypassCache, metadata }, call),
  );
  return step('bind', () => Promise.resolve(bindCertificate(key, credential, attested, call)));
}

/**
 * Step 1: the strongest key of the host, never one below the floor (D1, D2, D12).
 *
 * @throws MsiV2Error `min_strength_not_met`.
 */
export async function openKey(
  store: KeyStore,
  { verify, minStrength }: { verify: boolean; minStrength: MtlsBindingStrength },
  { correlationId, signal }: Call,
): Promise<SigningKey> {
  const key = await store.open({ verify, ...(signal !== undefined && { signal }) });
  assertStrength(key.strength, minStrength, correlationId);
  return key;
}

/** @throws MsiV2Error `min_strength_not_met`. */
export function assertStrength(
  strength: MtlsBindingStrength,
  minStrength: MtlsBindingStrength,
  correlationId: string,
): void {
  if (strength >= minStrength) return;
  throw new MsiV2Error('min_strength_not_met', {
    stage: 'key',
    correlationId,
    message: `The strongest key of this host is ${nameOf(strength)}, the request asks for ${nameOf(minStrength)}.`,
  });
}

function nameOf(strength: MtlsBindingStrength): string {
  return Object.entries(MtlsBindingStrength).find(([, value]) => value === strength)?.[0] ?? String(strength);
}

/** Loads the encoder. Begun early, so that it overlaps with key generation and the metadata request. */
function loadCsrEncoder(): Promise<typeof import('../crypto/csr.js')> {
  return import('../crypto/csr.js');
}

/** Step 3: the certificate request (D13), Base64 of the DER on one line. */
export async function buildCsr(
  key: SigningKey,
  metadata: PlatformMetadata,
  { correlationId, signal }: Call,
): Promise<string> {
  const { encodeCsr, toDotNetJson } = await loadCsrEncoder();
  try {
    const der = await encodeCsr({
      clientId: metadata.clientId,
      tenantId: metadata.tenantId,
      cuIdJson: toDotNetJson(metadata.cuId),
      spki: key.spki,
      sign: (message) => key.sign(message, signal),
    });
    return Buffer.from(der).toString('base64');
  } catch (error) {
    signal?.throwIfAborted();
    if (isMsalMiError(error)) throw error;
    throw new MsiV2Error('key_operation_failed', {
      stage: 'csr',
      correlationId,
      message: `The certificate request could not be made (${summarizeForeignError(error)}).`,
    });
  }
}

/**
 * Undefined when the certificate does not parse or belongs to another key.
 *
 * @param setBackMs - What the wall clock had been set back by when it was received (D35).
 */
export function tryBindCertificate(
  key: SigningKey,
  credential: IssuedCredential,
  attested: boolean,
  setBackMs: number,
): Binding | undefined {
  const parsed = parseCertificate(credential.certificate);
  if (parsed === undefined || !Buffer.from(parsed.spki).equals(key.spki)) return undefined;
  return Object.freeze({
    key,
    certificate: parsed.certificate,
    certificateDer: credential.certificate,
    clientId: credential.clientId,
    tenantId: credential.tenantId,
    endpoint: credential.endpoint,
    authority: `${credential.endpoint}/${credential.tenantId}/`,
    attested,
    notBeforeMs: parsed.notBeforeMs,
    notAfterMs: parsed.notAfterMs,
    usableUntilMs: parsed.usableUntilMs,
    setBackMs,
  });
}

/**
 * Step 6: the issued certificate and our key become one immutable binding (D16).
 *
 * @throws MsiV2Error `invalid_certificate`.
 */
function bindCertificate(
  key: SigningKey,
  credential: IssuedCredential,
  attested: boolean,
  { clock, correlationId }: Call,
): Binding {
  const binding = tryBindCertificate(key, credential, attested, clock.setBackMs(clock.now()));
  if (binding !== undefined) return binding;
  throw new MsiV2Error('invalid_certificate', {
    stage: 'issuecredential',
    correlationId,
    httpStatus: 200,
    message: 'What the metadata service issued is not a certificate for our key.',
  });
}
