// What the cases of the contract work with.
import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * @typedef {ReturnType<typeof openWorld>} World
 * @typedef {(input: string | URL | Request, init?: RequestInit) => Promise<Response>} Fetch
 * @param {object} given
 * @param {(name: string, body: () => Promise<void>) => void} given.test
 * @param {typeof import('node:assert/strict')} given.assert
 * @param {() => Fetch} given.makeFetch - `fetch` over a binding whose certificate the servers accept.
 * @param {() => { origin: string, otherOrigin: string, untrustedOrigin: string, closedOrigin: string }} given.servers
 * @param {() => string} given.clientThumbprint - SHA-256 of the client certificate, as hexadecimal pairs with colons.
 */
export function openWorld({ test, assert, makeFetch, servers, clientThumbprint }) {
  const url = (path) => servers().origin + path;
  const fetch = (input, init) => makeFetch()(input, init);
  const echo = async (init, path = '/echo') => (await fetch(url(path), init)).json();
  // The transport may make its arrays in another realm, which deepStrictEqual takes for a difference.
  const same = (actual, expected) => assert.equal(JSON.stringify(actual), JSON.stringify(expected));
  const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
  const identified = (path) => {
    const id = randomUUID();
    return { id, path: `${path}?id=${id}` };
  };
  const eventsOf = async (id) => (await (await fetch(url(`/events?id=${id}`))).json()).events;
  const eventually = async (condition) => {
    for (let attempt = 0; attempt < 200; attempt += 1) {
      if (await condition()) return;
      await delay(25);
    }
    assert.fail('it did not come to pass');
  };
  const failure = async (promise) => {
    try {
      await promise;
    } catch (error) {
      return error;
    }
    return assert.fail('the call succeeded');
  };
  const typeError = async (promise, { message = 'fetch failed', code } = {}) => {
    const error = await failure(promise);
    assert.equal(error.name, 'TypeError', String(error));
    if (message instanceof RegExp) assert.match(error.message, message);
    else assert.equal(error.message, message);
    if (code instanceof RegExp) assert.match(error.cause?.code ?? String(error.cause), code);
    else if (code !== undefined) assert.equal(error.cause?.code, code);
    return error;
  };
  const streamed = (...chunks) =>
    new ReadableStream({
      pull(controller) {
        const chunk = chunks.shift();
        if (chunk === undefined) controller.close();
        else controller.enqueue(typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk);
      },
    });
  return {
    test,
    assert,
    servers,
    clientThumbprint,
    url,
    fetch,
    echo,
    same,
    sha256,
    identified,
    eventsOf,
    eventually,
    failure,
    typeError,
    streamed,
  };
}
