import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { Agent } from 'node:https';
import { Readable } from 'node:stream';
import { describe, test } from 'node:test';
import { BlobServiceClient } from '@azure/storage-blob';
import { withMtlsPop } from 'msal-mi-core/azure';
import { AUDIENCE_OF_STORAGE, claimsOf, failure } from './world.mjs';

const MEBIBYTE = 1024 * 1024;
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

export function describeBlobServiceClient(world) {
  describe('BlobServiceClient', () => {
    test('uploads and downloads 8 MiB in one piece', async () => {
      const bytes = randomBytes(8 * MEBIBYTE);
      const blob = await newBlob();
      await blob.uploadData(bytes);
      assert.equal(sha256(await blob.downloadToBuffer()), sha256(bytes));
      for (const { headers, clientCertificateS256 } of await world.callsOfResource()) {
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
      const bytes = randomBytes(3 * MEBIBYTE);
      const blob = await newBlob();
      await blob.uploadStream(Readable.from([bytes.subarray(0, MEBIBYTE), bytes.subarray(MEBIBYTE)]), MEBIBYTE, 2);
      assert.equal(sha256(await blob.downloadToBuffer()), sha256(bytes));
    });

    test('downloads a range, lists in pages, deletes, and knows when there is nothing', async () => {
      const container = world.blobService().getContainerClient('things');
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
      await world.emulator.fault('resource', [{ status: 503 }]);
      await blob.upload('again', 5);
      assert.equal((await blob.downloadToBuffer()).toString(), 'again');
    });

    test('is refused with a bearer token, and sends nothing with the token alone', async () => {
      const url = `${world.emulator.resources.handshake}/devstoreaccount1`;
      const options = { retryOptions: { maxTries: 1 }, tlsOptions: { ca: world.emulator.ca } };
      const create = (source) => new BlobServiceClient(url, source, options).getContainerClient('things').create();
      // What it fails with is the SDK's matter: it finds no tenant in a challenge for mtls_pop.
      await failure(create(world.bearerCredential()));
      const refused = await world.callsOfResource();
      assert.ok(refused.length > 0);
      for (const { status, failure: reason, headers } of refused) {
        assert.match(headers.authorization, /^Bearer eyJ/);
        assert.equal(status, 401);
        assert.match(reason, /wrong_scheme/);
      }
      await failure(create(world.credential));
      assert.equal((await world.callsOfResource()).length, refused.length);
      assert.equal(await world.blobService().getContainerClient('things').exists(), false);
    });

    test('cannot go through a proxy or an agent of its own, and says so', async () => {
      const url = `${world.emulator.resources.handshake}/devstoreaccount1`;
      const { httpClient } = world.credential;
      const proxyOptions = { host: 'http://127.0.0.1', port: 9 };
      for (const option of [{ proxyOptions }, { agent: new Agent() }]) {
        assert.throws(() => withMtlsPop(world.credential, option), { errorCode: 'invalid_configuration' });
      }
      const service = new BlobServiceClient(url, world.credential, { proxyOptions, httpClient });
      const error = await failure(service.getContainerClient('things').create());
      assert.equal(error.errorCode, 'invalid_configuration');
      assert.deepEqual(await world.callsOfResource(), []);
    });

    test('sends no batch, whose parts would carry tokens', async () => {
      const service = world.blobService();
      const container = service.getContainerClient('things');
      await container.create();
      await container.getBlockBlobClient('a').upload('x', 1);
      const sent = (await world.callsOfResource()).length;
      const error = await failure(service.getBlobBatchClient().deleteBlobs([container.getBlobClient('a')]));
      assert.equal(error.errorCode, 'client_not_supported');
      assert.match(error.message, /batch/);
      assert.equal((await world.callsOfResource()).length, sent);
    });

    async function newBlob() {
      const container = world.blobService().getContainerClient('things');
      await container.create();
      return container.getBlockBlobClient('folder/one blob.bin');
    }
  });
}
