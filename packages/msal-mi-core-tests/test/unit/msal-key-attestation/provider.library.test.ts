/** What is told of the library, and what of its words. */

import { LIBRARY, TOKEN, scriptedProvider, request, failureOf } from 'support/scripted-provider.js';

describe('a probe', () => {
  it('reports the path and the signature', async () => {
    const { provider } = scriptedProvider();
    await expect(provider.probe()).resolves.toEqual({
      libraryLoadable: true,
      libraryPath: LIBRARY,
      detail: 'Authenticode signature valid, signed by Microsoft Corporation.',
    });
  });

  it('reports an unsigned library as loadable and says so', async () => {
    const { bindings, provider } = scriptedProvider();
    bindings.library = { failedCall: null, signatureStatus: 0x800b_0100, signer: '' };
    await expect(provider.probe()).resolves.toMatchObject({
      libraryLoadable: true,
      detail: 'Authenticode signature not valid (WinVerifyTrust 0x800b0100).',
      remediation: expect.stringContaining('requireSignedLibrary') as string,
    });
  });

  it('reports why the library cannot be loaded, and never throws', async () => {
    const { bindings, provider } = scriptedProvider();
    bindings.library = { failedCall: { api: 'LoadLibraryExW', status: 126 }, signatureStatus: 0, signer: '' };
    await expect(provider.probe()).resolves.toMatchObject({
      libraryLoadable: false,
      libraryPath: LIBRARY,
      detail: expect.stringContaining('attestation_library_dependency_missing') as string,
      remediation: expect.stringContaining('Visual C++') as string,
    });
    bindings.openLibrary = () => Promise.reject(new TypeError('boom'));
    await expect(provider.probe()).resolves.toMatchObject({ libraryLoadable: false });
  });
});

describe('what the library says', () => {
  it('reaches the application that asked, beside the logger of the provider', async () => {
    const own: string[] = [];
    const { bindings, provider } = scriptedProvider({
      logger: { loggerCallback: (_level, message) => own.push(message) },
    });
    bindings.complaints = ['no answer'];
    const seen: unknown[] = [];
    await provider.attest({ ...request, onLog: (...line) => seen.push(line) });
    expect(seen).toEqual([
      [2, '[msal-key-attestation] AttLib Attest:1 started', false],
      [0, '[msal-key-attestation] AttLib Send:2 no answer', false],
    ]);
    expect(own).toHaveLength(2);
  });

  it('decides nothing when the application throws', async () => {
    const onLog = () => {
      throw new Error('disk full');
    };
    await expect(scriptedProvider().provider.attest({ ...request, onLog })).resolves.toMatchObject({ jwt: TOKEN });
  });

  it('is in the error as one word when it says why the service refused', async () => {
    const { bindings, provider } = scriptedProvider();
    bindings.complaints = [`{"error":{"code":"PolicyEvaluationError","message":"${TOKEN}"}}`, 'giving up'];
    bindings.outcome = () =>
      Promise.resolve({ failedCall: { api: 'AttestKeyGuardImportKey', status: 0xfffffffa }, token: null });
    const failure = await failureOf(provider.attest(request));
    expect(failure.errorMessage).toContain('The attestation service said PolicyEvaluationError.');
    expect(failure.remediation).toContain('(DBX)');
    expect(failure.message).not.toContain(TOKEN);
  });

  it('leaves a hint for each code of the library', async () => {
    for (let code = -1; code >= -35; code -= 1) {
      const { bindings, provider } = scriptedProvider();
      const failedCall = { api: 'AttestKeyGuardImportKey', status: code >>> 0 };
      bindings.outcome = () => Promise.resolve({ failedCall, token: null });
      expect((await failureOf(provider.attest(request))).remediation).toMatch(/^[A-Z].{20,}\.$/);
    }
  });
});
