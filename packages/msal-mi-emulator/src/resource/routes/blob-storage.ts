import { createHash, randomBytes } from 'node:crypto';
import type { Answer, Exchange } from '../../http/exchange.js';
import type { ResourceModule } from '../resource-router.js';
import { pageOf } from './paging.js';
import { escapeXml, STORAGE_ACCOUNT, storageError, storageHeaders, xmlAnswer } from './storage-answers.js';

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

const LARGEST_PAGE = 5000;

/** Names of containers, the special ones included. */
const CONTAINER_NAME = /^(?:\$(?:root|web|logs)|(?=.{3,63}$)[a-z0-9]+(?:-[a-z0-9]+)*)$/;

/**
 * Block blobs of Azure Storage, at `/devstoreaccount1/<container>/<blob>`: create and list containers and their contents, upload
 * whole or in blocks, download whole or in ranges, delete.
 */
export function createBlobStorage(): ResourceModule {
  const containers = new Map<string, Container>();
  return {
    reset: () => containers.clear(),
    routes: [
      {
        pattern: new RegExp(`^${STORAGE_ACCOUNT}/?$`),
        answer: ({ exchange }) => answerAccount(containers, exchange),
      },
      {
        pattern: new RegExp(`^${STORAGE_ACCOUNT}/(?<container>[^/]+)(?:/(?<blob>.*))?$`),
        answer: ({ exchange, params, world }) => {
          const container = decode(params['container']);
          const blob = decode(params['blob']);
          if (container === undefined || blob === undefined) return storageError(400, 'InvalidUri');
          if (!CONTAINER_NAME.test(container)) return storageError(400, 'InvalidResourceName');
          if (blob === '') return answerContainer(containers, container, exchange);
          const known = containers.get(container);
          if (!known) return storageError(404, 'ContainerNotFound');
          return answerBlob(known, blob, exchange, world.configuration.now());
        },
      },
    ],
  };
}

/** @returns undefined for text that is not percent-encoded UTF-8 */
function decode(text = ''): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function answerAccount(containers: Map<string, Container>, { method, query }: Exchange): Answer {
  if (method !== 'GET' || query.get('comp') !== 'list') return storageError(400, 'InvalidQueryParameterValue');
  const names = [...containers.keys()].filter((name) => name.startsWith(query.get('prefix') ?? '')).sort();
  const page = pageOf(names, query.get('marker'), query.get('maxresults'), LARGEST_PAGE);
  const list = page.items.map((name) => `<Container><Name>${escapeXml(name)}</Name><Properties/></Container>`);
  const content = `<Containers>${list.join('')}</Containers><NextMarker>${page.next ?? ''}</NextMarker>`;
  return xmlAnswer(200, `<EnumerationResults>${content}</EnumerationResults>`);
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
  return xmlAnswer(
    200,
    `<EnumerationResults ContainerName="${escapeXml(name)}">` +
      `<Blobs>${blobs.join('')}</Blobs><NextMarker>${page.next ?? ''}</NextMarker></EnumerationResults>`,
  );
}

function describe({ etag, modified }: Blob): Record<string, string> {
  return { ETag: etag, 'Last-Modified': modified.toUTCString() };
}

const md5 = (content: Buffer): string => createHash('md5').update(content).digest('base64');
