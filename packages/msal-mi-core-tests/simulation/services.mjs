/** IMDS and Entra ID as the fleet sees them: they answer after a moment, are ill for a while, and count. */
import { parseCertificate } from './made-once.mjs';
import {
  CERTIFICATE_LIFE_MS,
  DURATION_MS,
  isDuring,
  MINUTE_MS,
  OUTAGE,
  REVOCATION,
  THROTTLING,
  TOKEN,
} from './timeline.mjs';

const IMDS_MS = { least: 20, more: 180 };
const ENTRA_MS = { least: 50, more: 450 };
const TENANT = '31436c15-f705-4130-a073-e2cd285bfdfc';
const CLIENT = '1d828303-83b6-49fe-8529-4f395cb9da2f';
const ENDPOINT = 'https://westus.mtlsauth.microsoft.com';
const IMDS_HEADERS = { server: 'IMDS/150.870.65.1854', 'content-type': 'application/json' };

export class Services {
  /** Requests in each minute. */
  counts = { imds: new Uint32Array(DURATION_MS / MINUTE_MS + 1), entra: new Uint32Array(DURATION_MS / MINUTE_MS + 1) };
  #time;
  #startMs;
  #random;
  #issuer;

  constructor(time, random, issuer) {
    this.#time = time;
    this.#startMs = time.nowMs;
    this.#random = random;
    this.#issuer = issuer;
  }

  /** The network module of one process: what it asks IMDS. */
  get networkClient() {
    return {
      sendGetRequestAsync: () => this.#imds(() => ({ clientId: CLIENT, tenantId: TENANT, cuId: { vmId: 'vm' } })),
      sendPostRequestAsync: () => this.#imds(() => this.#issue()),
    };
  }

  /** The connections of one certificate to Entra ID. */
  channel(certificate) {
    return {
      exportable: true,
      send: () => this.#entra(parseCertificate(certificate)),
      tlsOptions: () => ({}),
      retire: () => undefined,
    };
  }

  async #imds(answer) {
    this.#count('imds');
    await this.#pass(IMDS_MS);
    const isThrottled = isDuring(THROTTLING, this.#sinceBootMs);
    const body = isThrottled ? '{"error":"too_many_requests"}' : JSON.stringify(answer());
    return { status: isThrottled ? 429 : 200, headers: IMDS_HEADERS, body };
  }

  #issue() {
    const nowMs = this.#time.nowMs;
    const certificate = this.#issuer.issue(nowMs, nowMs + CERTIFICATE_LIFE_MS);
    return {
      client_id: CLIENT,
      tenant_id: TENANT,
      certificate: certificate.toString('base64'),
      identity_type: 'SystemAssigned',
      mtls_authentication_endpoint: ENDPOINT,
    };
  }

  async #entra({ certificate: { x5tS256 }, notBeforeMs }) {
    this.#count('entra');
    await this.#pass(ENTRA_MS);
    if (isDuring(OUTAGE, this.#sinceBootMs)) return response(503, { error: 'temporarily_unavailable' });
    const isRevoked = notBeforeMs < this.#startMs + REVOCATION.startMs && this.#sinceBootMs >= REVOCATION.startMs;
    if (isRevoked) return response(401, { error: 'invalid_client', error_description: 'The certificate was revoked.' });
    return response(200, {
      token_type: 'mtls_pop',
      access_token: jwt(x5tS256),
      expires_in: TOKEN.lifetimeS,
      refresh_in: TOKEN.refreshInS,
    });
  }

  get #sinceBootMs() {
    return this.#time.nowMs - this.#startMs;
  }

  #count(service) {
    this.counts[service][Math.floor(this.#sinceBootMs / MINUTE_MS)] += 1;
  }

  #pass({ least, more }) {
    const { promise, resolve } = withResolvers();
    this.#time.at(this.#time.nowMs + least + more * this.#random(), resolve);
    return promise;
  }
}

/** Promise.withResolvers of Node.js 22. */
function withResolvers() {
  let resolve;
  const promise = new Promise((settle) => (resolve = settle));
  return { promise, resolve };
}

const base64 = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const JWT_HEADER = base64({ alg: 'RS256', typ: 'JWT' });
const jwt = (x5tS256) => `${JWT_HEADER}.${base64({ cnf: { 'x5t#S256': x5tS256 } })}.c2ln`;

function response(status, body) {
  const bytes = Buffer.from(JSON.stringify(body));
  return {
    status,
    statusText: '',
    headers: [['content-type', 'application/json']],
    body: (async function* () {
      yield bytes;
    })(),
  };
}
