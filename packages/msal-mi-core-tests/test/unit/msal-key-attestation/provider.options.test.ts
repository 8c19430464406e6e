/** What is refused before anything native runs. */
import { type AttestationProviderOptions } from 'attestation/provider.js';
import { TOKEN, scriptedProvider, request, failureOf } from 'support/scripted-provider.js';

describe('what the provider refuses before any native call', () => {
  it.each([
    ['an endpoint without TLS', { endpoint: 'http://maa.example.net' }],
    ['an endpoint whose name begins like a loopback address', { endpoint: 'http://127.example.com' }],
    ['an endpoint that is not a URL', { endpoint: 'maa' }],
    ['a file endpoint', { endpoint: 'file:///etc' }],
    ['a client id with a NUL', { clientId: 'a\0b' }],
    ['a key without a name', { key: { ...request.key, keyName: '' } }],
    ['a request without a key', { key: undefined as unknown as typeof request.key }],
  ])('is %s', async (_what, more) => {
    const { bindings, provider } = scriptedProvider();
    expect((await failureOf(provider.attest({ ...request, ...more }))).errorCode).toBe('invalid_request');
    expect(bindings.attested).toHaveLength(0);
  });

  it.each([undefined, null, 'request'])('is a request that is not an object: %p', async (nothing) => {
    const { bindings, provider } = scriptedProvider();
    const attesting = provider.attest(nothing as unknown as typeof request);
    expect((await failureOf(attesting)).errorCode).toBe('invalid_request');
    expect(bindings.attested).toHaveLength(0);
  });

  it.each(['http://127.0.0.1:1', 'http://localhost:1', 'http://[::1]:1'])(
    'is not plain HTTP on loopback: %s',
    async (endpoint) => {
      await expect(scriptedProvider().provider.attest({ ...request, endpoint })).resolves.toMatchObject({ jwt: TOKEN });
    },
  );

  it.each([
    { libraryPath: 'AttestationClientLib.dll' },
    { libraryPath: '.\\lib.dll' },
    { libraryPath: 'C:/lib.dll' },
    { libraryPath: '\\\\server\\share\\lib.dll' },
    { libraryPath: '\\\\?\\C:\\lib.dll' },
    { requireSignedLibrary: ' ' },
    { requireSignedLibrary: 1 as unknown as boolean },
    { clock: 5 as unknown as AttestationProviderOptions['clock'] & object },
    { logger: 5 as unknown as AttestationProviderOptions['logger'] & object },
  ])('is the option %j', (options) => {
    expect(() => scriptedProvider(options)).toThrow(
      expect.objectContaining({ errorCode: 'invalid_configuration' }) as Error,
    );
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
      const { bindings, provider } = scriptedProvider(
        requireSignedLibrary === undefined ? {} : { requireSignedLibrary },
      );
      await provider.attest(request);
      expect(bindings.attested).toMatchObject([{ requireSignature, requiredSigner }]);
    },
  );

  it('libraryPath reaches the native side', async () => {
    const { bindings, provider } = scriptedProvider({ libraryPath: 'D:\\mine.dll' });
    await provider.attest(request);
    expect(bindings.attested).toMatchObject([{ libraryPath: 'D:\\mine.dll' }]);
  });
});

describe('the SHA-256 of the library', () => {
  const sha256 = 'AB'.repeat(32);

  it('reaches the addon in lower case', async () => {
    const { bindings, provider } = scriptedProvider({ requireLibrarySha256: sha256 });
    await provider.attest(request);
    expect(bindings.attested[0]).toMatchObject({ requiredSha256: 'ab'.repeat(32), requireSignature: false });
  });

  it.each(['', 'ab', `${'ab'.repeat(31)}xy`, `${'ab'.repeat(32)}\n`, 5, true, null])('is not %j', (value) => {
    expect(() => scriptedProvider({ requireLibrarySha256: value as string })).toThrow(
      expect.objectContaining({ errorCode: 'invalid_configuration' }) as Error,
    );
  });

  it.each([
    ['CryptGetHashParam', 323, /requireLibrarySha256/],
    ['GetFinalPathNameByHandleW', 161, /does not lie on a drive/],
    ['LoadLibraryExW', 183, /was loaded by this process before/],
  ])('a library that %s does not accept is untrusted', async (api, status, text) => {
    const { bindings, provider } = scriptedProvider({ requireLibrarySha256: sha256 });
    bindings.outcome = () => Promise.resolve({ failedCall: { api, status }, token: null });
    const failure = await failureOf(provider.attest(request));
    expect(failure.errorCode).toBe('attestation_library_untrusted');
    expect(failure.errorMessage).toMatch(text);
  });
});
