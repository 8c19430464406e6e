import { once } from 'node:events';
import { request, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

/** What a server answered. */
export interface RawReply {
  status: number | undefined;
  headers: IncomingHttpHeaders;
  text: string;
}

/** A plain http request with the headers given and no others that a client adds by itself, but for Host. */
export async function rawRequest(
  base: string,
  path: string,
  { method = 'GET', headers = {}, body }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<RawReply> {
  const { port } = new URL(base);
  const outgoing = request({ host: '127.0.0.1', port, path, method, headers, agent: false });
  outgoing.end(body);
  const [response] = (await once(outgoing, 'response')) as [import('node:http').IncomingMessage];
  return { status: response.statusCode, headers: response.headers, text: await text(response) };
}

/** The first line of what a server answers to bytes. */
export async function firstLineOf(base: string, bytes: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(base).port) });
  socket.end(bytes);
  return (await text(socket)).split('\r\n')[0]!;
}
