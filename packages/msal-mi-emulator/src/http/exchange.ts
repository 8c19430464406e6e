import type { X509Certificate } from 'node:crypto';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Fault, FaultLeg } from '../faults/fault-types.js';
import { isRecord } from '../is-record.js';

/** A request that was read to its end. */
export interface Exchange {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: Buffer;
  /** Certificate that the connection presented, judged by nobody yet. */
  peerCertificate: X509Certificate | undefined;
  /** Undefined on plain http. */
  tlsSocket: TLSSocket | undefined;
  /** How the scripted fault wants the real answer changed. */
  mutate?: Fault['mutate'];
  /** Lifetimes of the certificate, when the scripted fault names them. */
  certificate?: Fault['certificate'];
}

/** What a service answers. At most one of `json`, `text` and `bytes`. */
export interface Answer {
  status: number;
  headers?: Record<string, string>;
  json?: unknown;
  text?: string;
  bytes?: Buffer;
  /** Reason for the journal. */
  failure?: string;
}

/** What one server does with requests. */
export interface Service {
  /** The leg whose faults apply to a path; undefined: none. */
  faultLeg(path: string): FaultLeg | undefined;
  /** Sent with every answer of the service, scripted ones included. */
  readonly standingHeaders?: Readonly<Record<string, string>>;
  /** Longest request body that is read, bytes. Default 1 MiB. */
  readonly mostBodyBytes?: number;
  /** Answers a request. */
  answer(exchange: Exchange): Answer | Promise<Answer>;
  /** An error in the shape of the service; used for scripted `oauthError`. */
  errorAnswer?(error: NonNullable<Fault['oauthError']>, headers: IncomingHttpHeaders): Answer;
  /** The resource that a request asks a token for; used for faults of one audience. */
  audienceOf?(exchange: Exchange): string | undefined;
  /** A refusal in the service's own words; used for scripted refusals. */
  refuse?(name: NonNullable<Fault['refusal']>, exchange: Exchange): Answer;
  /** Takes over requests that are not part of a leg (journal page); returns false for all others. */
  serveAside?(path: string, method: string, response: ServerResponse): boolean;
}

/** The body as a JSON object; undefined when it is anything else. */
export function parseJsonObject(body: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    if (isRecord(value)) return value;
  } catch {
    // Falls through: not JSON.
  }
  return undefined;
}
