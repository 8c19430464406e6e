import { isIsolationUnavailable, isKeyGone, toKeyUnavailable } from 'core/platform/win32/native/key-codes.js';
import { failedCall, toBindFailure, toTransportError } from 'core/platform/win32/native/native-error.js';
import { windowsError } from 'support/scripted-windows.js';

const failed = (status: number, more: Partial<Parameters<typeof toTransportError>[0]> = {}) =>
  toTransportError({
    api: 'WinHttpSendRequest',
    status,
    proxyStatus: 0,
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
    [12187, 'unreachable', 'ERR_PROXY_CLIENT_CERTIFICATE'],
    [12188, 'unreachable', 'ERR_PROXY_TLS'],
    [14, 'connection_lost', 'ERR_OUT_OF_MEMORY'],
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
    [0x80000000, 'tls', 'ERR_SSL_HANDSHAKE_FAILURE'],
  ])('secure failure flags %d say more than the code', (secureFailureFlags, failure, code) => {
    expect(failed(12175, { secureFailureFlags })).toMatchObject({ failure, code });
  });

  it.each([
    ['bad, unsupported or unknown certificate (42, 43, 46)', 0x80090327],
    ['certificate revoked (44)', 0x80092010],
    ['certificate expired (45)', 0x80090328],
    ['unknown authority (48)', 0x80090325],
    ['access denied (49)', 0x8009030c],
    ['no credentials', 0x8009030e],
    ['incomplete credentials', 0x80090320],
  ])('Schannel: %s is our certificate refused', (_what, status) => {
    expect(failed(status).failure).toBe('client_certificate_rejected');
  });

  it.each([
    ['handshake failure (40)', 0x80090326],
    ['no common version or cipher', 0x80090331],
    ['not supported by policy', 0x80090302],
    ['the security service failed', 0x80090304],
    ['a record that does not decrypt', 0x80090330],
  ])('Schannel: %s is not', (_what, status) => {
    expect(failed(status).failure).toBe('tls');
  });

  it("a proxy's refusal is told as such, with its status", () => {
    const refused = failed(12029, { api: 'WinHttpReceiveResponse', proxyStatus: 502 });
    expect(refused).toMatchObject({ failure: 'unreachable', code: 'ERR_PROXY_REFUSED' });
    expect(refused.message).toContain('502');
    expect(failed(12029, { proxyStatus: 407 })).toMatchObject({ code: 'ERR_PROXY_AUTHENTICATION' });
    expect(failed(12188, { secureFailureFlags: 0x10 })).toMatchObject({
      failure: 'unreachable',
      code: 'ERR_PROXY_TLS',
    });
  });

  it.each([10053, 10054, 12030])('%d before an answer on a new connection may be our certificate refused', (status) => {
    expect(failed(status).failure).toBe('closed_before_answer');
    expect(failed(status, { api: 'WinHttpReceiveResponse' }).failure).toBe('closed_before_answer');
    expect(failed(status, { isNewConnection: false }).failure).toBe('connection_lost');
    expect(failed(status, { hasAnswerBegun: true }).failure).toBe('connection_lost');
    expect(failed(status, { api: 'WinHttpReadData' }).failure).toBe('connection_lost');
    expect(failed(status, { api: 'WinHttpWriteData' }).failure).toBe('connection_lost');
  });

  it('12152 says that something other than HTTP came, and a closed connection when nothing did', () => {
    const api = 'WinHttpReceiveResponse';
    expect(failed(12152, { api, hasAnswerBegun: true }).failure).toBe('invalid_response');
    expect(failed(12152, { api }).failure).toBe('closed_before_answer');
    expect(failed(12152, { api, isNewConnection: false }).failure).toBe('invalid_response');
  });

  it('names the function and the code in the message', () => {
    expect(failed(12029).message).toBe('No connection (WinHttpSendRequest: 12029).');
    expect(failed(0x80090304).message).toContain('0x80090304');
  });

  it('two codes say that a host has no isolation, whichever step says so', () => {
    for (const api of ['NCryptCreatePersistedKey', 'NCryptFinalizeKey']) {
      expect(isIsolationUnavailable({ api, status: 0x80890014 })).toBe(true);
      expect(isIsolationUnavailable({ api, status: 0x80090029 })).toBe(true);
      for (const status of [0x80090009, 0x80090020, 0x80090030, 1722]) {
        expect(isIsolationUnavailable({ api, status })).toBe(false);
      }
    }
    expect(isIsolationUnavailable({ api: 'NCryptOpenStorageProvider', status: 0x80090029 })).toBe(false);
  });

  it('five codes say that a key is gone or dead; no other ever has one replaced', () => {
    for (const api of ['NCryptOpenKey', 'NCryptSignHash', 'NCryptExportKey', 'NCryptGetProperty']) {
      for (const status of [0x80090016, 0x8009000d, 0x80090011, 0x8009000b, 0x80890015]) {
        expect(isKeyGone({ api, status })).toBe(true);
      }
      for (const status of [0x80090030, 0x8009002d, 0x80090020, 0x80090010, 5, 32, 1722, 0x800706ba, 14]) {
        expect(isKeyGone({ api, status })).toBe(false);
      }
    }
    expect(isKeyGone({ api: 'NCryptOpenStorageProvider', status: 0x80090016 })).toBe(false);
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
    for (const status of [0x80090030, 0x8009002d, 1722, 0x800706ba]) {
      expect(toKeyUnavailable({ api: 'NCryptSignHash', status }).retryable).toBe(true);
    }
  });

  it('an account without a profile is told what it lacks', () => {
    const error = toKeyUnavailable({ api: 'GetUserProfileDirectoryW', status: 2 });
    expect(error).toMatchObject({ errorCode: 'key_unavailable', retryable: false });
    expect(error.message).toContain('loadUserProfile');
  });

  it('a session that cannot be opened asks for a new certificate only when certificate and key no longer fit', () => {
    const failure = (api: string, status: number) => toBindFailure({ api, status }).failure;
    expect(failure('NCryptOpenKey', 0x80090016)).toBe('client_certificate_rejected');
    expect(failure('NCryptOpenKey', 0x80090015)).toBe('client_certificate_rejected');
    expect(failure('CertCreateCertificateContext', 0x80093102)).toBe('client_certificate_rejected');
    expect(failure('NCryptOpenStorageProvider', 0x80090030)).toBe('tls');
    expect(failure('NCryptOpenKey', 1722)).toBe('tls');
    expect(failure('WinHttpSetOption', 87)).toBe('tls');
    expect(failure('std::exception', 14)).toBe('tls');
  });

  it('passes on errors that are not of Windows', () => {
    expect(failedCall(windowsError('NCryptOpenKey', 1))).toEqual({ api: 'NCryptOpenKey', status: 1 });
    const other = new TypeError('a mistake');
    expect(() => failedCall(other)).toThrow(other);
  });
});
