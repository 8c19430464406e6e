/** An application with a federated credential where applications go: createMtlsFetch and the Azure credential. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import { createPipelineRequest } from '@azure/core-rest-pipeline';
import { MtlsManagedIdentityCredential } from 'core/azure/credential.js';
import { withMtlsPop } from 'core/azure/with-mtls-pop.js';
import type { BoundConfidentialClient } from 'core/fic/bound-confidential-client.js';
import { createManagedIdentityAssertion } from 'core/fic/managed-identity-assertion.js';
import { createDownstreamApi } from 'core/identity-web/downstream-api.js';
import { createMtlsFetch } from 'core/mtls-fetch/mtls-fetch.js';
import { MtlsBindingStrength } from 'core/public-types/constants.js';
import { eventually } from '../emulator/support/eventually.js';
import { boundClient, CLIENT_ID, exchanges } from '../support/fic.js';
import { errorWith } from '../support/errors.js';
import { formOf, requestsOf } from '../support/journal.js';
import { jwtClaims } from '../support/jwt.js';
import { rejection } from '../support/rejection.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { World } from '../support/world.js';

const world = await untilTheEnd(World.start());
beforeEach(() => world.renew());

const handshake = () => world.emulator.resources.handshake;
const callsOfResource = () => requestsOf(world.emulator, 'resource');
const trusting = () => boundClient(world, { system: { ca: world.emulator.ca } });
const claimsOf = (authorization: string | undefined) => jwtClaims(authorization!.split(' ')[1]!);

/** Of an application, over the certificate that it is bound to. */
function expectTokenOfApplication({ headers, clientCertificateS256 }: ReturnType<typeof callsOfResource>[number]) {
  expect(headers['authorization']).toMatch(/^mtls_pop eyJ/);
  const claims = claimsOf(headers['authorization']);
  expect(claims).toMatchObject({ appid: CLIENT_ID, cnf: { 'x5t#S256': clientCertificateS256 } });
}

describe('createMtlsFetch', () => {
  const callWith = (client: BoundConfidentialClient) => createMtlsFetch(client, { resource: handshake() });

  test('rule D31: calls as the application, over the certificate of its assertion', async () => {
    const call = callWith(boundClient(world));
    expect((await call(`${handshake()}/things`)).status).toBe(200);
    expect((await call(`${handshake()}/things`)).status).toBe(200);

    expect(callsOfResource()).toHaveLength(2);
    callsOfResource().forEach(expectTokenOfApplication);
    expect(formOf(exchanges(world).second[0]!)['scope']).toBe(`${handshake()}/.default`);
    expect(exchanges(world).second).toHaveLength(1);
  });

  test('rule D30: answers a claims challenge as the application', async () => {
    const response = await callWith(boundClient(world))(`${handshake()}/claims-challenge`);
    expect(response.status).toBe(200);
    expect(callsOfResource().map(({ status }) => status)).toEqual([401, 200]);
    expect(claimsOf(callsOfResource()[1]!.headers['authorization'])).toMatchObject({ appid: CLIENT_ID });
  });

  test('rule D30: has a certificate replaced that the resource refuses, once in a call', async () => {
    const call = callWith(boundClient(world));
    world.emulator.fault('resource', [{ headers: { Connection: 'close' } }]);
    await call(`${handshake()}/things`);
    world.emulator.fault('resource', [{ reset: 'handshake', tlsAlert: 'certificate_revoked' }]);
    expect((await call(`${handshake()}/things`)).status).toBe(200);

    const [first, second] = callsOfResource().filter(({ url }) => url !== '');
    expect(second!.clientCertificateS256).not.toBe(first!.clientCertificateS256);
    expectTokenOfApplication(second!);
  });

  test.each(['withAttestationSupport', 'minStrength'] as const)('refuses %s, which its assertion has', (name) => {
    const options = { resource: handshake(), [name]: name === 'minStrength' ? MtlsBindingStrength.Software : true };
    expect(() => createMtlsFetch(boundClient(world), options)).toThrow(/createManagedIdentityAssertion/);
  });

  test.each([undefined, null, 'application', {}, () => undefined])('refuses what acquires no token: %p', (app) => {
    expect(() => createMtlsFetch(app as never, { resource: handshake() })).toThrow(
      errorWith({ errorCode: 'invalid_request' }),
    );
  });

  test.each(['Bearer', 'mtls_pop'])(
    'never uses what another library gives without a binding, whatever it says: %s',
    async (tokenType) => {
      const stranger = { acquireTokenByClientCredential: () => Promise.resolve({ accessToken: 'eyJ.a.b', tokenType }) };
      const call = createMtlsFetch(stranger as never, { resource: handshake() });
      expect(await rejection(call(`${handshake()}/things`))).toMatchObject({ errorCode: 'token_type_mismatch' });
      expect(callsOfResource()).toEqual([]);
    },
  );
});

describe('the Azure credential', () => {
  const send = async (credential: MtlsManagedIdentityCredential, token: string) => {
    const request = createPipelineRequest({ url: `${handshake()}/things` });
    request.headers.set('authorization', `Bearer ${token}`);
    return withMtlsPop(credential).httpClient.sendRequest(request);
  };
  const scope = () => `${handshake()}/.default`;

  test('rule D37: sends tokens of the application', async () => {
    const credential = new MtlsManagedIdentityCredential({ application: trusting() });
    const { token } = await credential.getToken(scope(), { enableCae: true });
    expect((await send(credential, token)).status).toBe(200);

    expectTokenOfApplication(callsOfResource()[0]!);
    expect(claimsOf(callsOfResource()[0]!.headers['authorization'])['xms_cc']).toEqual(['cp1']);
    expect(formOf(exchanges(world).second[0]!)['scope']).toBe(scope());
  });

  test('rule D37: a request without a token goes without a certificate, and trusts what the client trusts', async () => {
    const { httpClient } = new MtlsManagedIdentityCredential({ application: trusting() });
    const request = createPipelineRequest({ url: `${world.emulator.resources.vault}/secrets/a` });
    expect((await httpClient.sendRequest(request)).status).toBe(401);
    expect(callsOfResource()[0]!.clientCertificateS256).toBeUndefined();
  });

  test('rule D30: hands a redirect on whose content does not end, and closes its connection', async () => {
    const credential = new MtlsManagedIdentityCredential({ application: trusting() });
    const { token } = await credential.getToken(scope());
    const requests: ClientRequest[] = [];
    const onStart = (message: unknown) => void requests.push((message as { request: ClientRequest }).request);
    world.emulator.fault('resource', [{ status: 307, headers: { Location: '/moved' }, endlessBody: true }]);
    subscribe('http.client.request.start', onStart);
    const { status, headers } = await send(credential, token);
    unsubscribe('http.client.request.start', onStart);
    expect([status, headers.get('location')]).toEqual([307, '/moved']);
    await eventually(() => requests.at(-1)?.destroyed === true);
  });

  test('rule D30: has a certificate replaced that the resource refuses', async () => {
    const credential = new MtlsManagedIdentityCredential({ application: trusting() });
    const { token } = await credential.getToken(scope());
    world.emulator.fault('resource', [{ headers: { Connection: 'close' } }]);
    await send(credential, token);
    world.emulator.fault('resource', [{ reset: 'handshake', tlsAlert: 'certificate_revoked' }]);
    await expect(send(credential, token)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect((await send(credential, token)).status).toBe(200);

    const [first, second] = callsOfResource().filter(({ url }) => url !== '');
    expect(second!.clientCertificateS256).not.toBe(first!.clientCertificateS256);
  });

  test('rule D33: gives bearer tokens of the application with requestOverMtls', async () => {
    const credential = new MtlsManagedIdentityCredential({ application: trusting(), requestOverMtls: true });
    const { token } = await credential.getToken('https://management.azure.com/.default');
    expect(jwtClaims(token)).toMatchObject({ appid: CLIENT_ID, aud: 'https://management.azure.com' });
    expect(jwtClaims(token)['cnf']).toBeUndefined();
    expect(formOf(exchanges(world).second[0]!)['token_type']).toBeUndefined();
  });

  test.each([{ withAttestationSupport: true }, { minStrength: MtlsBindingStrength.Software }])(
    'refuses %p, which its assertion has',
    (option) => {
      expect(() => new MtlsManagedIdentityCredential({ application: trusting(), ...option })).toThrow(
        /createManagedIdentityAssertion/,
      );
    },
  );

  test.each([{}, { acquireToken: () => undefined }, { acquireTokenByClientCredential: () => undefined }, 'text'])(
    'refuses what is not of this library: %p',
    (application) => {
      expect(() => new MtlsManagedIdentityCredential({ application: application as never })).toThrow(
        /ManagedIdentityApplication or a BoundConfidentialClient/,
      );
    },
  );
});

test('other places that take an application say that they take no client', () => {
  const client = boundClient(world) as never;
  expect(() => createManagedIdentityAssertion(client)).toThrow(errorWith({ errorCode: 'invalid_request' }));
  expect(() => createDownstreamApi({}, { application: client })).toThrow(
    errorWith({ errorCode: 'invalid_configuration' }),
  );
});
