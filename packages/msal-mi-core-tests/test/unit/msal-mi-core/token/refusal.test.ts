/** Which failures another certificate would cure (D22). */
import { MsiV2Error } from 'core/errors.js';
import { TransportError, type TransportFailure } from 'core/ports.js';
import { STALE_CERTIFICATE_CODES } from 'core/token/aadsts.js';
import { refusalOf } from 'core/token/refusal.js';

const refusal = (error: unknown) => refusalOf(error, 'certificate');
const refused = (code: string, details: { aadstsCode?: string; httpStatus?: number; cause?: unknown } = {}) =>
  new MsiV2Error(code, { stage: 'token', httpStatus: 400, ...details });
const lost = (failure: TransportFailure) =>
  new MsiV2Error('managed_identity_unreachable_network', {
    stage: 'token',
    cause: new TransportError(failure, 'ECODE', 'text'),
  });

describe('classifier', () => {
  test.each(Object.entries(STALE_CERTIFICATE_CODES))(
    'J25: AADSTS%s is healed whatever the OAuth error is',
    (aadstsCode, { evidenceIsStale }) => {
      const reason = { part: 'certificate', kind: 'aadsts', aadstsCode, evidenceIsStale };
      expect(refusal(refused('invalid_client', { aadstsCode, httpStatus: 401 }))).toEqual(reason);
      expect(refusal(refused('invalid_request', { aadstsCode }))).toEqual(reason);
    },
  );

  test('J27: invalid_client is healed with any other code and with none', () => {
    for (const aadstsCode of ['7000218', '7000229', undefined]) {
      const error = refused('invalid_client', { httpStatus: 401, ...(aadstsCode && { aadstsCode }) });
      expect(refusal(error)).toEqual({ part: 'certificate', kind: 'invalid_client', evidenceIsStale: false });
    }
  });

  test('J39: of the failures of a connection only a refused certificate counts', () => {
    const failures: TransportFailure[] = [
      'client_certificate_rejected',
      'unreachable',
      'timeout',
      'untrusted_server',
      'tls',
      'connection_lost',
      'invalid_response',
    ];
    expect(failures.filter((failure) => refusal(lost(failure)) !== undefined)).toEqual(['client_certificate_rejected']);
  });

  test('J34: a listed code is reported as such although a connection failure hangs on it', () => {
    const cause = Object.assign(new Error('socket'), { code: 'ECONNRESET', errno: 10054 });

    expect(refusal(refused('invalid_request', { aadstsCode: '1000901', cause }))?.kind).toBe('aadsts');
  });

  test('J33: what is not an error of ours, or has no text, is never healed and never throws', () => {
    const empty = new MsiV2Error('x', { stage: 'token', message: '' });
    const values: unknown[] = [null, undefined, 0, 'text', {}, new Error(), new TransportError('tls', '', ''), empty];
    for (const value of values) {
      expect(refusal(value)).toBeUndefined();
    }
  });

  test.each([
    ['another OAuth error', refused('invalid_request')],
    ['a longer number', refused('invalid_request', { aadstsCode: '10009010' })],
    [
      'a server error that names a listed code',
      refused('service_not_available', { aadstsCode: '1000901', httpStatus: 500 }),
    ],
    ['invalid_client of another leg', new MsiV2Error('invalid_client', { stage: 'issuecredential', httpStatus: 400 })],
    ['a throttled request', refused('request_throttled', { httpStatus: 429 })],
    ['a 200 that could not be used', refused('token_binding_mismatch', { httpStatus: 200 })],
    ['no stage', new MsiV2Error('invalid_client', { httpStatus: 400 })],
  ])('not healed: %s', (_what, error) => {
    expect(refusal(error)).toBeUndefined();
  });
});
