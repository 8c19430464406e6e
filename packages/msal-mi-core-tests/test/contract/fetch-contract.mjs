// What `fetch` over a bound channel has to do, whatever the transport below it is. Runs in jest on the software
// transport and with node:test in the Windows rig on WinHTTP.
import { defineBodies } from './fetch-contract/bodies.mjs';
import { defineCancellation } from './fetch-contract/cancellation.mjs';
import { defineCodings } from './fetch-contract/codings.mjs';
import { defineFailures } from './fetch-contract/failures.mjs';
import { defineHeaders } from './fetch-contract/headers.mjs';
import { defineRedirects } from './fetch-contract/redirects.mjs';
import { defineRequests } from './fetch-contract/requests.mjs';
import { defineResponses } from './fetch-contract/responses.mjs';
import { defineStreaming } from './fetch-contract/streaming.mjs';
import { defineUploads } from './fetch-contract/uploads.mjs';
import { openWorld } from './fetch-contract/world.mjs';

/** @param {Parameters<typeof openWorld>[0]} given */
export function defineFetchContract(given) {
  const world = openWorld(given);
  defineResponses(world);
  defineStreaming(world);
  defineRequests(world);
  defineHeaders(world);
  defineBodies(world);
  defineUploads(world);
  defineRedirects(world);
  defineCancellation(world);
  defineCodings(world);
  defineFailures(world);
}
