/** The metadata service at its real address, as seen on the wire, and an application that talks to it. */
import { http, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';
import { createSharedState } from 'core/cache/shared-state.js';
import { ManagedIdentityApplication } from 'core/client.js';
import { createSoftwarePlatform } from 'core/platform/software/index.js';
import type { ManagedIdentityConfiguration } from 'core/public-types.js';
import { VirtualClock } from '../../support/virtual-clock.js';
import { softwareRequest, withEnvironment } from '../../support/world.js';

const BASE = 'http://169.254.169.254/metadata/identity';
export const IMDS_SERVER = 'IMDS/150.870.65.1854';
export const CLIENT_ID = '11111111-1111-1111-1111-111111111111';
export const TENANT_ID = '22222222-2222-2222-2222-222222222222';

export const GOOD_METADATA = {
  cuId: { vmId: 'fake_vmId' },
  clientId: CLIENT_ID,
  tenantId: TENANT_ID,
  attestationEndpoint: 'https://attestation.example',
};

/** One answer; `error` cuts the connection. */
export interface Answer {
  status?: number;
  /** A string is sent as it is, anything else as JSON. */
  body?: unknown;
  server?: string | null;
  headers?: Record<string, string>;
  error?: true;
}

export interface WireRequest {
  readonly leg: 'metadata' | 'issuecredential';
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

// One key for all tests of a file: making one takes longer than the tests themselves.
const platform = createSoftwarePlatform(() => []);

export class ImdsOnTheWire {
  clock = new VirtualClock();
  requests: WireRequest[] = [];
  /** Answers in turn; the last one is repeated. */
  metadata: Answer[] = [];
  credential: Answer[] = [];
  readonly #server = setupServer(
    http.all(`${BASE}/getplatformmetadata`, ({ request }) => this.#answer('metadata', request, this.metadata)),
    http.all(`${BASE}/issuecredential`, ({ request }) => this.#answer('issuecredential', request, this.credential)),
  );

  listen(): void {
    this.#server.listen({ onUnhandledRequest: 'error' });
  }

  reset(): void {
    this.clock = new VirtualClock();
    this.requests = [];
    this.metadata = [{ body: GOOD_METADATA }];
    this.credential = [{ status: 400, body: { error: 'not_scripted' } }];
  }

  close(): void {
    this.#server.close();
  }

  /** Runs a whole bound request, which ends at the latest where the token endpoint would come. */
  async acquire(
    configuration: ManagedIdentityConfiguration = {},
    request: Partial<Parameters<typeof softwareRequest>[0]> = {},
    env: Record<string, string> = {},
  ): Promise<unknown> {
    const surroundings = { state: createSharedState(), platform, clock: this.clock };
    try {
      const application = withEnvironment(env, () => new ManagedIdentityApplication(configuration, surroundings));
      return await application.acquireToken(softwareRequest(request));
    } catch (error) {
      return error;
    }
  }

  count(leg: WireRequest['leg']): number {
    return this.requests.filter((request) => request.leg === leg).length;
  }

  async #answer(leg: WireRequest['leg'], request: Request, answers: Answer[]) {
    const { pathname, search } = new URL(request.url);
    const answer = answers[Math.min(this.count(leg), answers.length - 1)]!;
    const headers = Object.fromEntries(request.headers);
    this.requests.push({
      leg,
      method: request.method,
      path: pathname,
      query: search,
      headers,
      body: await request.text(),
    });
    if (answer.error) return HttpResponse.error();
    const { status = 200, body = '', server = IMDS_SERVER, headers: more } = answer;
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return new HttpResponse(text, { status, headers: { ...more, ...(server !== null && { Server: server }) } });
  }
}
