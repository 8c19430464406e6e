// The published Azure SDK clients, unchanged, against the emulator: one suite for software keys and Node's TLS, and for
// KeyGuard keys and WinHTTP in the Windows rig. Runs with node:test from an application that has the clients of one
// generation installed (see application.mjs).
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { get } from 'node:http';
import { json } from 'node:stream/consumers';
import { after, before, beforeEach, describe, test } from 'node:test';
import { getClient } from '@azure-rest/core-client';
import { CryptographyClient, KeyClient } from '@azure/keyvault-keys';
import { SecretClient } from '@azure/keyvault-secrets';
import { BlobServiceClient } from '@azure/storage-blob';
import { ManagedIdentityApplication, MtlsBindingStrength } from 'msal-mi-core';
import { createPipelineRequest } from '@azure/core-rest-pipeline';
import { MtlsManagedIdentityCredential, withMtlsPop } from 'msal-mi-core/azure';

const AUDIENCE_OF_STORAGE = 'https://storage.azure.com';
const MEBIBYTE = 1024 * 1024;

const claimsOf = (authorization) => JSON.parse(Buffer.from(authorization.split('.')[1], 'base64url').toString());
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const failure = async (promise) => {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return assert.fail('the call succeeded');
};

/**
 * @param host.startEmulator - Takes the options of the emulator's own function and resolves with `imdsUrl`, `resources`, `ca`,
 *   `tenantId`, and the asynchronous functions `journal()`, `fault(leg, faults)`, `reset()` and `close()`.
 * @param host.strength - Of the keys of this host.
 */
export function describeAzureSdk({ startEmulator, strength }) {
  let emulator;
  let credential;

  before(async () => {
    emulator = await startEmulator({ audiences: { handshake: [AUDIENCE_OF_STORAGE] }, refreshInSeconds: 7200 });
    process.env.AZURE_POD_IDENTITY_AUTHORITY_HOST = emulator.imdsUrl;
  });
  after(() => emulator.close());
  beforeEach(async () => {
    await emulator.reset();
    new ManagedIdentityApplication().clearCache();
    credential = newCredential();
  });

  const newCredential = (options = {}) =>
    new MtlsManagedIdentityCredential({ minStrength: strength, system: { ca: emulator.ca }, ...options });
  // The emulator's vault is no subdomain of vault.azure.net, which the client would insist on.
  const vaultOptions = {
    disableChallengeResourceVerification: true,
    retryOptions: { maxRetries: 2, retryDelayInMs: 1 },
  };
  const secretClient = (options = vaultOptions) =>
    new SecretClient(emulator.resources.vault, credential, withMtlsPop(credential, options));
  const blobService = (options = {}) =>
    new BlobServiceClient(
      `${emulator.resources.handshake}/devstoreaccount1`,
      credential,
      withMtlsPop(credential, { retryOptions: { maxTries: 3, retryDelayInMs: 1 }, ...options }),
    );
  const callsOfResource = async () =>
    (await emulator.journal()).filter(({ leg, url }) => leg === 'resource' && url !== '');

  const scopeOfResource = () => `${emulator.resources.handshake}/.default`;
  /** One request through the transport alone, with no pipeline above it. */
  const send = (authorization, url = `${emulator.resources.handshake}/things`, through = credential.httpClient) => {
    const request = createPipelineRequest({ url });
    if (authorization !== undefined) request.headers.set('Authorization', authorization);
    return through.sendRequest(request);
  };
  // The next request then makes a handshake of its own.
  const CLOSE = { headers: { Connection: 'close' } };
  /** What an application uses that knows bearer tokens only: the token endpoint of IMDS v1. */
  const bearerCredential = () => ({
    async getToken(scopes) {
      const url = new URL('/metadata/identity/oauth2/token?api-version=2018-02-01', emulator.imdsUrl);
      url.searchParams.set('resource', [scopes].flat()[0].replace(/\/\.default$/, ''));
      // Wine's sockets do not take the platform's fetch.
      const [answer] = await once(get(url, { headers: { Metadata: 'true' } }), 'response');
      const { access_token: token, token_type: type, expires_on: expiresOn } = await json(answer);
      assert.equal(type, 'Bearer');
      return { token, expiresOnTimestamp: Number(expiresOn) * 1000 };
    },
  });

  describe('SecretClient', () => {
    test('sets, gets, deletes', async () => {
      const client = secretClient();
      const set = await client.setSecret('one', 'value of one', { tags: { a: 'b' }, contentType: 'text/plain' });
      assert.equal((await client.getSecret('one')).value, 'value of one');
      assert.deepEqual(
        { ...(await client.getSecret('one', { version: set.properties.version })).properties.tags },
        { a: 'b' },
      );
      await (await client.beginDeleteSecret('one', { intervalInMs: 1, updateIntervalInMs: 1 })).getOperationState();
      const error = await failure(client.getSecret('one'));
      assert.equal(error.statusCode, 404);
      assert.equal(error.code, 'SecretNotFound');
    });

    test('sends every token as mtls_pop over the certificate it is bound to, and the challenge request without either', async () => {
      await secretClient().setSecret('one', 'x');
      const [challenged, ...authorized] = await callsOfResource();
      assert.equal(challenged.headers.authorization, undefined);
      assert.equal(challenged.clientCertificateS256, undefined);
      assert.ok(authorized.length > 0);
      for (const { headers, clientCertificateS256, status } of authorized) {
        assert.match(headers.authorization, /^mtls_pop eyJ/);
        assert.equal(headers['x-ms-tokenboundauth'], 'true');
        assert.equal(claimsOf(headers.authorization).cnf['x5t#S256'], clientCertificateS256);
        assert.equal(status, 200);
      }
    });

    test('lists in pages', async () => {
      const client = secretClient();
      for (let n = 0; n < 12; n += 1) await client.setSecret(`secret-${n}`, String(n));
      const sizes = [];
      for await (const page of client.listPropertiesOfSecrets().byPage({ maxPageSize: 5 })) sizes.push(page.length);
      assert.deepEqual(sizes, [5, 5, 2]);
    });

    test('repeats what was throttled, as the SDK does', async () => {
      const client = secretClient();
      await client.setSecret('one', 'x');
      await emulator.fault('resource', [
        { status: 429, headers: { 'Retry-After': '0' } },
        { status: 503, headers: { 'Retry-After': '0' } },
      ]);
      assert.equal((await client.getSecret('one')).value, 'x');
      assert.deepEqual(
        (await callsOfResource()).slice(-3).map(({ status }) => status),
        [429, 503, 200],
      );
    });

    test('answers a claims challenge with a token that has the claims', async () => {
      const name = 'require-claim';
      const sendRequest = (request, next) => {
        request.headers.set('x-emulator-require-claim', 'acrs=c7');
        return next(request);
      };
      const client = secretClient({
        ...vaultOptions,
        additionalPolicies: [{ position: 'perRetry', policy: { name, sendRequest } }],
      });
      await client.setSecret('one', 'x');
      assert.deepEqual(
        (await callsOfResource()).map(({ status }) => status),
        [401, 401, 200],
      );
    });

    test('goes on with another certificate when the resource refuses the one it has', async () => {
      const client = secretClient();
      await client.setSecret('one', 'x');
      // A kept connection would be used again, without a handshake.
      await emulator.fault('resource', [{ headers: { Connection: 'close' } }]);
      await client.getSecret('one');
      const refused = (await callsOfResource()).at(-1).clientCertificateS256;
      const issued = async () =>
        (await emulator.journal()).filter(({ url }) => url.includes('/issuecredential')).length;
      const issuedBefore = await issued();
      await emulator.fault('resource', [{ reset: 'handshake', tlsAlert: 'certificate_revoked' }]);
      assert.equal((await client.getSecret('one')).value, 'x');
      assert.notEqual((await callsOfResource()).at(-1).clientCertificateS256, refused);
      assert.equal((await issued()) - issuedBefore, 1);
    });

    test('stops when it is aborted', async () => {
      const client = secretClient();
      await client.setSecret('one', 'x');
      await emulator.fault('resource', [{ delayMs: 60_000 }]);
      const controller = new AbortController();
      const call = failure(client.getSecret('one', { abortSignal: controller.signal }));
      setTimeout(() => controller.abort(), 50);
      assert.equal((await call).name, 'AbortError');
    });

    test('is refused with the token alone', async () => {
      const client = new SecretClient(emulator.resources.vault, credential, {
        ...vaultOptions,
        tlsOptions: { ca: emulator.ca },
      });
      const error = await failure(client.setSecret('one', 'x'));
      assert.equal(error.statusCode, 401);
      assert.match((await callsOfResource()).at(-1).failure, /wrong_scheme/);
    });

    test('is refused with a bearer token', async () => {
      const options = { ...vaultOptions, tlsOptions: { ca: emulator.ca } };
      const client = new SecretClient(emulator.resources.vault, bearerCredential(), options);
      const error = await failure(client.setSecret('one', 'x'));
      assert.equal(error.statusCode, 401);
      const refused = (await callsOfResource()).at(-1);
      assert.match(refused.headers.authorization, /^Bearer eyJ/);
      assert.match(refused.failure, /wrong_scheme/);
    });

    test('cannot send a token that is not of the credential', async () => {
      const stranger = {
        getToken: async () => ({ token: 'eyJ.other.token', expiresOnTimestamp: Date.now() + 3_600_000 }),
      };
      const client = new SecretClient(emulator.resources.vault, stranger, withMtlsPop(credential, vaultOptions));
      const error = await failure(client.setSecret('one', 'x'));
      assert.equal(error.errorCode, 'token_not_bound');
      assert.ok(!`${error.message}${error.stack}`.includes('eyJ'));
      assert.ok((await callsOfResource()).every(({ headers }) => headers.authorization === undefined));
    });

    test('cannot bring TLS options of its own', async () => {
      const client = secretClient({ ...vaultOptions, tlsOptions: { ca: emulator.ca } });
      assert.equal((await failure(client.setSecret('one', 'x'))).errorCode, 'invalid_configuration');
    });

    test('says what is wrong when the server cannot be reached', async () => {
      const client = secretClient();
      await client.setSecret('one', 'x');
      const { token } = await credential.getToken('https://vault.azure.net/.default');
      const error = await failure(send(`Bearer ${token}`, 'https://localhost:1/'));
      assert.equal(error.name, 'RestError');
      assert.equal(error.code, 'ECONNREFUSED');
    });
  });

  describe('KeyClient', () => {
    test('creates, gets and lists keys', async () => {
      const client = new KeyClient(emulator.resources.vault, credential, withMtlsPop(credential, vaultOptions));
      const created = await client.createRsaKey('signing');
      assert.equal((await client.getKey('signing')).id, created.id);
      const names = [];
      for await (const { name } of client.listPropertiesOfKeys()) names.push(name);
      assert.deepEqual(names, ['signing']);
    });

    test('signs in the vault what verifies locally', async () => {
      const client = new KeyClient(emulator.resources.vault, credential, withMtlsPop(credential, vaultOptions));
      const key = await client.createRsaKey('signing');
      const remote = new CryptographyClient(key.id, credential, withMtlsPop(credential, vaultOptions));
      const { result } = await remote.signData('RS256', Buffer.from('signed text'));
      const local = new CryptographyClient(key.key);
      assert.equal((await local.verifyData('RS256', Buffer.from('signed text'), result)).result, true);
      assert.equal((await local.verifyData('RS256', Buffer.from('other text'), result)).result, false);
    });
  });

  describe('BlobServiceClient', () => {
    test('uploads and downloads 8 MiB in one piece', async () => {
      const bytes = randomBytes(8 * MEBIBYTE);
      const blob = await newBlob();
      await blob.uploadData(bytes);
      assert.equal(sha256(await blob.downloadToBuffer()), sha256(bytes));
      for (const { headers, clientCertificateS256 } of await callsOfResource()) {
        assert.match(headers.authorization, /^mtls_pop eyJ/);
        assert.equal(claimsOf(headers.authorization).aud, AUDIENCE_OF_STORAGE);
        assert.equal(claimsOf(headers.authorization).cnf['x5t#S256'], clientCertificateS256);
      }
    });

    test('uploads in blocks, with progress, and downloads as a stream', async () => {
      const bytes = randomBytes(8 * MEBIBYTE);
      const blob = await newBlob();
      const progress = [];
      await blob.uploadData(bytes, {
        maxSingleShotSize: MEBIBYTE,
        blockSize: 2 * MEBIBYTE,
        onProgress: ({ loadedBytes }) => progress.push(loadedBytes),
      });
      assert.ok(progress.length >= 4);
      assert.equal(progress.at(-1), bytes.length);
      const loaded = [];
      const { readableStreamBody, contentLength } = await blob.download(0, undefined, {
        onProgress: ({ loadedBytes }) => loaded.push(loadedBytes),
      });
      assert.equal(contentLength, bytes.length);
      const chunks = [];
      for await (const chunk of readableStreamBody) chunks.push(chunk);
      assert.equal(sha256(Buffer.concat(chunks)), sha256(bytes));
      assert.equal(loaded.at(-1), bytes.length);
    });

    test('uploads from a stream of Node.js', async () => {
      const { Readable } = await import('node:stream');
      const bytes = randomBytes(3 * MEBIBYTE);
      const blob = await newBlob();
      await blob.uploadStream(Readable.from([bytes.subarray(0, MEBIBYTE), bytes.subarray(MEBIBYTE)]), MEBIBYTE, 2);
      assert.equal(sha256(await blob.downloadToBuffer()), sha256(bytes));
    });

    test('downloads a range, lists in pages, deletes, and knows when there is nothing', async () => {
      const container = blobService().getContainerClient('things');
      await container.create();
      for (const name of ['a', 'b', 'c']) await container.getBlockBlobClient(name).upload('0123456789', 10);
      assert.equal((await container.getBlobClient('a').downloadToBuffer(2, 3)).toString(), '234');
      const sizes = [];
      for await (const page of container.listBlobsFlat().byPage({ maxPageSize: 2 })) {
        sizes.push(page.segment.blobItems.length);
      }
      assert.deepEqual(sizes, [2, 1]);
      await container.deleteBlob('a');
      assert.equal(await container.getBlobClient('a').exists(), false);
      assert.equal((await failure(container.getBlobClient('a').download())).code, 'BlobNotFound');
    });

    test('repeats what failed for a moment, as the SDK does', async () => {
      const blob = await newBlob();
      await emulator.fault('resource', [{ status: 503 }]);
      await blob.upload('again', 5);
      assert.equal((await blob.downloadToBuffer()).toString(), 'again');
    });

    test('is refused with a bearer token, and with the token alone', async () => {
      const url = `${emulator.resources.handshake}/devstoreaccount1`;
      for (const source of [bearerCredential(), credential]) {
        const options = { retryOptions: { maxTries: 1 }, tlsOptions: { ca: emulator.ca } };
        const container = new BlobServiceClient(url, source, options).getContainerClient('things');
        // What it fails with is the SDK's matter: it finds no tenant in a challenge for mtls_pop.
        await failure(container.create());
        const refused = await callsOfResource();
        assert.ok(refused.length > 0);
        for (const { status, failure: reason, headers } of refused) {
          assert.match(headers.authorization, /^Bearer eyJ/);
          assert.equal(status, 401);
          assert.match(reason, /wrong_scheme/);
        }
        await emulator.reset();
      }
      assert.equal(await blobService().getContainerClient('things').exists(), false);
    });

    async function newBlob() {
      const container = blobService().getContainerClient('things');
      await container.create();
      return container.getBlockBlobClient('folder/one blob.bin');
    }
  });

  describe('other clients', () => {
    test('of @azure-rest take the transport', async () => {
      const client = getClient(
        emulator.resources.handshake,
        credential,
        withMtlsPop(credential, { credentials: { scopes: [`${emulator.resources.handshake}/.default`] } }),
      );
      const { status, body } = await client.pathUnchecked('/things').get();
      assert.equal(status, '200');
      assert.equal(body.ok, true);
    });

    test('that have a pipeline only take the policy', async () => {
      const client = getClient(emulator.resources.handshake, credential, {
        credentials: { scopes: [`${emulator.resources.handshake}/.default`] },
        additionalPolicies: [{ position: 'perRetry', policy: credential.policy }],
      });
      const { status, body } = await client.pathUnchecked('/things').post({ body: { a: 1 } });
      assert.equal(status, '200');
      assert.equal(body.body, '{"a":1}');
    });
  });

  describe('the transport', () => {
    const tokenFor = async () => (await credential.getToken(scopeOfResource())).token;

    test('sends each token over the certificate it is bound to, also an older one', async () => {
      const older = await tokenFor();
      await emulator.fault('token', [{ oauthError: { error: 'invalid_client' } }]);
      const claims = JSON.stringify({ access_token: { acrs: { essential: true, value: 'c1' } } });
      const { token: newer } = await credential.getToken(scopeOfResource(), { claims });
      assert.notEqual(claimsOf(older).cnf['x5t#S256'], claimsOf(newer).cnf['x5t#S256']);

      await emulator.fault('resource', [CLOSE, CLOSE, CLOSE]);
      for (const token of [older, newer, older]) {
        assert.equal((await send(`Bearer ${token}`)).status, 200);
        const { headers, clientCertificateS256 } = (await callsOfResource()).at(-1);
        assert.equal(headers.authorization, `mtls_pop ${token}`);
        assert.equal(clientCertificateS256, claimsOf(token).cnf['x5t#S256']);
      }
    });

    test('knows its tokens under every scheme that the SDK may write, and under no other', async () => {
      const token = await tokenFor();
      for (const scheme of ['Bearer', 'bearer', 'PoP', 'mtls_pop']) {
        assert.equal((await send(`${scheme} ${token}`)).status, 200);
      }
      const sent = (await callsOfResource()).length;
      for (const authorization of [
        `Basic ${token}`,
        token,
        `Bearer ${token}x`,
        'Bearer',
        `Bearer a, Bearer ${token}`,
      ]) {
        const error = await failure(send(authorization));
        assert.equal(error.errorCode, 'token_not_bound');
        assert.ok(!`${error.message}${error.stack}`.includes(token));
      }
      assert.equal((await callsOfResource()).length, sent);
    });

    test('asks for no content coding unless the pipeline does', async () => {
      await send(`Bearer ${await tokenFor()}`);
      assert.equal((await callsOfResource()).at(-1).headers['accept-encoding'], 'identity');
    });

    test('of another credential does not know them', async () => {
      const token = await tokenFor();
      const other = newCredential();
      const error = await failure(send(`Bearer ${token}`, undefined, other.httpClient));
      assert.equal(error.errorCode, 'token_not_bound');
      assert.deepEqual(await callsOfResource(), []);
    });

    test('sends what has no token without a certificate, also after a token was sent', async () => {
      await send(`Bearer ${await tokenFor()}`);
      const url = `${emulator.resources.vault}/secrets/one`;
      assert.equal((await send(undefined, url)).status, 401);
      const { headers, clientCertificateS256 } = (await callsOfResource()).at(-1);
      assert.equal(headers.authorization, undefined);
      assert.equal(headers['x-ms-tokenboundauth'], undefined);
      assert.equal(clientCertificateS256, undefined);
    });

    test('leaves redirects to the pipeline above it', async () => {
      const token = await tokenFor();
      await emulator.fault('resource', [{ status: 307, headers: { Location: '/moved' } }]);
      const { status, headers } = await send(`Bearer ${token}`);
      assert.equal(status, 307);
      assert.equal(headers.get('location'), '/moved');
      assert.equal((await callsOfResource()).length, 1);
    });

    test('leaves repeating to the pipeline above it', async () => {
      const token = await tokenFor();
      await emulator.fault('resource', [{ status: 503 }, { status: 429, headers: { 'Retry-After': '0' } }]);
      assert.equal((await send(`Bearer ${token}`)).status, 503);
      assert.equal((await send(`Bearer ${token}`)).status, 429);
      assert.equal((await callsOfResource()).length, 2);
    });

    const REFUSED = { reset: 'handshake', tlsAlert: 'certificate_revoked' };
    const issued = async () => (await emulator.journal()).filter(({ url }) => url.includes('/issuecredential')).length;

    test('has a refused certificate replaced once, however often the pipeline repeats', async () => {
      const token = await tokenFor();
      await emulator.fault('resource', [CLOSE, REFUSED, REFUSED, REFUSED]);
      await send(`Bearer ${token}`);
      const issuedBefore = await issued();

      const first = await failure(send(`Bearer ${token}`));
      assert.equal(first.name, 'RestError');
      assert.equal(first.code, 'ECONNRESET');
      for (let attempt = 2; attempt <= 3; attempt += 1) {
        const error = await failure(send(`Bearer ${token}`));
        assert.equal(error.name, 'RestError');
        assert.notEqual(error.code, 'ECONNRESET');
      }
      assert.equal((await issued()) - issuedBefore, 1);
      assert.equal((await send(`Bearer ${token}`)).status, 200);
    });

    test('has it replaced once for all requests that saw it refused', async () => {
      const token = await tokenFor();
      await emulator.fault('resource', [CLOSE, REFUSED, REFUSED, REFUSED]);
      await send(`Bearer ${token}`);
      const issuedBefore = await issued();

      const errors = await Promise.all([1, 2, 3].map(() => failure(send(`Bearer ${token}`))));
      assert.deepEqual(new Set(errors.map(({ code }) => code)), new Set(['ECONNRESET']));
      assert.equal((await issued()) - issuedBefore, 1);
      assert.equal((await send(`Bearer ${token}`)).status, 200);
    });

    test('as a policy refuses tokens it does not know, and passes on what has none', async () => {
      const passedOn = [];
      const next = async (request) => {
        passedOn.push(request);
        return { status: 204, headers: request.headers, request };
      };
      const through = { sendRequest: (request) => credential.policy.sendRequest(request, next) };
      assert.equal((await failure(send('Bearer eyJ.other.token', undefined, through))).errorCode, 'token_not_bound');
      assert.equal(passedOn.length, 0);
      assert.equal((await send(undefined, undefined, through)).status, 204);
      assert.equal((await send(`Bearer ${await tokenFor()}`, undefined, through)).status, 200);
      assert.equal(passedOn.length, 1);
    });
  });

  describe('getToken', () => {
    const scope = 'https://vault.azure.net/.default';

    test('says when to refresh', async () => {
      const { expiresOnTimestamp, refreshAfterTimestamp } = await credential.getToken(scope);
      assert.ok(refreshAfterTimestamp > Date.now() + 7_000_000 && refreshAfterTimestamp < expiresOnTimestamp);
    });

    test('forwards claims', async () => {
      const claims = JSON.stringify({ access_token: { acrs: { essential: true, value: 'c9' } } });
      assert.deepEqual(claimsOf((await credential.getToken([scope], { claims })).token).acrs, ['c9']);
    });

    test('accepts the tenant of the identity and no other', async () => {
      await credential.getToken(scope, { tenantId: emulator.tenantId.toUpperCase() });
      const tenantId = '11111111-2222-3333-4444-555555555555';
      assert.equal((await failure(credential.getToken(scope, { tenantId }))).errorCode, 'invalid_request');
    });

    test('takes one scope', async () => {
      for (const scopes of [[], [scope, 'https://graph.microsoft.com/.default']]) {
        assert.equal((await failure(credential.getToken(scopes))).errorCode, 'invalid_request');
      }
    });

    test('is aborted with an AbortError', async () => {
      const error = await failure(credential.getToken(scope, { abortSignal: AbortSignal.abort() }));
      assert.equal(error.name, 'AbortError');
    });

    test('uses an application that is there already, and its tokens', async () => {
      const application = new ManagedIdentityApplication({ system: { ca: emulator.ca } });
      const { accessToken } = await application.acquireToken({
        resource: scope,
        mtlsProofOfPossession: true,
        minStrength: strength,
      });
      assert.equal((await newCredential({ application }).getToken(scope)).token, accessToken);
    });

    test('fails as acquireToken does', async () => {
      await emulator.fault('token', [{ oauthError: { error: 'unauthorized_client' } }]);
      assert.equal((await failure(credential.getToken(scope))).errorCode, 'unauthorized_client');
    });

    test('wants a KeyGuard key unless told otherwise', async () => {
      const withDefaults = new MtlsManagedIdentityCredential({ system: { ca: emulator.ca } });
      if (strength === MtlsBindingStrength.KeyGuard) assert.ok((await withDefaults.getToken(scope)).token);
      else assert.equal((await failure(withDefaults.getToken(scope))).errorCode, 'min_strength_not_met');
    });
  });
}
