import type { X509Certificate } from 'node:crypto';
import * as asn1js from 'asn1js';
import * as pkijs from 'pkijs';
import type { TokenNotAfter } from '../types.js';

/** Extension with the time after which Entra ID issues no token for a certificate, although NotAfter is later (D17). */
const TOKEN_NOT_AFTER = '1.3.6.1.4.1.311.90.2.1';

/** Writes the extension. */
export function tokenNotAfterExtension({ seconds, as, inSequence }: TokenNotAfter, nowMs: number): pkijs.Extension {
  const valueDate = new Date(Math.floor(nowMs / 1000 + seconds) * 1000);
  const time = as === 'utc-time' ? new asn1js.UTCTime({ valueDate }) : new asn1js.GeneralizedTime({ valueDate });
  const value = inSequence ? new asn1js.Sequence({ value: [time] }) : time;
  return new pkijs.Extension({ extnID: TOKEN_NOT_AFTER, critical: false, extnValue: value.toBER(false) });
}

/**
 * The time that the extension of a certificate names.
 * @returns milliseconds since 1970; undefined without the extension
 */
export function readTokenNotAfter(certificate: X509Certificate): number | undefined {
  const { extensions = [] } = pkijs.Certificate.fromBER(Uint8Array.from(certificate.raw).buffer);
  const extension = extensions.find(({ extnID }) => extnID === TOKEN_NOT_AFTER);
  if (!extension) return undefined;
  const { result } = asn1js.fromBER(extension.extnValue.valueBlock.valueHexView);
  const time = result instanceof asn1js.Sequence ? result.valueBlock.value[0] : result;
  // GeneralizedTime is a UTCTime here.
  return time instanceof asn1js.UTCTime ? time.toDate().getTime() : undefined;
}
