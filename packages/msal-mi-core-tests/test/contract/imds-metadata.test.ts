/** getplatformmetadata on the wire: what is sent, and what each answer becomes (D7 to D9, D11). */
import type { INetworkModule } from 'core/public-types.js';
import { GOOD_METADATA, IMDS_SERVER, ImdsOnTheWire, type Answer } from './support/imds.js';

const imds = new ImdsOnTheWire();
beforeAll(() => imds.listen());
beforeEach(() => imds.reset());
afterAll(() => imds.close());

const CORRELATION_ID = 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6';
const FAILED = { errorCode: 'managed_identity_request_failed', stage: 'metadata', correlationId: CORRELATION_ID };

function acquire() {
  return imds.acquire({}, { correlationId: CORRELATION_ID });
}

describe('request', () => {
  test('C01: the system-assigned identity sends one query parameter and two headers of its own', async () => {
    await acquire();
    const { method, path, query, headers, body } = imds.requests[0]!;

    expect([method, path, query]).toEqual(['GET', '/metadata/identity/getplatformmetadata', '?cred-api-version=2.0']);
    expect(body).toBe('');
    expect(headers).toMatchObject({ metadata: 'true', 'x-ms-client-request-id': CORRELATION_ID });
    expect(Object.keys(headers).filter((name) => /^(x-client|authorization|user-agent)/.test(name))).toEqual([]);
  });

  test.each([
    ['userAssignedClientId', 'a&b=c d', 'client_id=a%26b%3Dc+d'],
    ['userAssignedObjectId', '33333333-3333-3333-3333-333333333333', 'object_id=33333333-3333-3333-3333-333333333333'],
    ['userAssignedResourceId', '/subscriptions/s/x', 'mi_res_id=%2Fsubscriptions%2Fs%2Fx'],
  ])('%s is encoded into the query of both legs', async (name, id, selector) => {
    await imds.acquire({ managedIdentityIdParams: { [name]: id } });

    expect(imds.requests.map(({ leg, query }) => [leg, query])).toEqual([
      ['metadata', `?cred-api-version=2.0&${selector}`],
      ['issuecredential', `?cred-api-version=2.0&${selector}`],
    ]);
  });
});

describe('answers that lead on to the certificate request', () => {
  test.each<[string, Answer]>([
    ['a Server header in lower case', { server: 'imds/1' }],
    ['IMDS somewhere in the Server header', { server: 'Microsoft-IMDS' }],
    ['C20: cuId as a plain string', { body: { ...GOOD_METADATA, cuId: 'a string' } }],
    ['a scale set only', { body: { ...GOOD_METADATA, cuId: { vmssId: 's' } } }],
    ['an empty second id', { body: { ...GOOD_METADATA, cuId: { vmId: 'v', vmssId: '' } } }],
    ['no attestation endpoint', { body: { ...GOOD_METADATA, attestationEndpoint: undefined } }],
    ['an attestation endpoint that is not a URL', { body: { ...GOOD_METADATA, attestationEndpoint: 'no url' } }],
    ['a byte order mark', { body: `\ufeff${JSON.stringify(GOOD_METADATA)}` }],
    ['members nobody knows', { body: { ...GOOD_METADATA, more: {} } }],
  ])('%s', async (_what, answer) => {
    imds.metadata = [answer.body === undefined ? { body: GOOD_METADATA, ...answer } : answer];
    await acquire();

    expect(imds.count('issuecredential')).toBe(1);
  });

  test('C20: a cuId that is a plain string is the text of the CSR attribute', async () => {
    imds.metadata = [{ body: { ...GOOD_METADATA, cuId: 'unit "1"' } }];
    await acquire();
    const { csr } = JSON.parse(imds.requests[1]!.body) as { csr: string };

    expect(Buffer.from(csr, 'base64').includes(String.raw`"unit \u00221\u0022"`)).toBe(true);
  });

  test('C25: an attestation endpoint that is not a URL matters to attested requests only', async () => {
    imds.metadata = [{ body: { ...GOOD_METADATA, attestationEndpoint: 'no url' } }];

    expect(await acquire()).toMatchObject({ stage: 'issuecredential' });
  });
});

describe('answers that end the call, without a certificate request', () => {
  test.each<[string, Answer]>([
    ['C07: no Server header', { body: GOOD_METADATA, server: null }],
    ['a Server header without IMDS', { body: GOOD_METADATA, server: 'I_MDS/150.870.65.1854' }],
    ['C18: an empty body', { body: '' }],
    ['C19: malformed JSON', { body: '{"clientId": "x",' }],
    ['null', { body: 'null' }],
    ['an array', { body: [GOOD_METADATA] }],
    ['C23: no clientId', { body: { ...GOOD_METADATA, clientId: undefined } }],
    ['a blank clientId', { body: { ...GOOD_METADATA, clientId: ' ' } }],
    ['a clientId of another type', { body: { ...GOOD_METADATA, clientId: { a: 1 } } }],
    ['C23: no tenantId', { body: { ...GOOD_METADATA, tenantId: undefined } }],
    ['a tenantId of another type', { body: { ...GOOD_METADATA, tenantId: null } }],
    ['a tenantId that no certificate request can hold', { body: { ...GOOD_METADATA, tenantId: 't\u00e9nant' } }],
    ['a tenantId of two lines', { body: { ...GOOD_METADATA, tenantId: 'a\nb' } }],
    ['no cuId', { body: { ...GOOD_METADATA, cuId: undefined } }],
    ['an empty cuId', { body: { ...GOOD_METADATA, cuId: {} } }],
    ['a cuId with blank members only', { body: { ...GOOD_METADATA, cuId: { vmId: '', vmssId: '' } } }],
    ['a cuId of another type', { body: { ...GOOD_METADATA, cuId: ['v'] } }],
    ['a cuId member of another type', { body: { ...GOOD_METADATA, cuId: { vmId: 1 } } }],
    ['an empty cuId string', { body: { ...GOOD_METADATA, cuId: '' } }],
    [
      'C27: members in snake case',
      { body: { client_id: 'c', tenant_id: 't', cu_id: { vm_id: 'v' }, attestation_endpoint: 'https://a' } },
    ],
  ])('%s', async (_what, answer) => {
    imds.metadata = [answer];

    expect(await acquire()).toMatchObject({ ...FAILED, httpStatus: 200, retryable: false });
    expect([imds.count('metadata'), imds.count('issuecredential')]).toEqual([1, 0]);
  });
});

test('C07, C18, C19, C23, C27: an unusable 200 is a typed failure that repeats nothing of the answer', async () => {
  const unusable: Answer[] = [
    { body: { ...GOOD_METADATA, note: 'repeated' }, server: null },
    { body: '' },
    { body: '{"repeated": ' },
    { body: { ...GOOD_METADATA, clientId: undefined, note: 'repeated' } },
    { body: { client_id: 'repeated', tenant_id: 't', cu_id: { vm_id: 'v' } } },
  ];
  for (const answer of unusable) {
    imds.reset();
    imds.metadata = [answer];
    const error = (await acquire()) as Error;

    expect(error).toMatchObject({ ...FAILED, httpStatus: 200 });
    expect(error.message).not.toContain('repeated');
    expect(error.cause).toBeUndefined();
    expect(imds.count('issuecredential')).toBe(0);
  }
});

test('C10: the Server header is found whatever case its name has on the wire', async () => {
  // Node lowers names on receipt; an application's own network client may not.
  const networkClient = {
    sendGetRequestAsync: () => Promise.resolve({ status: 200, headers: { SERVER: IMDS_SERVER }, body: GOOD_METADATA }),
    sendPostRequestAsync: () => Promise.resolve({ status: 400, headers: {}, body: {} }),
  } as unknown as INetworkModule;

  expect(await imds.acquire({ system: { networkClient } })).toMatchObject({ stage: 'issuecredential' });
});

describe('failures', () => {
  test('rule D8: a byte order mark before a refusal hides nothing of it', async () => {
    const text = JSON.stringify({ error: 'invalid_request', error_description: 'Identity not found' });
    imds.metadata = [{ status: 400, body: `\ufeff${text}` }];

    expect(((await acquire()) as Error).message).toContain('(invalid_request: Identity not found)');
  });

  test('C11: a 400 is final; its text is in the message', async () => {
    imds.metadata = [
      { status: 400, body: { error: 'invalid_request', error_description: 'Unsupported query variables' } },
    ];
    const error = (await acquire()) as Error;

    expect(error).toMatchObject({ ...FAILED, httpStatus: 400, retryable: false });
    expect(error.message).toContain('invalid_request: Unsupported query variables');
    expect(imds.requests).toHaveLength(1);
  });

  test.each([
    'Identity not found',
    'The identity is not assigned to this VM.',
    'The requested identity has not been assigned to this resource.',
  ])('a 400 that says the identity is not assigned says what to do, and is not read as "no v2": %s', async (text) => {
    imds.metadata = [{ status: 400, body: { error: 'invalid_request', error_description: text } }];

    expect(await acquire()).toMatchObject({
      ...FAILED,
      httpStatus: 400,
      remediation: expect.stringContaining('not assigned to the VM') as string,
    });
  });

  test('C13, C28: four 404, whoever sends them, mean that there is no v2', async () => {
    for (const server of [IMDS_SERVER, 'nginx']) {
      imds.reset();
      imds.metadata = [{ status: 404, server }];

      expect(await acquire()).toMatchObject({
        errorCode: 'mtls_pop_token_not_supported_in_imds_v1',
        stage: 'metadata',
        httpStatus: 404,
      });
      expect(imds.requests).toHaveLength(4);
      expect(imds.clock.slept).toEqual([1_000, 2_000, 4_000]);
    }
  });

  test('C14: four 500 are a failure worth trying later', async () => {
    imds.metadata = [{ status: 500, body: { error: 'server_error' } }];

    expect(await acquire()).toMatchObject({ ...FAILED, httpStatus: 500, retryable: true });
    expect(imds.requests).toHaveLength(4);
  });

  test('C15: no connection is tried four times, then a failure that names the code only', async () => {
    imds.metadata = [{ error: true }];

    expect(await acquire()).toMatchObject({ ...FAILED, retryable: true, cause: { name: 'TransportError' } });
    expect(imds.requests).toHaveLength(4);
  });
});
