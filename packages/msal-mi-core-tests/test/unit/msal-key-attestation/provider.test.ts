import { inspect } from 'node:util';
import { isMsalMiError } from 'core/errors.js';
import { ERROR_CODES } from 'core/error-codes.js';
import { AttestationError } from 'attestation/errors.js';
import type {
  AttestationBindings,
  AttestationOutcome,
  FailedCall,
  LibraryOutcome,
  NativeAttestationRequest,
} from 'attestation/native/bindings.js';
import { composeProvider, type AttestationProviderOptions } from 'attestation/provider.js';
import { runExclusive } from 'attestation/process-state.js';
import { jwtWith } from 'support/jwt.js';

const LIBRARY = 'C:\\vendor\\AttestationClientLib.dll';
const NOW_MS = 1_800_000_000_000;
const TOKEN = jwtWith({ iat: NOW_MS / 1000, exp: NOW_MS / 1000 + 3600 });

/** The native side, scripted: it implements the same interface as the addon. */
class ScriptedBindings implements AttestationBindings {
  readonly attested: NativeAttestationRequest[] = [];
  library: LibraryOutcome = { failedCall: null, signatureStatus: 0, signer: 'Microsoft Corporation' };
  /** Lines of level error. */
  complaints: string[] = [];
  outcome: () => Promise<AttestationOutcome> = () => Promise.resolve({ failedCall: null, token: TOKEN });

  openLibrary() {
    return Promise.resolve(this.library);
  }
  attest(
    request: NativeAttestationRequest,
    onLogLine: Parameters<AttestationBindings['attest']>[1],
  ): Promise<AttestationOutcome> {
    this.attested.push(request);
    onLogLine({ level: 2, tag: 'AttLib', functionName: 'Attest', line: 1, message: 'started' });
    for (const message of this.complaints)
      onLogLine({ level: 0, tag: 'AttLib', functionName: 'Send', line: 2, message });
    return this.outcome();
  }
}

function world(options: AttestationProviderOptions = {}) {
  const bindings = new ScriptedBindings();
  const provider = composeProvider(
    { clock: { now: () => NOW_MS }, ...options },
    { loadBindings: () => bindings, findLibrary: (explicit) => explicit ?? LIBRARY, runExclusive },
  );
  return { bindings, provider };
}

const request = {
  endpoint: 'https://maa.example.net',
  clientId: 'client',
  cacheKey: 'key-1',
  key: { providerName: 'Provider', keyName: 'Key', scope: 'user' as const },
};

async function failureOf(promise: Promise<unknown>): Promise<AttestationError> {
  const error: unknown = await promise.catch((e: unknown) => e);
  expect(error).toBeInstanceOf(AttestationError);
  expect(isMsalMiError(error)).toBe(true);
  const failure = error as AttestationError;
  expect(Object.keys(ERROR_CODES)).toContain(failure.errorCode);
  expect(failure.stage).toBe('attestation');
  return failure;
}

describe('an attestation', () => {
  it('F42: hands the key by name and returns the token with its expiry', async () => {
    const { bindings, provider } = world();
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
    const { bindings, provider } = world();
    await provider.attest(request);
    await provider.attest(request);
    expect(bindings.attested).toHaveLength(1);
    await provider.attest({ ...request, forceRefresh: true });
    expect(bindings.attested).toHaveLength(2);
  });

  it('F37: happens once for two identities: the service attests the key, not the identity', async () => {
    const { bindings, provider } = world();
    await provider.attest(request);
    await provider.attest({ ...request, clientId: 'another' });
    expect(bindings.attested).toHaveLength(1);
  });

  it('happens one at a time, also for different keys and after a failure', async () => {
    const { bindings, provider } = world();
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
    const { provider } = world({ logger: { loggerCallback: (_level, message) => void lines.push(message) } });
    await provider.attest(request);
    expect(lines).toEqual(['[msal-key-attestation] AttLib Attest:1 started']);
  });

  it('ends at once with the reason when it is aborted, and starts nothing when it comes aborted', async () => {
    const { bindings, provider } = world();
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
    const { bindings, provider } = world();
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
    const { bindings, provider } = world();
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
    const { bindings, provider } = world();
    const cause = new Error('boom');
    bindings.outcome = () => Promise.reject(cause);
    const failure = await failureOf(provider.attest(request));
    expect(failure).toMatchObject({ errorCode: 'attestation_failed', cause });
  });
});

describe('what the provider refuses before any native call', () => {
  it.each([
    ['an endpoint without TLS', { endpoint: 'http://maa.example.net' }],
    ['an endpoint whose name begins like a loopback address', { endpoint: 'http://127.example.com' }],
    ['an endpoint that is no URL', { endpoint: 'maa' }],
    ['a file endpoint', { endpoint: 'file:///etc' }],
    ['a client id with a NUL', { clientId: 'a\0b' }],
    ['a key without a name', { key: { ...request.key, keyName: '' } }],
    ['a request without a key', { key: undefined as unknown as typeof request.key }],
  ])('is %s', async (_what, more) => {
    const { bindings, provider } = world();
    expect((await failureOf(provider.attest({ ...request, ...more }))).errorCode).toBe('invalid_request');
    expect(bindings.attested).toHaveLength(0);
  });

  it.each([undefined, null, 'request'])('is a request that is no object: %p', async (nothing) => {
    const { bindings, provider } = world();
    const attesting = provider.attest(nothing as unknown as typeof request);
    expect((await failureOf(attesting)).errorCode).toBe('invalid_request');
    expect(bindings.attested).toHaveLength(0);
  });

  it.each(['http://127.0.0.1:1', 'http://localhost:1', 'http://[::1]:1'])(
    'is not plain HTTP on loopback: %s',
    async (endpoint) => {
      await expect(world().provider.attest({ ...request, endpoint })).resolves.toMatchObject({ jwt: TOKEN });
    },
  );

  it.each([
    { libraryPath: 'AttestationClientLib.dll' },
    { libraryPath: '.\\lib.dll' },
    { requireSignedLibrary: ' ' },
    { requireSignedLibrary: 1 as unknown as boolean },
    { clock: 5 as unknown as AttestationProviderOptions['clock'] & object },
    { logger: 5 as unknown as AttestationProviderOptions['logger'] & object },
  ])('is the option %j', (options) => {
    expect(() => world(options)).toThrow(expect.objectContaining({ errorCode: 'invalid_configuration' }) as Error);
  });
});

describe('the options about the library', () => {
  it.each([
    [undefined, false, ''],
    [false, false, ''],
    [true, true, ''],
    ['Microsoft Corporation', true, 'Microsoft Corporation'],
  ])(
    'requireSignedLibrary %j reaches the native side',
    async (requireSignedLibrary, requireSignature, requiredSigner) => {
      const { bindings, provider } = world(requireSignedLibrary === undefined ? {} : { requireSignedLibrary });
      await provider.attest(request);
      expect(bindings.attested).toMatchObject([{ requireSignature, requiredSigner }]);
    },
  );

  it('libraryPath reaches the native side', async () => {
    const { bindings, provider } = world({ libraryPath: 'D:\\mine.dll' });
    await provider.attest(request);
    expect(bindings.attested).toMatchObject([{ libraryPath: 'D:\\mine.dll' }]);
  });
});

describe('a probe', () => {
  it('reports the path and the signature', async () => {
    const { provider } = world();
    await expect(provider.probe()).resolves.toEqual({
      libraryLoadable: true,
      libraryPath: LIBRARY,
      detail: 'Authenticode signature valid, signed by Microsoft Corporation.',
    });
  });

  it('reports an unsigned library as loadable and says so', async () => {
    const { bindings, provider } = world();
    bindings.library = { failedCall: null, signatureStatus: 0x800b_0100, signer: '' };
    await expect(provider.probe()).resolves.toMatchObject({
      libraryLoadable: true,
      detail: 'Authenticode signature not valid (WinVerifyTrust 0x800b0100).',
      remediation: expect.stringContaining('requireSignedLibrary') as string,
    });
  });

  it('reports why the library cannot be loaded, and never throws', async () => {
    const { bindings, provider } = world();
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
    const { bindings, provider } = world({ logger: { loggerCallback: (_level, message) => own.push(message) } });
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
    await expect(world().provider.attest({ ...request, onLog })).resolves.toMatchObject({ jwt: TOKEN });
  });

  it('is in the error as one word when it says why the service refused', async () => {
    const { bindings, provider } = world();
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
      const { bindings, provider } = world();
      const failedCall = { api: 'AttestKeyGuardImportKey', status: code >>> 0 };
      bindings.outcome = () => Promise.resolve({ failedCall, token: null });
      expect((await failureOf(provider.attest(request))).remediation).toMatch(/^[A-Z].{20,}\.$/);
    }
  });
});

describe('the SHA-256 of the library', () => {
  const sha256 = 'AB'.repeat(32);

  it('reaches the addon in lower case', async () => {
    const { bindings, provider } = world({ requireLibrarySha256: sha256 });
    await provider.attest(request);
    expect(bindings.attested[0]).toMatchObject({ requiredSha256: 'ab'.repeat(32), requireSignature: false });
  });

  it.each(['', 'ab', `${'ab'.repeat(31)}xy`, `${'ab'.repeat(32)}\n`, 5, true, null])('is not %j', (value) => {
    expect(() => world({ requireLibrarySha256: value as string })).toThrow(
      expect.objectContaining({ errorCode: 'invalid_configuration' }) as Error,
    );
  });

  it.each([
    ['CryptGetHashParam', 323, /requireLibrarySha256/],
    ['GetFinalPathNameByHandleW', 161, /does not lie on a drive/],
    ['LoadLibraryExW', 183, /was loaded by this process before/],
  ])('a library that %s does not accept is untrusted', async (api, status, text) => {
    const { bindings, provider } = world({ requireLibrarySha256: sha256 });
    bindings.outcome = () => Promise.resolve({ failedCall: { api, status }, token: null });
    const failure = await failureOf(provider.attest(request));
    expect(failure.errorCode).toBe('attestation_library_untrusted');
    expect(failure.errorMessage).toMatch(text);
  });
});
