// Reading the body piece by piece: what waits, what is let go of.
import { setTimeout as delay } from 'node:timers/promises';
import { FLOOD_BYTES } from '../fetch-contract-server.mjs';

/** @param {import('./world.mjs').World} world */
export function defineStreaming({ test, assert, url, fetch, echo, same, identified, eventsOf, eventually }) {
  test('delivers the first part of a body before the second is sent', async () => {
    const { id, path } = identified('/halves');
    const response = await fetch(url(path));
    const reader = response.body.getReader();
    assert.equal(new TextDecoder().decode((await reader.read()).value), 'first ');
    await fetch(url(`/release?id=${id}`));
    assert.equal(new TextDecoder().decode((await reader.read()).value), 'second');
    assert.equal((await reader.read()).done, true);
  });

  test('lets a BYOB reader fill its own buffer', async () => {
    const response = await fetch(url('/status/200'));
    const reader = response.body.getReader({ mode: 'byob' });
    const { value } = await reader.read(new Uint8Array(6));
    assert.equal(new TextDecoder().decode(value), 'status');
    await reader.cancel();
  });

  test('a BYOB reader sees the end', async () => {
    const reader = (await fetch(url('/status/200'))).body.getReader({ mode: 'byob' });
    let length = 0;
    for (;;) {
      const { done, value } = await reader.read(new Uint8Array(64));
      if (done) break;
      length += value.byteLength;
    }
    assert.equal(length, 'status 200'.length);
  });

  test('stops reading from the server while nobody reads the body', async () => {
    const { id, path } = identified('/flood');
    const response = await fetch(url(path));
    const reader = response.body.getReader();
    await reader.read();
    const written = async () => (await (await fetch(url(`/written?id=${id}`))).json()).bytes;
    let before = -1;
    await eventually(async () => {
      const now = await written();
      const still = now === before;
      before = now;
      if (!still) await delay(150);
      return still;
    });
    assert.ok(before < FLOOD_BYTES / 2, `${before} bytes were taken from the server`);
    let length = 0;
    for (let step = await reader.read(); !step.done; step = await reader.read()) length += step.value.byteLength;
    assert.ok(length > FLOOD_BYTES / 2);
  });

  test('transfers 64 MiB without loss', async () => {
    const response = await fetch(url(identified('/flood').path));
    let length = 0;
    for await (const chunk of response.body) length += chunk.byteLength;
    assert.equal(length, FLOOD_BYTES);
  });

  test('cancelling the body closes the connection', async () => {
    const { id, path } = identified('/flood');
    const response = await fetch(url(path));
    await response.body.cancel('enough');
    await eventually(async () => (await eventsOf(id)).includes('closed'));
  });

  test('cancelling while a read is pending ends at once', async () => {
    const { id, path } = identified('/hang/body');
    const reader = (await fetch(url(path))).body.getReader();
    await reader.read();
    const pending = reader.read();
    await reader.cancel('enough');
    assert.equal((await pending).done, true);
    await eventually(async () => (await eventsOf(id)).includes('closed'));
  });

  test('many responses at once do not mix', async () => {
    const texts = await Promise.all(
      Array.from({ length: 20 }, async (_, n) => (await echo({ method: 'POST', body: `body ${n}` })).text),
    );
    same(
      texts,
      Array.from({ length: 20 }, (_, n) => `body ${n}`),
    );
  });
}
