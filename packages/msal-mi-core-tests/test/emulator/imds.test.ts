import { createHash, X509Certificate } from 'node:crypto';
import { startEmulator, type Emulator, type EmulatorOptions } from 'msal-mi-emulator';
import { imds, postCsr } from './support/bound-client.js';
import { makeCsr, makeRequest, type RequestContent } from './support/openssl-request.js';
import { untilTheEnd } from '../support/until-the-end.js';

const METADATA = 'identity/getplatformmetadata?cred-api-version=2.0';
const V1 = 'identity/oauth2/token?api-version=2018-02-01';
const identity = {
  clientId: '11111111-1111-4111-8111-111111111111',
  objectId: '22222222-2222-4222-8222-222222222222',
  resourceId: '/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/worker',
};
const emulator = await untilTheEnd(
  startEmulator({ identities: [identity], cuId: { vmId: 'vm-1', vmssId: 'scale-set-1' } }),
);

const content = {
  tenantId: emulator.tenantId,
  clientId: emulator.systemAssigned.clientId,
  cuId: '{"vmId":"vm-1","vmssId":"scale-set-1"}',
};
const valid = await makeRequest(content);

async function refusal(response: Response): Promise<string> {
  expect(response.status).toBe(400);
  const body = (await response.json()) as { error: string; error_description: string };
  expect(body.error).toBe('invalid_request');
  return body.error_description;
}

describe('getplatformmetadata', () => {
  it('B01: answers a request without the Metadata header with 400, as the capability probe expects', async () => {
    const response = await fetch(`${emulator.imdsUrl}/metadata/${METADATA}`);
    expect(response.headers.get('server')).toBe('IMDS/150.870.65.1854');
    expect(await refusal(response)).toBe('Required metadata header not specified');
  });

  it('C01: describes the system-assigned identity when nothing is selected', async () => {
    const response = await imds(emulator, METADATA);
    expect(response.headers.get('server')).toBe('IMDS/150.870.65.1854');
    expect(await response.json()).toEqual({
      clientId: emulator.systemAssigned.clientId,
      tenantId: emulator.tenantId,
      cuId: { vmId: 'vm-1', vmssId: 'scale-set-1' },
      attestationEndpoint: emulator.maaUrl,
    });
  });

  it.each([
    ['C02', 'client_id', identity.clientId.toUpperCase()],
    ['C03', 'object_id', identity.objectId],
    ['C04', 'mi_res_id', identity.resourceId.toLowerCase()],
  ])('%s: finds a user-assigned identity by %s, whatever its case', async (_row, selector, value) => {
    const response = await imds(emulator, `${METADATA}&${selector}=${encodeURIComponent(value)}`);
    expect(await response.json()).toMatchObject({ clientId: identity.clientId });
  });

  it.each([
    ['an unknown identity', `${METADATA}&client_id=${identity.objectId}`, 'Identity not found'],
    ['C04: the selector of IMDS v1', `${METADATA}&msi_res_id=x`, 'Unsupported query variables'],
    ['an unknown query variable', `${METADATA}&x=1`, 'Unsupported query variables'],
    ['two selectors', `${METADATA}&client_id=a&object_id=b`, 'Only one identity selector'],
    ['a repeated selector', `${METADATA}&client_id=a&client_id=b`, 'more than once'],
    ['another version', 'identity/getplatformmetadata?cred-api-version=1.0', 'cred-api-version'],
  ])('refuses %s with 400', async (_what, path, expected) => {
    expect(await refusal(await imds(emulator, path))).toContain(expected);
  });

  it('refuses a request that came through a proxy', async () => {
    const response = await imds(emulator, METADATA, { headers: { 'X-Forwarded-For': '10.0.0.1' } });
    expect(await refusal(response)).toContain('X-Forwarded-For');
  });

  it('answers another method with 405 and an unknown path with 404', async () => {
    expect((await imds(emulator, METADATA, { method: 'POST' })).status).toBe(405);
    expect((await imds(emulator, 'identity/credential')).status).toBe(404);
  });
});

describe('issuecredential', () => {
  it('G01: certifies the key of the request for the selected identity, for seven days, for TLS clients only', async () => {
    const userAssigned = await makeRequest({ ...content, clientId: identity.clientId });
    const response = await postCsr(emulator, { csr: userAssigned.csr }, `&client_id=${identity.clientId}`);
    expect(response.status).toBe(200);
    const issued = (await response.json()) as Record<string, string>;
    expect(issued).toEqual({
      client_id: identity.clientId,
      tenant_id: emulator.tenantId,
      certificate: expect.any(String) as string,
      identity_type: 'UserAssigned',
      mtls_authentication_endpoint: emulator.tokenUrl,
    });
    const certificate = new X509Certificate(Buffer.from(issued.certificate!, 'base64'));
    expect(certificate.subject).toBe(`DC=${emulator.tenantId}\nCN=${identity.clientId}`);
    expect(certificate.publicKey.equals(userAssigned.key)).toBe(true);
    expect(certificate.verify(new X509Certificate(emulator.ca).publicKey)).toBe(true);
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    const lifetimeMs = Date.parse(certificate.validTo) - Date.now();
    expect(lifetimeMs).toBeGreaterThan(604_700_000);
    expect(lifetimeMs).toBeLessThanOrEqual(604_800_000);
    expect(Date.parse(certificate.validFrom)).toBeLessThan(Date.now() - 60_000);
  });

  it('G16: issues a new certificate for every call, and accepts bypass_cache', async () => {
    const first = (await (await postCsr(emulator, { csr: valid.csr })).json()) as { certificate: string };
    const second = (await (await postCsr(emulator, { csr: valid.csr }, '&bypass_cache=true')).json()) as {
      certificate: string;
    };
    expect(second.certificate).not.toBe(first.certificate);
    expect(await refusal(await postCsr(emulator, { csr: valid.csr }, '&bypass_cache=yes'))).toContain('bypass_cache');
  });

  it.each<[string, string, Partial<RequestContent>]>([
    ['E07: PKCS#1 v1.5', 'not RSASSA-PSS', { signatureOptions: ['rsa_padding_mode:pkcs1'] }],
    ['E07: another salt length', 'salt 32', { signatureOptions: ['rsa_padding_mode:pss', 'rsa_pss_saltlen:20'] }],
    ['E07: SHA-384', 'SHA-256', { digest: 'sha384' }],
    [
      'E07: MGF1 with another hash',
      'MGF1',
      { signatureOptions: ['rsa_padding_mode:pss', 'rsa_pss_saltlen:32', 'rsa_mgf1_md:sha1'] },
    ],
    ['E05: CN before DC', 'DC then CN', { subjectLines: ['CN = a', 'DC = b'] }],
    ['E05: one RDN with both', 'one attribute per RDN', { subjectLines: ['DC = b', '+CN = a'] }],
    ['E05: a third RDN', 'DC then CN', { subjectLines: ['DC = b', 'CN = a', 'OU = c'] }],
    ['E05: another tenant', 'DC of the subject', { tenantId: identity.objectId }],
    ['E05: another client', 'CN of the subject', { clientId: identity.clientId }],
    ['E02: another cuId', 'cuId of the metadata', { cuId: '{"vmId":"vm-1"}' }],
    ['E02: cuId with blanks', 'cuId of the metadata', { cuId: '{"vmId": "vm-1","vmssId":"scale-set-1"}' }],
    ['E04: another attribute', 'exactly one attribute', { attributeLines: ['1.2.3.4 = x'] }],
    [
      'E04: two attributes',
      'exactly one attribute',
      { attributeLines: ['1.3.6.1.4.1.311.90.2.10 = x', 'challengePassword = xxxx'] },
    ],
    ['E04: no attribute', 'exactly one attribute', { attributeLines: [] }],
  ])('refuses a request signed or written differently (%s)', async (_what, expected, change) => {
    const csr = await makeCsr({ ...content, ...change }, valid.privateKeyPem);
    expect(await refusal(await postCsr(emulator, { csr }))).toContain(expected);
  });

  it('E04: refuses the attribute as PrintableString', async () => {
    const csr = await makeCsr({ ...content, cuId: 'plain', stringMask: 'default' }, valid.privateKeyPem);
    expect(await refusal(await postCsr(emulator, { csr }))).toContain('UTF8String');
  });

  it('E08: refuses an RSA key of 1024 bits', async () => {
    const { csr } = await makeRequest(content, 1024);
    expect(await refusal(await postCsr(emulator, { csr }))).toContain('2048');
  });

  it('refuses a request whose signature was made over other bytes', async () => {
    const der = Buffer.from(valid.csr, 'base64');
    der[der.length - 1]! ^= 1;
    expect(await refusal(await postCsr(emulator, { csr: der.toString('base64') }))).toContain('does not verify');
  });

  it('refuses a request whose subject was changed after signing', async () => {
    const der = Buffer.from(valid.csr, 'base64');
    const other = await makeCsr({ ...content, clientId: identity.clientId }, valid.privateKeyPem);
    const signed = Buffer.from(other, 'base64');
    const at = signed.indexOf(identity.clientId);
    expect(at).toBeGreaterThan(0);
    signed.write(content.clientId, at, 'ascii');
    expect(createHash('sha256').update(signed).digest()).not.toEqual(createHash('sha256').update(der).digest());
    expect(await refusal(await postCsr(emulator, { csr: signed.toString('base64') }))).toContain('does not verify');
  });

  it.each([
    ['no csr', {}, 'no csr'],
    ['E09: a PEM file', { csr: '-----BEGIN CERTIFICATE REQUEST-----\nMII=\n' }, 'without PEM markers'],
    ['bytes that are not DER', { csr: 'AAAA////' }, 'CSR is invalid'],
    ['DER that is something else', { csr: Buffer.from([0x30, 3, 2, 1, 0]).toString('base64') }, 'PKCS#10'],
    ['an empty csr', { csr: '' }, 'CSR is invalid'],
  ])('refuses %s', async (_what, body, expected) => {
    expect(await refusal(await postCsr(emulator, body))).toContain(expected);
  });

  it('refuses bytes after the request', async () => {
    const csr = Buffer.concat([Buffer.from(valid.csr, 'base64'), Buffer.from([0])]).toString('base64');
    expect(await refusal(await postCsr(emulator, { csr }))).toContain('bytes after');
  });

  it('refuses another content type and a body that is not JSON', async () => {
    const path = 'identity/issuecredential?cred-api-version=2.0';
    const asText = await imds(emulator, path, { method: 'POST', body: JSON.stringify({ csr: valid.csr }) });
    expect(await refusal(asText)).toContain('Content-Type');
    const headers = { 'Content-Type': 'application/json' };
    expect(await refusal(await imds(emulator, path, { method: 'POST', headers, body: '{' }))).toContain('JSON');
  });

  it('answers a body over 1 MiB with 413', async () => {
    expect((await postCsr(emulator, { csr: 'A'.repeat(1_100_000) })).status).toBe(413);
  });
});

describe('IMDS v1', () => {
  it('gives an unbound token with every number as text, and echoes the resource', async () => {
    const response = await imds(emulator, `${V1}&resource=${encodeURIComponent('https://vault.azure.net/')}`);
    expect(await response.json()).toMatchObject({
      token_type: 'Bearer',
      resource: 'https://vault.azure.net/',
      client_id: emulator.systemAssigned.clientId,
      expires_in: '86400',
      expires_on: expect.stringMatching(/^\d+$/) as string,
    });
  });

  it('selects by msi_res_id and refuses the selector of v2', async () => {
    const response = await imds(emulator, `${V1}&resource=r&msi_res_id=${encodeURIComponent(identity.resourceId)}`);
    expect(await response.json()).toMatchObject({ client_id: identity.clientId });
    expect(await refusal(await imds(emulator, `${V1}&resource=r&mi_res_id=x`))).toContain(
      'Unsupported query variables',
    );
  });

  it('refuses a request without resource or with another version', async () => {
    expect(await refusal(await imds(emulator, V1))).toContain('resource');
    expect(await refusal(await imds(emulator, 'identity/oauth2/token?resource=r'))).toContain('api-version');
  });

  it('B14: reports the security type of the virtual machine', async () => {
    const response = await imds(emulator, 'instance/compute?api-version=2021-02-01');
    expect(await response.json()).toMatchObject({
      vmId: 'vm-1',
      vmScaleSetName: 'scale-set-1',
      securityProfile: { securityType: 'TrustedLaunch' },
    });
  });
});

describe('virtual machines that lack something', () => {
  async function withEmulator(options: EmulatorOptions, use: (emulator: Emulator) => Promise<void>): Promise<void> {
    const lacking = await startEmulator(options);
    await use(lacking).finally(() => lacking.close());
  }

  const second = {
    clientId: '33333333-3333-4333-8333-333333333333',
    objectId: '44444444-4444-4444-8444-444444444444',
    resourceId: '/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/second',
  };
  const SEVERAL =
    'Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request';

  it('takes the only user-assigned identity for one that is not named, without a system-assigned one', async () => {
    await withEmulator({ systemAssigned: false, identities: [identity] }, async (lacking) => {
      expect(await (await imds(lacking, METADATA)).json()).toMatchObject({ clientId: identity.clientId });
      expect(await (await imds(lacking, `${V1}&resource=r`)).json()).toMatchObject({ client_id: identity.clientId });
      expect(await refusal(await imds(lacking, `${METADATA}&client_id=${lacking.systemAssigned.clientId}`))).toBe(
        'Identity not found',
      );
    });
  });

  it('asks which one of several user-assigned identities is meant, without a system-assigned one', async () => {
    await withEmulator({ systemAssigned: false, identities: [identity, second] }, async (lacking) => {
      expect(await refusal(await imds(lacking, METADATA))).toBe(SEVERAL);
      expect(await refusal(await postCsr(lacking, { csr: valid.csr }))).toBe(SEVERAL);
      expect(await refusal(await imds(lacking, `${V1}&resource=r`))).toBe(SEVERAL);
      expect((await imds(lacking, `${METADATA}&client_id=${second.clientId}`)).status).toBe(200);
    });
  });

  it('means the system-assigned identity when none is named, however many others there are', async () => {
    await withEmulator({ identities: [identity, second] }, async (lacking) => {
      expect(await (await imds(lacking, METADATA)).json()).toMatchObject({ clientId: lacking.systemAssigned.clientId });
    });
  });

  it('knows no identity at all when it is given none', async () => {
    await withEmulator({ systemAssigned: false, identities: [] }, async (lacking) => {
      expect(await refusal(await imds(lacking, METADATA))).toBe('Identity not found');
    });
  });

  it('has version 1 only when told so: version 2 is not found, with and without the Metadata header', async () => {
    await withEmulator({ imdsVersion: 1 }, async (lacking) => {
      expect((await imds(lacking, METADATA)).status).toBe(404);
      expect((await fetch(`${lacking.imdsUrl}/metadata/${METADATA}`)).status).toBe(404);
      expect((await postCsr(lacking, {})).status).toBe(404);
      expect((await imds(lacking, `${V1}&resource=r`)).status).toBe(200);
    });
  });

  it.each([
    [{ systemAssigned: 'no' }, /^systemAssigned must be true or false/],
    [{ imdsVersion: 3 }, /^imdsVersion must be 1 or 2/],
  ])('refuses %j', async (options, message) => {
    await expect(startEmulator(options as EmulatorOptions)).rejects.toThrow(message);
  });
});
