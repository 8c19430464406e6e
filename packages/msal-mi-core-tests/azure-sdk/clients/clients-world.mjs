// The emulator, a credential, and what a resource has seen of them.
import assert from 'node:assert/strict';
import { ManagedIdentityApplication, MtlsBindingStrength } from 'msal-mi-core';
import { MtlsManagedIdentityCredential } from 'msal-mi-core/azure';
import { startEmulator } from 'msal-mi-emulator';
import { assertNothingUnbound, claimsOf } from '../suite/world.mjs';
import { RECIPES } from './recipes.mjs';

export class ClientsWorld {
  emulator;
  credential;

  async start() {
    const audiences = [...new Set(RECIPES.map(({ audience }) => audience)), 'https://graph.microsoft.com'];
    this.emulator = await startEmulator({
      audiences: { handshake: audiences.filter((text) => text.startsWith('https')) },
    });
    process.env.AZURE_POD_IDENTITY_AUTHORITY_HOST = this.emulator.imdsUrl;
  }

  assertNothingUnbound() {
    assertNothingUnbound(this.calls(), this.emulator.resources);
  }

  reset() {
    try {
      this.assertNothingUnbound();
    } finally {
      this.emulator.reset();
    }
    new ManagedIdentityApplication().clearCache();
    this.application = new ManagedIdentityApplication({ system: { ca: this.emulator.ca } });
    this.credential = new MtlsManagedIdentityCredential({
      minStrength: MtlsBindingStrength.Software,
      application: this.application,
      allowedHosts: [this.host],
    });
  }

  get endpoint() {
    return this.emulator.resources.handshake;
  }

  get host() {
    return new URL(this.endpoint).host;
  }

  /** The next answers of the resource. */
  answer(...answers) {
    this.emulator.fault(
      'resource',
      answers.map((answer) => JSON.parse(JSON.stringify(answer).replaceAll('{endpoint}', this.endpoint))),
    );
  }

  /** What reached the resource, oldest first. */
  calls() {
    return this.emulator.journal.filter(({ leg, url }) => leg === 'resource' && url !== '');
  }

  /** Every request came with a bound token, and over the certificate of that token. */
  assertBound(calls, audience) {
    assert.ok(calls.length > 0);
    for (const { headers, clientCertificateS256 } of calls) {
      assert.match(headers.authorization ?? '', /^mtls_pop eyJ/);
      const claims = claimsOf(headers.authorization);
      assert.equal(claims.aud, audience);
      assert.equal(claims.cnf['x5t#S256'], clientCertificateS256);
    }
  }
}
