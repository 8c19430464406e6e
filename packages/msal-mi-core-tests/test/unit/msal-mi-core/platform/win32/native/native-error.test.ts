import {
  failedCall,
  isIsolationUnavailable,
  isKeyReplaceable,
  toBindFailure,
  toKeyUnavailable,
  toTransportError,
} from 'core/platform/win32/native/native-error.js';
import { windowsError } from 'support/scripted-windows.js';

const failed = (status: number, more: Partial<Parameters<typeof toTransportError>[0]> = {}) =>
  toTransportError({
    api: 'WinHttpSendRequest',
    status,
    secureFailureFlags: 0,
    isNewConnection: true,
    hasAnswerBegun: false,
    ...more,
  });

describe('what Windows codes mean', () => {
  it.each([
    [12002, 'timeout', 'ETIMEDOUT'],
    [10060, 'timeout', 'ETIMEDOUT'],
    [12007, 'unreachable', 'ENOTFOUND'],
    [12029, 'unreachable', 'ECONNREFUSED'],
    [12037, 'untrusted_server', 'CERT_HAS_EXPIRED'],
    [12038, 'untrusted_server', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    [12045, 'untrusted_server', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    [12170, 'untrusted_server', 'CERT_REVOKED'],
    [12044, 'client_certificate_rejected', 'ERR_CLIENT_CERTIFICATE_NEEDED'],
    [12157, 'client_certificate_rejected', 'ERR_SSL_HANDSHAKE_FAILURE'],
    [12185, 'client_certificate_rejected', 'ERR_KEY_UNUSABLE'],
    [0x8009030d, 'client_certificate_rejected', 'ERR_KEY_UNUSABLE'],
    [12182, 'invalid_response', 'ERR_HEADERS_OVERFLOW'],
    [12175, 'tls', 'ERR_SSL_HANDSHAKE_FAILURE'],
    [4711, 'connection_lost', 'ERR_WINHTTP_4711'],
  ])('%d is %s, %s', (status, failure, code) => {
    expect(failed(status)).toMatchObject({
      name: 'TransportError',
      failure,
      code,
      win32: { api: 'WinHttpSendRequest', code: status },
    });
  });

  it.each([
    [0x08, 'untrusted_server', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    [0x10, 'untrusted_server', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    [0x20, 'untrusted_server', 'CERT_HAS_EXPIRED'],
    [0x04, 'untrusted_server', 'CERT_REVOKED'],
    [0x18, 'untrusted_server', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    [0x80000000, 'client_certificate_rejected', 'ERR_SSL_HANDSHAKE_FAILURE'],
  ])('secure failure flags %d say more than the code', (secureFailureFlags, failure, code) => {
    expect(failed(12175, { secureFailureFlags })).toMatchObject({ failure, code });
  });

  it.each([10053, 10054, 12030])('%d before an answer on a new connection may be our certificate refused', (status) => {
    expect(failed(status).failure).toBe('closed_before_answer');
    expect(failed(status, { api: 'WinHttpReceiveResponse' }).failure).toBe('closed_before_answer');
    expect(failed(status, { isNewConnection: false }).failure).toBe('connection_lost');
    expect(failed(status, { hasAnswerBegun: true }).failure).toBe('connection_lost');
    expect(failed(status, { api: 'WinHttpReadData' }).failure).toBe('connection_lost');
    expect(failed(status, { api: 'WinHttpWriteData' }).failure).toBe('connection_lost');
  });

  it('12152 is no HTTP when something came, and a closed connection when nothing did', () => {
    const api = 'WinHttpReceiveResponse';
    expect(failed(12152, { api, hasAnswerBegun: true }).failure).toBe('invalid_response');
    expect(failed(12152, { api }).failure).toBe('closed_before_answer');
    expect(failed(12152, { api, isNewConnection: false }).failure).toBe('invalid_response');
  });

  it('names the function and the code in the message', () => {
    expect(failed(12029).message).toBe('No connection (WinHttpSendRequest: 12029).');
    expect(failed(0x80090304).message).toContain('0x80090304');
  });

  it('a host without isolation is no failure, whichever step says so', () => {
    for (const api of ['NCryptCreatePersistedKey', 'NCryptFinalizeKey']) {
      for (const status of [0x80890014, 0x80090029, 0x80090009]) {
        expect(isIsolationUnavailable({ api, status })).toBe(true);
      }
    }
    expect(isIsolationUnavailable({ api: 'NCryptCreatePersistedKey', status: 0x80090020 })).toBe(false);
    expect(isIsolationUnavailable({ api: 'NCryptOpenStorageProvider', status: 0x80090029 })).toBe(false);
  });

  it('a key that does not open or sign is replaced, a provider that does not open is not', () => {
    expect(isKeyReplaceable({ api: 'NCryptOpenKey', status: 0x80090016 })).toBe(true);
    expect(isKeyReplaceable({ api: 'NCryptSignHash', status: 0x80890015 })).toBe(true);
    expect(isKeyReplaceable({ api: 'NCryptOpenStorageProvider', status: 0x80090016 })).toBe(false);
  });

  it('typed errors carry the code and what to do', () => {
    expect(toKeyUnavailable({ api: 'NCryptFinalizeKey', status: 0x80090020 })).toMatchObject({
      name: 'MsiV2Error',
      errorCode: 'key_unavailable',
      stage: 'key',
      retryable: false,
      win32: { api: 'NCryptFinalizeKey', code: 0x80090020 },
      remediation: expect.any(String) as string,
    });
    expect(toBindFailure({ api: 'NCryptOpenKey', status: 0x80090016 }).failure).toBe('client_certificate_rejected');
    expect(toBindFailure({ api: 'WinHttpSetOption', status: 87 }).failure).toBe('tls');
  });

  it('passes on errors that are not of Windows', () => {
    expect(failedCall(windowsError('NCryptOpenKey', 1))).toEqual({ api: 'NCryptOpenKey', status: 1 });
    const other = new TypeError('a mistake');
    expect(() => failedCall(other)).toThrow(other);
  });
});
