/** Step 3: the certificate request (D13). */
import { MsiV2Error, isMsalMiError } from '../errors.js';
import type { PlatformMetadata } from '../model.js';
import type { SigningKey } from '../ports.js';
import { summarizeForeignError } from '../secret.js';

/** Loads the encoder. Begun early, so that it overlaps with key generation and the metadata request. */
export function loadCsrEncoder(): Promise<typeof import('../crypto/csr.js')> {
  return import('../crypto/csr.js');
}

/** Base64 of the DER, on one line. */
export async function buildCsr(
  key: SigningKey,
  metadata: PlatformMetadata,
  options: { correlationId: string; signal: AbortSignal | undefined },
): Promise<string> {
  const { encodeCsr } = await loadCsrEncoder();
  try {
    const der = await encodeCsr({
      clientId: metadata.clientId,
      tenantId: metadata.tenantId,
      cuIdJson: metadata.cuIdJson,
      spki: key.spki,
      sign: (message) => key.sign(message, options.signal),
    });
    return Buffer.from(der).toString('base64');
  } catch (error) {
    options.signal?.throwIfAborted();
    if (isMsalMiError(error)) throw error;
    throw new MsiV2Error('key_operation_failed', {
      stage: 'csr',
      correlationId: options.correlationId,
      message: `The certificate request could not be made (${summarizeForeignError(error)}).`,
    });
  }
}
