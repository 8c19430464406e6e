import type { Answer, Exchange, Service } from '../http/exchange.js';
import type { FaultLeg } from '../faults/fault-types.js';
import type { World } from '../world.js';
import type { JournalPage } from '../page/journal-page.js';
import { answerCompute } from './compute.js';
import { answerIssueCredential } from './issue-credential.js';
import { answerPlatformMetadata } from './platform-metadata.js';
import { invalidRequest } from './request-checks.js';
import { answerIdentityToken, audienceOfResource } from './identity-token.js';
import { imdsRefusal } from './imds-refusals.js';

interface Route {
  method: 'GET' | 'POST';
  leg: FaultLeg;
  answer: (exchange: Exchange, world: World) => Answer | Promise<Answer>;
}

const V2_LEGS: ReadonlySet<FaultLeg> = new Set<FaultLeg>(['getplatformmetadata', 'issuecredential']);
const IDENTITY_TOKEN: Route = { method: 'GET', leg: 'imds-token', answer: answerIdentityToken };
const ROUTES: ReadonlyMap<string, Route> = new Map<string, Route>([
  [
    '/metadata/identity/getplatformmetadata',
    { method: 'GET', leg: 'getplatformmetadata', answer: answerPlatformMetadata },
  ],
  ['/metadata/identity/issuecredential', { method: 'POST', leg: 'issuecredential', answer: answerIssueCredential }],
  ['/metadata/identity/oauth2/token', IDENTITY_TOKEN],
  ['/metadata/identity/oauth2/token/', IDENTITY_TOKEN], // as msal-node asks for it
  ['/metadata/instance/compute', { method: 'GET', leg: 'compute', answer: answerCompute }],
]);

/** The instance metadata service, and beside it `/health` and the journal page. */
export function createImdsService(world: World, page: JournalPage): Service {
  return {
    standingHeaders: { Server: 'IMDS/150.870.65.1854' },
    faultLeg: (path) => routeOf(path)?.leg,
    refuse: (name) => imdsRefusal(name),
    audienceOf({ query }) {
      const resource = query.get('resource');
      return resource === null ? undefined : audienceOfResource(resource);
    },
    serveAside: (path, method, response) => page.serve(path, method, response),
    answer(exchange) {
      const route = routeOf(exchange.path);
      const isUnknown = route === undefined || (world.configuration.imdsVersion === 1 && V2_LEGS.has(route.leg));
      if (isUnknown) {
        return {
          status: 404,
          json: { error: 'not_found', error_description: 'Not found' },
          failure: 'no such endpoint',
        };
      }
      // The capability probe leaves the header out and takes a 400 for "this version is here" (D4).
      if (exchange.headers.metadata?.toString().toLowerCase() !== 'true') {
        return invalidRequest('Required metadata header not specified');
      }
      if (exchange.headers['x-forwarded-for'] !== undefined) {
        return invalidRequest('Requests with an X-Forwarded-For header are refused');
      }
      if (exchange.method !== route.method) {
        return { status: 405, headers: { Allow: route.method }, json: { error: 'method_not_allowed' } };
      }
      return route.answer(exchange, world);
    },
  };
}

/** A trailing slash makes no difference to IMDS; MSAL Node sends one. */
function routeOf(path: string): Route | undefined {
  return ROUTES.get(path.replace(/\/$/, ''));
}
