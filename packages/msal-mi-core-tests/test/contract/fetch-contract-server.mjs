// The servers that the fetch contract talks to: two origins that demand a client certificate, and one whose own
// certificate no client trusts. They are driven over HTTPS only, so they may run in another process.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import https from 'node:https';
import { pipeline, Readable } from 'node:stream';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';

const CHUNK = Buffer.alloc(64 * 1024, 'x');
const FLOOD_CHUNKS = 1024;
export const FLOOD_BYTES = CHUNK.length * FLOOD_CHUNKS;

/**
 * @param {{ key: string, cert: string, ca: string, untrusted: { key: string, cert: string } }} pki - `ca` issued the
 *   client certificates.
 */
export async function startContractServers({ key, cert, ca, untrusted }) {
  const contract = contractServer({ key, cert, ca });
  const other = contractServer({ key, cert, ca });
  const distrusted = contractServer({ ...untrusted, ca });
  const servers = [contract, other, distrusted];
  const [origin, otherOrigin, untrustedOrigin] = await Promise.all(servers.map(listen));
  return {
    origin,
    otherOrigin,
    untrustedOrigin,
    close: async () => {
      for (const server of servers) {
        server.closeAllConnections();
        server.close();
      }
      await Promise.all(servers.map((server) => server.listening && once(server, 'close')));
    },
  };
}

async function listen(server) {
  server.listen(0, 'localhost');
  await once(server, 'listening');
  return `https://localhost:${server.address().port}`;
}

function contractServer({ key, cert, ca }) {
  const state = { journal: [], events: new Map(), waiting: new Map(), written: new Map() };
  const options = { key, cert, ca, requestCert: true, rejectUnauthorized: true, keepAliveTimeout: 60_000 };
  return https.createServer(options, (request, response) => {
    const url = new URL(request.url, 'https://localhost');
    const [, route, argument] = url.pathname.split('/');
    state.journal.push({ method: request.method, url: request.url, authorization: request.headers.authorization });
    request.on('error', () => undefined);
    const handler = Object.hasOwn(ROUTES, route) ? ROUTES[route] : ROUTES.missing;
    const answering = handler({ request, response, url, argument, id: url.searchParams.get('id'), state });
    // The client may go away in the middle of a request.
    Promise.resolve(answering).catch(() => response.destroy());
  });
}

const ROUTES = {
  missing: ({ response }) => response.writeHead(404).end('no such route'),

  async echo({ request, response }) {
    const body = await readAll(request);
    json(response, {
      method: request.method,
      url: request.url,
      rawHeaders: request.rawHeaders,
      headers: request.headers,
      length: body.length,
      sha256: createHash('sha256').update(body).digest('hex'),
      text: body.length <= CHUNK.length ? body.toString('utf8') : undefined,
      clientThumbprint: request.socket.getPeerCertificate().fingerprint256,
      protocol: request.socket.getProtocol(),
      httpVersion: request.httpVersion,
    });
  },

  // The body of the request, with its type; `?chunked` leaves out how long it is.
  async reflect({ request, response, url }) {
    const body = await readAll(request);
    response.setHeader('content-type', request.headers['content-type'] ?? 'application/octet-stream');
    if (!url.searchParams.has('chunked')) response.setHeader('content-length', body.length);
    response.write(body);
    response.end();
  },

  status({ response, url, argument }) {
    const text = url.searchParams.get('text');
    if (text === null) response.writeHead(Number(argument), { 'x-answer': 'yes' });
    else response.writeHead(Number(argument), text, { 'x-answer': 'yes' });
    response.end([204, 304].includes(Number(argument)) ? undefined : `status ${argument}`);
  },

  headers({ response }) {
    response.setHeader('set-cookie', ['a=1; Path=/', 'b=2; Expires=Wed, 09 Jun 2032 10:18:14 GMT']);
    response.setHeader('x-several', ['one', 'two']);
    response.setHeader('X-Mixed-Case', 'kept');
    response.setHeader('x-latin1', Buffer.from([0x66, 0xfc, 0x72]).toString('latin1'));
    response.setHeader('x-empty', '');
    // A string would make Node.js write the headers in the encoding of the body.
    response.end(Buffer.from('headers'));
  },

  redirect({ response, url, argument }) {
    const to = url.searchParams.get('to');
    response.writeHead(Number(argument), to === null ? {} : { location: to }).end('redirecting');
  },
  countdown({ response, argument }) {
    const left = Number(argument);
    if (left === 0) response.end('landed');
    else response.writeHead(302, { location: `/countdown/${left - 1}` }).end();
  },

  // The first half is sent at once, the second when the client asks for it.
  halves({ response, id, state }) {
    response.write('first ');
    state.waiting.set(id, () => response.end('second'));
  },
  release({ response, id, state }) {
    state.waiting.get(id)?.();
    state.waiting.delete(id);
    response.end();
  },

  flood({ response, id, state }) {
    response.on('close', () => note(state, id, 'closed'));
    let n = 0;
    const source = new Readable({
      read() {
        n += 1;
        state.written.set(id, n * CHUNK.length);
        this.push(n > FLOOD_CHUNKS ? null : CHUNK);
      },
    });
    pipeline(source, response, () => undefined);
  },
  written: ({ response, id, state }) => json(response, { bytes: state.written.get(id) ?? 0 }),

  // Reads nothing of the body before it is told to.
  async reluctant({ request, response, id, state }) {
    await new Promise((resolve) => state.waiting.set(id, resolve));
    json(response, { length: (await readAll(request)).length });
  },

  hang({ request, response, id, state, argument }) {
    note(state, id, 'request');
    response.on('close', () => note(state, id, 'closed'));
    request.resume();
    if (argument === 'body') response.write('begun');
  },
  async 'watch-body'({ request, response, id, state }) {
    note(state, id, 'request');
    request.on('data', () => note(state, id, 'data'));
    request.on('close', () => note(state, id, request.complete ? 'complete' : 'incomplete'));
    request.on('end', () => response.end('complete'));
  },
  events: ({ response, id, state }) => json(response, { events: state.events.get(id) ?? [] }),
  journal: ({ response, state }) => json(response, { journal: state.journal.slice(0, -1) }),

  cut({ request, response, argument }) {
    if (argument === 'head') return request.socket.destroy();
    response.writeHead(200, { 'content-length': '1000' });
    response.write('only this', () => request.socket.destroy());
  },
  garbage: ({ request }) => request.socket.end('this is not HTTP\r\n\r\n'),
  strange: ({ request }) => request.socket.end('HTTP/1.1 999 Strange\r\ncontent-length: 0\r\n\r\n'),
  early({ response }) {
    response.writeHead(413, { connection: 'close' }).end('too much');
  },

  encoded({ response, url, argument }) {
    const text = Buffer.from(url.searchParams.get('text') ?? 'encoded text');
    const [header, bytes] = ENCODINGS[argument](text);
    response.setHeader('content-encoding', header);
    response.setHeader('content-length', bytes.length);
    response.end(bytes);
  },
  'accepted-encoding': ({ request, response }) => json(response, { value: request.headers['accept-encoding'] ?? null }),
};

const ENCODINGS = {
  gzip: (text) => ['gzip', gzipSync(text)],
  'x-gzip': (text) => ['X-GZip', gzipSync(text)],
  deflate: (text) => ['deflate', deflateSync(text)],
  'raw-deflate': (text) => ['deflate', deflateRawSync(text)],
  br: (text) => ['br', brotliCompressSync(text)],
  twice: (text) => ['gzip, br', brotliCompressSync(gzipSync(text))],
  unknown: (text) => ['rot13', text],
  damaged: (text) => ['gzip', Buffer.concat([gzipSync(text).subarray(0, 12), Buffer.alloc(40, 0xff)])],
  empty: () => ['gzip', Buffer.alloc(0)],
  bomb: () => ['gzip', gzipSync(Buffer.alloc(64 * 1024 * 1024))],
};

function json(response, value) {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(value));
}

function note(state, id, event) {
  const events = state.events.get(id) ?? [];
  if (events.at(-1) !== event) events.push(event);
  state.events.set(id, events);
}

async function readAll(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
