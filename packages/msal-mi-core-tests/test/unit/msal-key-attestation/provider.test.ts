/** How often a key is attested, and what becomes of failures. */
import { inspect } from 'node:util';
import type { AttestationOutcome, FailedCall } from 'attestation/native/bindings.js';
import { LIBRARY, NOW_MS, TOKEN, scriptedProvider, request, failureOf } from 'support/scripted-provider.js';

describe('an attestation', () => {
  it('F42: hands the key by name and returns the token with its expiry', async () => {
    const { bindings, provider } = scriptedProvider();
    await expect(provider.attest(request)).resolves.toEqual({ jwt: TOKEN, expiresOn: new Date(NOW_MS + 3_600_000) });
    expect(bindings.attested).toEqual([
      {
        libraryPath: LIBRARY,
        requireSignature: false,
        requiredSigner: '',
        requiredSha256: '',
        endpoint: 'https://maa.example.net',
        clientId: 'client',
        providerName: 'Provider',
        keyName: 'Key',
        isMachineKey: false,
      },
    ]);
  });

  it('happens once for two mints with the same key and again when the service refused the token', async () => {
    const { bindings, provider } = scriptedProvider();
    await provider.attest(request);
    await provider.attest(request);
    expect(bindings.attested).toHaveLength(1);
    await provider.attest({ ...request, forceRefresh: true });
    expect(bindings.attested).toHaveLength(2);
  });

  it('F37: happens once for two identities: the service attests the key, not the identity', async () => {
    const { bindings, provider } = scriptedProvider();
    await provider.attest(request);
    await provider.attest({ ...request, clientId: 'another' });
    expect(bindings.attested).toHaveLength(1);
  });

  it('happens one at a time, also for different keys and after a failure', async () => {
    const { bindings, provider } = scriptedProvider();
    let running = 0;
    let most = 0;
    bindings.outcome = async () => {
      most = Math.max(most, (running += 1));
      await new Promise(setImmediate);
      running -= 1;
      return { failedCall: { api: 'AttestKeyGuardImportKey', status: 0xffff_fffa }, token: null };
    };
    const attestations = ['a', 'b', 'c'].map((cacheKey) => provider.attest({ ...request, cacheKey }));
    await Promise.allSettled(attestations);
    expect(bindings.attested).toHaveLength(3);
    expect(most).toBe(1);
  });

  it('forwards the log lines of the library', async () => {
    const lines: string[] = [];
    const { provider } = scriptedProvider({
      logger: { loggerCallback: (_level, message) => void lines.push(message) },
    });
    await provider.attest(request);
    expect(lines).toEqual(['[msal-key-attestation] AttLib Attest:1 started']);
  });

  it('ends at once with the reason when it is aborted, and starts nothing when it comes aborted', async () => {
    const { bindings, provider } = scriptedProvider();
    const reason = { not: 'even an error' };
    await expect(provider.attest({ ...request, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(bindings.attested).toHaveLength(0);
    let finishNative: (outcome: AttestationOutcome) => void = () => undefined;
    bindings.outcome = () => new Promise((resolve) => (finishNative = resolve));
    const aborter = new AbortController();
    const pending = provider.attest({ ...request, signal: aborter.signal });
    await new Promise(setImmediate);
    aborter.abort(reason);
    await expect(pending).rejects.toBe(reason);
    finishNative({ failedCall: null, token: TOKEN });
  });
});

describe('an attestation that brings no usable token', () => {
  it.each([
    [null, 'no token'],
    ['', 'an empty token'],
    ['  \n', 'an empty token'],
    ['opaque', 'not a JWT'],
  ])('fails with attestation_failed and is not kept (%j)', async (token, reason) => {
    const { bindings, provider } = scriptedProvider();
    bindings.outcome = () => Promise.resolve({ failedCall: null, token });
    const failure = await failureOf(provider.attest(request));
    expect(failure.errorCode).toBe('attestation_failed');
    expect(failure.errorMessage).toContain(reason);
    if (token?.trim()) expect(inspect(failure)).not.toContain(token);
    await provider.attest(request).catch(() => undefined);
    expect(bindings.attested).toHaveLength(2);
  });
});

describe('a native failure', () => {
  const failing = async (failedCall: FailedCall) => {
    const { bindings, provider } = scriptedProvider();
    bindings.outcome = () => Promise.resolve({ failedCall, token: null });
    return failureOf(provider.attest(request));
  };

  it('F20, F21: of the library names the code and has a sentence of its own for each of -1 to -35', async () => {
    const messages = new Set<string>();
    for (let code = -1; code >= -35; code -= 1) {
      const failure = await failing({ api: 'AttestKeyGuardImportKey', status: code >>> 0 });
      expect(failure).toMatchObject({
        errorCode: 'attestation_failed',
        win32: { api: 'AttestKeyGuardImportKey', code },
      });
      expect(failure.errorMessage).toContain(`returned ${code}, `);
      expect(failure.errorMessage).not.toContain('does not know');
      messages.add(failure.errorMessage.replace(String(code), ''));
    }
    expect(messages.size).toBe(35);
  });

  it('with an unknown code still names the code', async () => {
    const failure = await failing({ api: 'AttestKeyGuardImportKey', status: 0x8009_0016 });
    expect(failure.errorMessage).toContain('returned -2146893802, a code that this version does not know');
  });

  it.each([-4, -5, -7])('of the network (%i) may be tried again', async (code) => {
    expect(await failing({ api: 'AttestKeyGuardImportKey', status: code >>> 0 })).toMatchObject({ retryable: true });
  });

  it('of the evidence may not', async () => {
    expect(await failing({ api: 'AttestKeyGuardImportKey', status: -6 >>> 0 })).toMatchObject({ retryable: false });
  });

  it.each([
    ['LoadLibraryExW', 193, 'attestation_library_wrong_architecture', /architecture/],
    ['LoadLibraryExW', 216, 'attestation_library_wrong_architecture', /architecture/],
    ['LoadLibraryExW', 126, 'attestation_library_dependency_missing', /Visual C\+\+/],
    ['LoadLibraryExW', 2, 'attestation_library_not_found', /gone/],
    ['LoadLibraryExW', 1114, 'attestation_library_incompatible', /1114/],
    ['GetProcAddress', 127, 'attestation_library_incompatible', /lacks a function/],
    ['InitAttestationLib', -35 >>> 0, 'attestation_library_incompatible', /returned -35/],
    ['WinVerifyTrust', 0x800b_0100, 'attestation_library_untrusted', /0x800b0100/],
    ['CertGetNameStringW', 0, 'attestation_library_untrusted', /another publisher/],
    ['NCryptOpenKey', 0x8009_0016, 'attestation_failed', /NCryptOpenKey failed with 0x80090016/],
    ['std::exception', 14, 'attestation_failed', /0x0000000e/],
  ])('of %s with %i is %s', async (api, status, errorCode, message) => {
    const failure = await failing({ api, status });
    expect(failure.errorCode).toBe(errorCode);
    expect(failure.errorMessage).toMatch(message);
    expect(failure.win32?.api).toBe(api);
    expect(failure.remediation).toBeTruthy();
  });

  it('F10: that nobody foresaw is attestation_failed with its cause', async () => {
    const { bindings, provider } = scriptedProvider();
    const cause = new Error('boom');
    bindings.outcome = () => Promise.reject(cause);
    const failure = await failureOf(provider.attest(request));
    expect(failure).toMatchObject({ errorCode: 'attestation_failed', cause });
  });
});
