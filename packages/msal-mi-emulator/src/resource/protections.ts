import type { Answer } from '../http/exchange.js';
import { issuerOf } from '../token/access-token.js';
import type { World } from '../world.js';
import { isStoragePath, storageError } from './routes/storage-answers.js';
import type { ResourceName } from './resource-router.js';
import type { Refusal } from './verify-token.js';

/** What a resource, or a part of it, asks of a token, and how it says no. */
export interface Protection {
  scheme: 'mtls_pop' | 'Bearer';
  audiences: readonly string[];
  refuse: (refusal: Refusal) => Answer;
}

const STORAGE = 'https://storage.azure.com';
/** What the real service of each kind calls itself; accepted besides the resource's own origin. */
const AUDIENCES: Readonly<Record<ResourceName, readonly string[]>> = {
  handshake: ['https://graph.microsoft.com'],
  vault: ['https://vault.azure.net'],
  arm: ['https://management.azure.com', 'https://management.core.windows.net'],
};

/** Says how each path of a resource is protected. */
export function protectionsOf(name: ResourceName, world: World): (path: string) => Protection {
  const own = world.addresses[name];
  const configured = world.configuration.audiences[name];
  const storage: Protection = {
    scheme: 'mtls_pop',
    audiences: [own, STORAGE, ...configured],
    refuse: (refusal) => refuseAsStorage(refusal, world),
  };
  const rest: Protection = {
    scheme: name === 'arm' ? 'Bearer' : 'mtls_pop',
    audiences: [own, ...AUDIENCES[name], ...configured],
    refuse: (refusal) => refuseAsJson(refusal, name, world),
  };
  return (path) => (name !== 'arm' && isStoragePath(path) ? storage : rest);
}

/** Where a tenant's tokens come from, without a version. */
export function authorizationUri(world: World): string {
  return issuerOf(world, world.configuration.tenantId).replace(/\/v2\.0$/, '');
}

function refuseAsJson(refusal: Refusal, name: ResourceName, world: World): Answer {
  const { reason, message, code = 'Unauthorized' } = refusal;
  return {
    status: 401,
    headers: { 'WWW-Authenticate': challenge(refusal, name, world) },
    json: { ok: false, reason, error: { code, message } },
    failure: `${reason}: ${message}`,
  };
}

function challenge({ reason, message }: Refusal, name: ResourceName, world: World): string {
  const uri = authorizationUri(world);
  const error = `error="invalid_token", error_description="${message.replaceAll('"', "'")}"`;
  if (name === 'arm') return `Bearer authorization_uri="${uri}", ${error}`;
  if (reason === 'no_authorization') return `Bearer authorization="${uri}", resource="${AUDIENCES[name][0]}"`;
  return `mtls_pop authorization="${uri}", ${error}`;
}

/** Storage challenges every 401 alike, and its clients read tenant and resource out of it. */
function refuseAsStorage({ reason, message }: Refusal, world: World): Answer {
  const code = reason === 'no_authorization' ? 'NoAuthenticationInformation' : 'InvalidAuthenticationInfo';
  const answer = storageError(401, code, message);
  const uri = `${authorizationUri(world)}/oauth2/authorize`;
  return {
    ...answer,
    headers: { ...answer.headers, 'WWW-Authenticate': `Bearer authorization_uri=${uri} resource_id=${STORAGE}` },
    failure: `${reason}: ${message}`,
  };
}
