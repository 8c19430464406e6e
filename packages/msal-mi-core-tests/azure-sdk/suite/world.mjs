// What each file of the suite works in: the emulator, a credential, and clients over it.
import assert from 'node:assert/strict';
import { createPipelineRequest } from '@azure/core-rest-pipeline';
import { SecretClient } from '@azure/keyvault-secrets';
import { BlobServiceClient } from '@azure/storage-blob';
import { ManagedIdentityApplication } from 'msal-mi-core';
import { MtlsManagedIdentityCredential, withMtlsPop } from 'msal-mi-core/azure';

export const AUDIENCE_OF_STORAGE = 'https://storage.azure.com';
// The emulator's vault is not a subdomain of vault.azure.net, which the client would insist on.
export const VAULT_OPTIONS = {
  disableChallengeResourceVerification: true,
  retryOptions: { maxRetries: 2, retryDelayInMs: 1 },
};
/** Fault: the next request then makes a handshake of its own. */
export const CLOSE = { headers: { Connection: 'close' } };
/** Fault: the handshake fails because of the client certificate. */
export const REFUSED = { reset: 'handshake', tlsAlert: 'certificate_revoked' };

export const claimsOf = (authorization) => JSON.parse(Buffer.from(authorization.split('.')[1], 'base64url').toString());

export async function failure(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return assert.fail('the call succeeded');
}

/**
 * Of everything that a resource has seen: no bound token as a bearer token, none without the certificate it is bound to, and
 * nowhere what stands for one.
 */
export function assertNothingUnbound(calls, { vault }) {
  for (const { headers, clientCertificateS256, body } of calls) {
    assert.ok(!`${JSON.stringify(headers)}${body}`.includes('certificate-bound-token'));
    const [, scheme, token] = /^(\S+) (eyJ\S+)$/.exec(headers.authorization ?? '') ?? [];
    if (token === undefined) continue;
    const confirmed = claimsOf(token).cnf?.['x5t#S256'];
    if (scheme !== 'mtls_pop') assert.equal(confirmed, undefined);
    // A vault asks for the certificate late, and not at all before a scripted answer.
    else if (clientCertificateS256 !== undefined || headers.host !== new URL(vault).host) {
      assert.equal(clientCertificateS256, confirmed);
    }
  }
}

export class World {
  emulator;
  credential;

  constructor(host) {
    this.host = host;
    this.strength = host.strength;
  }

  async start() {
    this.emulator = await this.host.startEmulator({
      audiences: { handshake: [AUDIENCE_OF_STORAGE] },
      refreshInSeconds: 7200,
    });
    process.env.AZURE_POD_IDENTITY_AUTHORITY_HOST = this.emulator.imdsUrl;
  }

  async reset() {
    try {
      await this.assertNothingUnbound();
    } finally {
      await this.emulator.reset();
    }
    new ManagedIdentityApplication().clearCache();
    this.credential = this.newCredential();
  }

  async assertNothingUnbound() {
    assertNothingUnbound(await this.callsOfResource(), this.emulator.resources);
  }

  newCredential(options = {}) {
    const { ca, resources } = this.emulator;
    return new MtlsManagedIdentityCredential({
      minStrength: this.strength,
      // The emulator's resources are on loopback, and not below the host of their audience.
      allowedHosts: [resources.handshake, resources.vault].map((url) => new URL(url).host),
      ...(options.application === undefined && { system: { ca } }),
      ...options,
    });
  }

  secretClient(options = VAULT_OPTIONS) {
    return new SecretClient(this.emulator.resources.vault, this.credential, withMtlsPop(this.credential, options));
  }

  blobService() {
    const options = { retryOptions: { maxTries: 3, retryDelayInMs: 1 } };
    const url = `${this.emulator.resources.handshake}/devstoreaccount1`;
    return new BlobServiceClient(url, this.credential, withMtlsPop(this.credential, options));
  }

  /** Requests that a resource answered, oldest first. */
  async callsOfResource() {
    return (await this.emulator.journal()).filter(({ leg, url }) => leg === 'resource' && url !== '');
  }

  async countIssuedCertificates() {
    return (await this.emulator.journal()).filter(({ url }) => url.includes('/issuecredential')).length;
  }

  scopeOfResource() {
    return `${this.emulator.resources.handshake}/.default`;
  }

  /** What the resource got as Authorization for a request with the token. */
  async tokenSentFor(token) {
    assert.equal((await this.send(`Bearer ${token}`)).status, 200);
    const { headers, clientCertificateS256 } = (await this.callsOfResource()).at(-1);
    assert.match(headers.authorization, /^mtls_pop eyJ/);
    assert.equal(claimsOf(headers.authorization).cnf['x5t#S256'], clientCertificateS256);
    return headers.authorization;
  }

  /** One request through the transport alone, with no pipeline above it. */
  send(authorization, url = `${this.emulator.resources.handshake}/things`, through = this.credential.httpClient) {
    const request = createPipelineRequest({ url });
    if (authorization !== undefined) request.headers.set('Authorization', authorization);
    return through.sendRequest(request);
  }

  /** What an application uses that knows bearer tokens only: the token endpoint of IMDS v1. */
  bearerCredential() {
    const { imdsUrl } = this.emulator;
    return {
      async getToken(scopes) {
        const url = new URL('/metadata/identity/oauth2/token?api-version=2018-02-01', imdsUrl);
        url.searchParams.set('resource', [scopes].flat()[0].replace(/\/\.default$/, ''));
        const answer = await fetch(url, { headers: { Metadata: 'true' } });
        const { access_token: token, token_type: type, expires_on: expiresOn } = await answer.json();
        assert.equal(type, 'Bearer');
        return { token, expiresOnTimestamp: Number(expiresOn) * 1000 };
      },
    };
  }
}
