/** An application with a federated credential, in a test world. */
import {
  BoundConfidentialClient,
  type BoundConfidentialClientConfiguration,
} from 'core/fic/bound-confidential-client.js';
import type { BoundClientAssertionCallback, BoundClientAssertionContext } from 'core/fic/client-assertion.js';
import { createManagedIdentityAssertion } from 'core/fic/managed-identity-assertion.js';
import type { ManagedIdentityApplication } from 'core/client.js';
import type { Platform } from 'core/ports.js';
import { MtlsBindingStrength } from 'core/public-types/constants.js';
import { formOf, requestsOf } from './journal.js';
import { withEnvironment, type World } from './world.js';

export const CLIENT_ID = '5d6a3c1e-3a0d-4f6e-9a55-0f2b7a4c9e10';
export const GRAPH_SCOPES = ['https://graph.microsoft.com/.default'];

type Configuration = {
  auth?: Partial<BoundConfidentialClientConfiguration['auth']>;
  system?: BoundConfidentialClientConfiguration['system'];
};

/** An assertion callback over the world's managed identity that notes what it was asked for. */
export function countedAssertion(app: ManagedIdentityApplication): {
  callback: BoundClientAssertionCallback;
  calls: BoundClientAssertionContext[];
} {
  const calls: BoundClientAssertionContext[] = [];
  const acquire = createManagedIdentityAssertion(app, { minStrength: MtlsBindingStrength.Software });
  return {
    calls,
    callback: (context) => {
      calls.push(context);
      return acquire(context);
    },
  };
}

/** A client whose second leg goes to the emulator. */
export function boundClient(
  world: World,
  { auth, system }: Configuration = {},
  platform: Platform = world.platform,
  env: Record<string, string> = {},
): BoundConfidentialClient {
  const clientAssertion = auth?.clientAssertion ?? countedAssertion(world.application()).callback;
  const authority = `${world.emulator.tokenUrl}/${world.emulator.tenantId}`;
  return withEnvironment(
    { AZURE_POD_IDENTITY_AUTHORITY_HOST: world.emulator.imdsUrl, ...env },
    () =>
      new BoundConfidentialClient(
        { auth: { clientId: CLIENT_ID, authority, ...auth, clientAssertion }, ...(system && { system }) },
        { state: world.state, platform, clock: world.clock },
      ),
  );
}

/** The token requests of each leg. */
export function exchanges(world: World) {
  const requests = requestsOf(world.emulator, 'token');
  return {
    first: requests.filter((entry) => formOf(entry)['client_assertion'] === undefined),
    second: requests.filter((entry) => formOf(entry)['client_assertion'] !== undefined),
  };
}
