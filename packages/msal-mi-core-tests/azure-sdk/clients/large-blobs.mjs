// Large blobs and many calls at once, with the newest client. Runs with node:test from the application in node24.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { clearInterval, setInterval } from 'node:timers';
import { BlobServiceClient } from '@azure/storage-blob';
import { MtlsBindingStrength } from 'msal-mi-core';
import { MtlsManagedIdentityCredential, withMtlsPop } from 'msal-mi-core/azure';
import { claimsOf, failure } from '../suite/world.mjs';

const MEBIBYTE = 1024 * 1024;
const LENGTH = 100 * MEBIBYTE;
const BLOCK = 4 * MEBIBYTE;
const CALLS_AT_ONCE = 500;
/** What is under way at a time is a few blocks; all of it would be 100 MiB. */
const MOST_EXTRA_BYTES = 60 * MEBIBYTE;

let emulator;
let container;

before(async () => {
  emulator = fork(new URL('emulator-process.mjs', import.meta.url));
  const [{ imdsUrl, resources, ca }] = await once(emulator, 'message');
  process.env.AZURE_POD_IDENTITY_AUTHORITY_HOST = imdsUrl;
  const credential = new MtlsManagedIdentityCredential({
    minStrength: MtlsBindingStrength.Software,
    system: { ca },
    allowedHosts: [new URL(resources.handshake).host],
  });
  const url = `${resources.handshake}/devstoreaccount1`;
  container = new BlobServiceClient(url, credential, withMtlsPop(credential)).getContainerClient('large');
  await container.create();
});
after(() => emulator.send('close'));

/** The same bytes each time, made as they are wanted. */
function* pieces() {
  const piece = Buffer.alloc(64 * 1024);
  for (let sent = 0; sent < LENGTH; sent += piece.length) {
    piece.fill(sent / piece.length);
    yield Buffer.from(piece);
  }
}

function digestOfPieces() {
  const hash = createHash('sha256');
  for (const piece of pieces()) hash.update(piece);
  return hash.digest('hex');
}

/** The most bytes outside of the heap that `work` held at a time, above what was held before. */
async function extraBytesOf(work) {
  const held = () => {
    globalThis.gc();
    return process.memoryUsage().arrayBuffers;
  };
  const before = held();
  let most = 0;
  const timer = setInterval(() => (most = Math.max(most, held() - before)), 50);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return most;
}

describe('a blob of 100 MiB', () => {
  test('goes up and down with flat memory', async () => {
    const blob = container.getBlockBlobClient('large.bin');
    const up = await extraBytesOf(() => blob.uploadStream(Readable.from(pieces()), BLOCK, 2));
    assert.ok(up < MOST_EXTRA_BYTES, `${up} bytes while uploading`);

    const hash = createHash('sha256');
    const down = await extraBytesOf(async () => {
      const { readableStreamBody } = await blob.download();
      for await (const chunk of readableStreamBody) hash.update(chunk);
    });
    assert.ok(down < MOST_EXTRA_BYTES, `${down} bytes while downloading`);
    assert.equal(hash.digest('hex'), digestOfPieces());
  });

  test('is aborted on its way down, and the rest is fetched by range', async () => {
    const blob = container.getBlockBlobClient('large.bin');
    const controller = new AbortController();
    const hash = createHash('sha256');
    let received = 0;
    const { readableStreamBody } = await blob.download(0, undefined, { abortSignal: controller.signal });
    const error = await failure(
      (async () => {
        for await (const chunk of readableStreamBody) {
          if (received >= 10 * MEBIBYTE) controller.abort();
          if (controller.signal.aborted) continue;
          hash.update(chunk);
          received += chunk.length;
        }
      })(),
    );
    assert.equal(error.name, 'AbortError');
    const rest = await blob.download(received);
    assert.equal(rest.contentLength, LENGTH - received);
    for await (const chunk of rest.readableStreamBody) hash.update(chunk);
    assert.equal(hash.digest('hex'), digestOfPieces());
  });

  test('is aborted on its way up', async () => {
    const controller = new AbortController();
    const aborting = function* () {
      let sent = 0;
      for (const piece of pieces()) {
        yield piece;
        sent += piece.length;
        if (sent >= 20 * MEBIBYTE) controller.abort();
      }
    };
    const blob = container.getBlockBlobClient('aborted.bin');
    const uploading = blob.uploadStream(Readable.from(aborting()), BLOCK, 2, { abortSignal: controller.signal });
    assert.equal((await failure(uploading)).name, 'AbortError');
    assert.equal(await blob.exists(), false);
  });
});

test('500 calls at once are each answered, with one token and its certificate', async () => {
  const names = Array.from({ length: CALLS_AT_ONCE }, (_, n) => `small-${n}`);
  await Promise.all(names.map((name) => container.getBlockBlobClient(name).upload(name, name.length)));
  const contents = await Promise.all(
    names.map(async (name) => (await container.getBlobClient(name).downloadToBuffer()).toString()),
  );
  assert.deepEqual(contents, names);

  emulator.send('calls');
  const [calls] = await once(emulator, 'message');
  assert.ok(calls.length >= 2 * CALLS_AT_ONCE);
  assert.equal(new Set(calls.map(({ authorization }) => authorization)).size, 1);
  for (const { authorization, clientCertificateS256 } of calls) {
    assert.match(authorization, /^mtls_pop eyJ/);
    assert.equal(claimsOf(authorization).cnf['x5t#S256'], clientCertificateS256);
  }
});
