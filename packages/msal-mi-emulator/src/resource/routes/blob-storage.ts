import { createHash, randomBytes } from 'node:crypto';
import type { Answer, Exchange } from '../../http/exchange.js';
import type { ResourceModule } from '../resource-router.js';
import { pageOf } from './paging.js';

interface Blob {
  content: Buffer;
  contentType: string;
  etag: string;
  modified: Date;
}

interface Container {
  blobs: Map<string, Blob>;
  /** Uploaded and not yet put together. */
  blocks: Map<string, Buffer>;
}

const ACCOUNT = '/devstoreaccount1';
const LARGEST_PAGE = 5000;

/**
 * Block blobs of Azure Storage, at `/devstoreaccount1/<container>/<blob>`: create and list containers' contents, upload
 * whole or in blocks, download whole or in ranges, delete.
 */
export function createBlobStorage(): ResourceModule {
  const containers = new Map<string, Container>();
  return {
    reset: () => containers.clear(),
    routes: [
      {
        pattern: new RegExp(`^${ACCOUNT}/(?<container>[a-z0-9-]{3,63})/?$`),
        answer: ({ exchange, params }) => answerContainer(containers, params['container'] ?? '', exchange),
      },
      {
        pattern: new RegExp(`^${ACCOUNT}/(?<container>[a-z0-9-]{3,63})/(?<blob>.+)$`),
        answer: ({ exchange, params, world }) => {
          const container = containers.get(params['container'] ?? '');
          if (!container) return storageError(404, 'ContainerNotFound');
          return answerBlob(container, decodeURIComponent(params['blob'] ?? ''), exchange, world.configuration.now());
        },
      },
    ],
  };
}

function answerContainer(containers: Map<string, Container>, name: string, { method, query }: Exchange): Answer {
  if (method === 'PUT') {
    if (containers.has(name)) return storageError(409, 'ContainerAlreadyExists');
    containers.set(name, { blobs: new Map(), blocks: new Map() });
    return { status: 201, headers: storageHeaders() };
  }
  const container = containers.get(name);
  if (!container) return storageError(404, 'ContainerNotFound');
  if (method === 'DELETE') {
    containers.delete(name);
    return { status: 202, headers: storageHeaders() };
  }
  if (method === 'GET' && query.get('comp') === 'list') return listBlobs(container, name, query);
  return { status: 200, headers: storageHeaders() };
}

function answerBlob(container: Container, name: string, exchange: Exchange, nowMs: number): Answer {
  const { method, query, body, headers } = exchange;
  if (method === 'PUT' && query.get('comp') === 'block') {
    container.blocks.set(`${name}/${query.get('blockid') ?? ''}`, body);
    return { status: 201, headers: storageHeaders() };
  }
  if (method === 'PUT') {
    const isBlockList = query.get('comp') === 'blocklist';
    const content = isBlockList ? assemble(container, name, body.toString('utf8')) : body;
    if (!content) return storageError(400, 'InvalidBlockList');
    const contentType = headers['x-ms-blob-content-type']?.toString() ?? 'application/octet-stream';
    const blob: Blob = {
      content,
      contentType,
      etag: `"0x${randomBytes(8).toString('hex')}"`,
      modified: new Date(nowMs),
    };
    container.blobs.set(name, blob);
    return { status: 201, headers: { ...storageHeaders(), ...describe(blob), 'Content-MD5': md5(content) } };
  }
  const blob = container.blobs.get(name);
  if (!blob) return storageError(404, 'BlobNotFound');
  if (method === 'DELETE') {
    container.blobs.delete(name);
    return { status: 202, headers: storageHeaders() };
  }
  if (method !== 'GET' && method !== 'HEAD') return storageError(405, 'UnsupportedHttpVerb');
  return download(blob, headers['x-ms-range']?.toString() ?? headers.range);
}

function download(blob: Blob, range: string | undefined): Answer {
  const total = blob.content.length;
  const common = { ...storageHeaders(), ...describe(blob), 'x-ms-blob-type': 'BlockBlob', 'Accept-Ranges': 'bytes' };
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [];
  if (from === undefined) {
    return { status: 200, headers: { ...common, 'Content-Type': blob.contentType }, bytes: blob.content };
  }
  const first = Number(from);
  if (first >= total) return storageError(416, 'InvalidRange');
  const last = to ? Math.min(Number(to), total - 1) : total - 1;
  return {
    status: 206,
    headers: { ...common, 'Content-Type': blob.contentType, 'Content-Range': `bytes ${first}-${last}/${total}` },
    bytes: blob.content.subarray(first, last + 1),
  };
}

function assemble(container: Container, name: string, xml: string): Buffer | undefined {
  const ids = [...xml.matchAll(/<(?:Latest|Uncommitted|Committed)>([^<]*)</g)].map(([, id]) => `${name}/${id ?? ''}`);
  const blocks = ids.map((id) => container.blocks.get(id));
  if (!blocks.every((block) => block !== undefined)) return undefined;
  for (const id of ids) container.blocks.delete(id);
  return Buffer.concat(blocks);
}

function listBlobs(container: Container, name: string, query: URLSearchParams): Answer {
  const names = [...container.blobs.keys()].filter((blob) => blob.startsWith(query.get('prefix') ?? '')).sort();
  const page = pageOf(names, query.get('marker'), query.get('maxresults'), LARGEST_PAGE);
  const blobs = page.items.map((blob) => {
    const { content, contentType, etag, modified } = container.blobs.get(blob)!;
    return (
      `<Blob><Name>${escapeXml(blob)}</Name><Properties><Last-Modified>${modified.toUTCString()}</Last-Modified>` +
      `<Etag>${escapeXml(etag)}</Etag><Content-Length>${content.length}</Content-Length>` +
      `<Content-Type>${escapeXml(contentType)}</Content-Type><BlobType>BlockBlob</BlobType></Properties></Blob>`
    );
  });
  const text =
    `<?xml version="1.0" encoding="utf-8"?><EnumerationResults ContainerName="${escapeXml(name)}">` +
    `<Blobs>${blobs.join('')}</Blobs><NextMarker>${page.next ?? ''}</NextMarker></EnumerationResults>`;
  return { status: 200, headers: { ...storageHeaders(), 'Content-Type': 'application/xml' }, text };
}

function describe({ etag, modified }: Blob): Record<string, string> {
  return { ETag: etag, 'Last-Modified': modified.toUTCString() };
}

function storageHeaders(): Record<string, string> {
  return { 'x-ms-version': '2025-11-05', 'x-ms-request-id': randomBytes(16).toString('hex') };
}

function storageError(status: number, code: string): Answer {
  const text = `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`;
  const headers = { ...storageHeaders(), 'x-ms-error-code': code, 'Content-Type': 'application/xml' };
  return { status, headers, text, failure: code };
}

const md5 = (content: Buffer): string => createHash('md5').update(content).digest('base64');
const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
