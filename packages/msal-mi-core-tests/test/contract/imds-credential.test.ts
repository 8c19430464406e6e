/** issuecredential on the wire: what is sent, and what each answer becomes (D16). */
import { CLIENT_ID, GOOD_METADATA, ImdsOnTheWire, TENANT_ID } from './support/imds.js';

const imds = new ImdsOnTheWire();
beforeAll(() => imds.listen());
beforeEach(() => imds.reset());
afterAll(() => imds.close());

const GOOD_CREDENTIAL = {
  client_id: CLIENT_ID,
  tenant_id: TENANT_ID,
  certificate: 'AAAA',
  identity_type: 'SystemAssigned',
  mtls_authentication_endpoint: 'https://eastus.mtlsauth.example',
};
const CORRELATION_ID = 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6';
const FAILED = {
  errorCode: 'managed_identity_request_failed',
  stage: 'issuecredential',
  correlationId: CORRELATION_ID,
};

function acquire() {
  return imds.acquire({}, { correlationId: CORRELATION_ID });
}

describe('request', () => {
  test('G01: POST, JSON, Metadata header, the correlation id of the metadata request', async () => {
    await imds.acquire({ managedIdentityIdParams: { userAssignedClientId: 'c' } }, { correlationId: CORRELATION_ID });
    const [metadata, credential] = imds.requests;

    expect(credential).toMatchObject({
      method: 'POST',
      path: '/metadata/identity/issuecredential',
      query: '?cred-api-version=2.0&client_id=c',
      headers: {
        metadata: 'true',
        'x-ms-client-request-id': CORRELATION_ID,
        'content-type': 'application/json; charset=utf-8',
      },
    });
    expect(metadata!.headers['x-ms-client-request-id']).toBe(CORRELATION_ID);
  });

  test('E01: without attestation the body has a csr and nothing else', async () => {
    await acquire();
    const body = JSON.parse(imds.requests[1]!.body) as Record<string, string>;

    expect(Object.keys(body)).toEqual(['csr']);
    expect(body['csr']).toMatch(/^[A-Za-z0-9+/]+={0,2}$/);
  });

  test('E02, E05: the CSR carries the ids of the metadata answer, not those of the configuration', async () => {
    imds.metadata = [{ body: { ...GOOD_METADATA, clientId: 'from-metadata', tenantId: 'tenant-from-metadata' } }];
    await imds.acquire({ managedIdentityIdParams: { userAssignedClientId: 'configured' } });
    const csr = Buffer.from((JSON.parse(imds.requests[1]!.body) as { csr: string }).csr, 'base64');

    expect(
      ['from-metadata', 'tenant-from-metadata', '{"vmId":"fake_vmId"}', 'configured'].map((t) => csr.includes(t)),
    ).toEqual([true, true, true, false]);
  });
});

describe('refusals', () => {
  test('G02: a missing attestation token is named in the message and ends the call', async () => {
    const description = 'Attestation Token is missing / empty in the issue credential request';
    imds.credential = [{ status: 400, body: { error: 'invalid_request', error_description: description } }];
    const error = (await acquire()) as Error;

    expect(error).toMatchObject({ ...FAILED, httpStatus: 400, retryable: false });
    expect(error.message).toContain(description);
    expect(imds.count('issuecredential')).toBe(1);
  });

  test('the CSR is masked when a refusal repeats it', async () => {
    imds.credential = [{ status: 400, body: '' }];
    await acquire();
    const { csr } = JSON.parse(imds.requests[1]!.body) as { csr: string };
    const error = (await acquireEchoing()) as Error;

    expect(error).toMatchObject({ ...FAILED, httpStatus: 400 });
    expect(error.message).toContain('<redacted>');
    expect(error.message).not.toContain(csr.slice(0, 40));

    function acquireEchoing() {
      imds.credential = [{ status: 400, body: { error: 'bad', error_description: `refused ${csr}` } }];
      return acquire();
    }
  });

  test('G04: a 410 is asked again after ten seconds', async () => {
    imds.credential = [{ status: 410 }, { status: 400 }];
    await acquire();

    expect(imds.count('issuecredential')).toBe(2);
    expect(imds.clock.slept).toEqual([10_000]);
  });
});

test('G06: an answer without any one of the five members ends the call', async () => {
  for (const name of Object.keys(GOOD_CREDENTIAL)) {
    for (const value of [undefined, '', ' ', null, 1, {}]) {
      imds.reset();
      imds.credential = [{ body: { ...GOOD_CREDENTIAL, [name]: value } }];
      const error = (await acquire()) as Error;

      expect(error).toMatchObject({ ...FAILED, httpStatus: 200 });
      expect(error.message).toContain(`without ${name}`);
      expect(imds.count('issuecredential')).toBe(1);
    }
  }
});

test.each([
  ['malformed', '{"client_id": "repeated"'],
  ['null', 'null'],
  ['an array', '["repeated"]'],
  ['empty', ''],
])('G09: an answer that is not a JSON object is a typed failure without its text: %s', async (_what, body) => {
  imds.credential = [{ body }];
  const error = (await acquire()) as Error;

  expect(error).toMatchObject({ ...FAILED, httpStatus: 200 });
  expect(error.message).not.toContain('repeated');
});

test('G14: members in camel case are not the members', async () => {
  const { client_id, tenant_id, certificate, identity_type, mtls_authentication_endpoint } = GOOD_CREDENTIAL;
  imds.credential = [
    {
      body: {
        clientId: client_id,
        tenantId: tenant_id,
        certificate,
        identityType: identity_type,
        mtlsAuthenticationEndpoint: mtls_authentication_endpoint,
      },
    },
  ];

  expect(await acquire()).toMatchObject({ ...FAILED, httpStatus: 200 });
});

test.each([
  'http://plain.example',
  'no url',
  '//host',
  'https://user:password@host',
  'https://host/?query=1',
  'https://host/#fragment',
  'ftp://host',
])('an endpoint that is not a plain https URL is refused: %s', async (mtls_authentication_endpoint) => {
  imds.credential = [{ body: { ...GOOD_CREDENTIAL, mtls_authentication_endpoint } }];

  expect(await acquire()).toMatchObject({ ...FAILED, httpStatus: 200 });
});

test.each(['../other', 'a/b', 'a?b', 'a b', '%2e%2e', '.', '..', 'common', 'Organizations'])(
  'a tenant that cannot stand in a URL, or stands for many, is refused: %s',
  async (tenant_id) => {
    imds.metadata = [{ body: { ...GOOD_METADATA, tenantId: tenant_id } }];
    imds.credential = [{ body: { ...GOOD_CREDENTIAL, tenant_id } }];

    expect(await acquire()).toMatchObject({ ...FAILED, errorCode: 'invalid_credential', httpStatus: 200 });
  },
);

test.each([
  ['another client', { client_id: '00000000-0000-0000-0000-000000000001' }],
  ['another tenant', { tenant_id: '00000000-0000-0000-0000-000000000001' }],
])('rule D16: a credential of %s than the metadata names is refused', async (_what, members) => {
  imds.credential = [{ body: { ...GOOD_CREDENTIAL, ...members } }];

  expect(await acquire()).toMatchObject({ ...FAILED, errorCode: 'invalid_credential', httpStatus: 200 });
});

test('rule D16: the ids of the metadata are compared whatever their case', async () => {
  const ids = { client_id: CLIENT_ID.toUpperCase(), tenant_id: TENANT_ID.toUpperCase() };
  imds.credential = [{ body: { ...GOOD_CREDENTIAL, ...ids } }];

  expect(await acquire()).toMatchObject({ errorCode: 'invalid_certificate' });
});

describe('MSAL_MI_IMDSV2_ALLOWED_HOSTS', () => {
  const asked = async (allowed: string, host: string) => {
    const body = { ...GOOD_CREDENTIAL, mtls_authentication_endpoint: `https://${host}` };
    imds.credential = [{ body }];
    return imds.acquire({}, { correlationId: CORRELATION_ID }, { MSAL_MI_IMDSV2_ALLOWED_HOSTS: allowed });
  };

  test.each([
    ['mtlsauth.example', 'mtlsauth.example'],
    ['other.example, *.mtlsauth.example', 'eastus.mtlsauth.example'],
    [' *.MTLSAUTH.example ', 'EASTUS.mtlsauth.example:8443'],
    [' , ', 'eastus.mtlsauth.example'],
  ])('"%s" lets IMDS name %s', async (allowed, host) => {
    expect(await asked(allowed, host)).toMatchObject({ errorCode: 'invalid_certificate' });
  });

  test.each([
    ['mtlsauth.example', 'eastus.mtlsauth.example'],
    ['*.mtlsauth.example', 'mtlsauth.example'],
    ['*.mtlsauth.example', 'evilmtlsauth.example'],
    ['mtlsauth.example', 'mtlsauth.example.evil'],
    ['mtlsauth.example', 'mtlsauth.example.'],
  ])('"%s" does not let IMDS name %s', async (allowed, host) => {
    const error = await asked(allowed, host);
    expect(error).toMatchObject({ ...FAILED, httpStatus: 200 });
    expect((error as Error).message).toContain('MSAL_MI_IMDSV2_ALLOWED_HOSTS');
    expect(error).toMatchObject({
      remediation: expect.stringMatching(/^Add .* to MSAL_MI_IMDSV2_ALLOWED_HOSTS/) as string,
    });
  });

  test.each([
    'https://mtlsauth.example',
    'a b.example',
    '*mtlsauth.example',
    'mtlsauth.example:443',
    '*',
    'a.example.',
  ])('a list with "%s" is refused when the application is made', async (allowed) => {
    expect(await asked(allowed, 'mtlsauth.example')).toMatchObject({ errorCode: 'invalid_configuration' });
    expect(imds.requests).toEqual([]);
  });
});

test.each([
  ['spaces only in between', '   x   '],
  ['not Base64', '$$$not base64$$$'],
  ['URL-safe Base64', 'ab-_'],
  ['cut off', 'abcde'],
])('E12: a certificate that is not Base64 is refused: %s', async (_what, certificate) => {
  imds.credential = [{ body: { ...GOOD_CREDENTIAL, certificate } }];

  expect(await acquire()).toMatchObject({
    errorCode: 'invalid_certificate',
    stage: 'issuecredential',
    httpStatus: 200,
  });
});

test('E13: Base64 of something else than a certificate is refused without repeating it', async () => {
  const something = Buffer.from('these bytes are not a certificate').toString('base64');
  imds.credential = [{ body: { ...GOOD_CREDENTIAL, certificate: something } }];
  const error = (await acquire()) as Error;

  expect(error).toMatchObject({ errorCode: 'invalid_certificate', stage: 'issuecredential', httpStatus: 200 });
  expect(error.message).not.toContain(something.slice(0, 16));
  expect(error.cause).toBeUndefined();
});
