/** What a resource says against the certificate of a bound token, for those who watch (D30). The answer stays the caller's. */
import { resourceRefusalChannel, type ResourceRefusalEvent } from '../diagnostics/channels.js';
import type { Logger } from '../diagnostics/logger.js';
import { certificateRefusalOf, type CertificateRefusal } from './certificate-refusal.js';

/** Why a resource refused the binding of a token. */
export type BindingRefusal = CertificateRefusal | 'bearer';

const LONGEST_ANSWER_BYTES = 64 * 1024;

const SENTENCES: Readonly<Record<BindingRefusal, string>> = {
  missing: 'says that the request came without the certificate of its token (MtlsMissingClientCertificate)',
  mismatch: 'says that the certificate is not the one the token is bound to (MtlsCnfClaimRequestDataValidationFailed)',
  bearer: 'says that a bound token was sent as a bearer token',
};

/** Undefined for an answer that says nothing of the kind. The answer can still be read afterwards. */
export async function bindingRefusalOf(response: Response): Promise<BindingRefusal | undefined> {
  if (response.status !== 401) return undefined;
  const isText = /\bjson\b|^text\//i.test(response.headers.get('content-type') ?? '');
  const text = [response.headers.get('www-authenticate'), isText ? await beginningOf(response.clone()) : ''].join('\n');
  const refusal = certificateRefusalOf(response.status, text);
  if (refusal !== undefined) return refusal;
  return /\bcnf\b/.test(text) && /\bbearer\b/i.test(text) ? 'bearer' : undefined;
}

/** What such an answer means. */
export function meaningOf(refusal: BindingRefusal, host: string): string {
  return `${host} ${SENTENCES[refusal]}`;
}

/** Tells subscribers and the log. */
export function reportBindingRefusal(
  refusal: BindingRefusal,
  { host, x5tS256, log }: { host: string; x5tS256: string; log: Logger | undefined },
): void {
  const message = meaningOf(refusal, host);
  log?.warning(`resource_refused_binding: ${message}; certificate ${x5tS256}`);
  if (resourceRefusalChannel.hasSubscribers) {
    resourceRefusalChannel.publish({
      version: 1,
      code: 'resource_refused_binding',
      reason: refusal,
      host,
      message,
      thumbprint: x5tS256,
    } satisfies ResourceRefusalEvent);
  }
}

async function beginningOf({ body }: Response): Promise<string> {
  let text = '';
  let length = 0;
  const decoder = new TextDecoder();
  try {
    for await (const piece of body ?? []) {
      text += decoder.decode(piece as Uint8Array, { stream: true });
      length += (piece as Uint8Array).byteLength;
      if (length > LONGEST_ANSWER_BYTES) break;
    }
  } catch {
    // Whoever reads the answer gets the failure.
  }
  return text;
}
