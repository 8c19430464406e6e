import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { decodeJwt } from 'jose';
import { startEmulator } from 'msal-mi-emulator';
import {
  acquireToken,
  call,
  imds,
  mintCredential,
  requestToken,
  type Credential,
  type Reply,
} from './support/bound-client.js';
import { untilTheEnd } from '../support/until-the-end.js';

const EXCHANGE = 'api://AzureADTokenExchange';
const APP = '99999999-9999-4999-8999-999999999999';
const JWT_POP = 'urn:ietf:params:oauth:client-assertion-type:jwt-pop';
const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const run = promisify(execFile);

let nowMs = Date.now();

const emulator = await untilTheEnd(
  startEmulator({ now: () => nowMs, certificateLifetimeSeconds: 3600, refreshInSeconds: 1800 }),
);
const stranger = await untilTheEnd(startEmulator());
const mine = await mintCredential(emulator);
const other = await mintCredential(emulator);
const foreign = await mintCredential(stranger);
beforeEach(() => {
  nowMs = Date.now();
});

function refusalOf({ status, json }: Reply): unknown[] {
  return [status, json.error, (json.error_codes as number[] | undefined)?.[0]];
}

describe('managed identity leg', () => {
  it('J20: sends refresh_in when configured, and a lifetime', async () => {
    const { json } = await requestToken(emulator, mine);
    expect(json).toMatchObject({ token_type: 'mtls_pop', expires_in: 86_400, refresh_in: 1800 });
  });

  it('refuses a client without certificate on the token path only', async () => {
    expect(refusalOf(await requestToken(emulator, mine, {}, null))).toEqual([401, 'invalid_client', 7000218]);
    const keys = await call(`${emulator.tokenUrl}/${mine.tenantId}/discovery/v2.0/keys`, { ca: emulator.ca });
    expect(keys.status).toBe(200);
  });

  it('refuses a certificate of another emulator, and one of its own for servers', async () => {
    expect(refusalOf(await requestToken(emulator, mine, {}, foreign))).toEqual([401, 'invalid_client', 1000611]);
  });

  it('J25: refuses an expired certificate as an invalid credential', async () => {
    nowMs += 3_601_000;
    expect(refusalOf(await requestToken(emulator, mine))).toEqual([401, 'invalid_client', 1000610]);
  });

  it('refuses the client id of another identity than the certificate names', async () => {
    const [userAssigned] = emulator.identities;
    const reply = await requestToken(emulator, mine, { client_id: userAssigned!.clientId });
    expect(refusalOf(reply)).toEqual([401, 'invalid_client', 1000612]);
  });

  it('refuses another tenant than the certificate names', async () => {
    const elsewhere = { ...mine, tokenUrl: `${emulator.tokenUrl}/${APP}/oauth2/v2.0/token` };
    expect(refusalOf(await requestToken(emulator, elsewhere))).toEqual([401, 'invalid_client', 1000612]);
  });

  it.each([
    ['no token_type', { token_type: undefined }, [400, 'invalid_request', 9002313]],
    ['another token_type', { token_type: 'pop' }, [400, 'invalid_request', 9002313]],
    ['no grant_type', { grant_type: undefined }, [400, 'invalid_request', 900144]],
    ['another grant', { grant_type: 'password' }, [400, 'unsupported_grant_type', 70003]],
    ['no scope', { scope: '' }, [400, 'invalid_request', 900144]],
    ['a scope without /.default', { scope: 'https://vault.azure.net' }, [400, 'invalid_scope', 1002012]],
    ['two scopes', { scope: 'a/.default b/.default' }, [400, 'invalid_scope', 1002012]],
    ['claims that are not JSON', { claims: '{' }, [400, 'invalid_request', 9002313]],
  ])('refuses %s', async (_what, parameters, expected) => {
    expect(refusalOf(await requestToken(emulator, mine, parameters))).toEqual(expected);
  });

  it.each(['common', 'organizations'])('refuses the tenant %s', async (tenant) => {
    const elsewhere = { ...mine, tokenUrl: `${emulator.tokenUrl}/${tenant}/oauth2/v2.0/token` };
    expect(refusalOf(await requestToken(emulator, elsewhere))).toEqual([400, 'invalid_request', 50059]);
  });

  it('refuses a repeated parameter and another content type', async () => {
    const form = { ca: emulator.ca, credential: mine, body: 'scope=a&scope=b' };
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    expect(refusalOf(await call(mine.tokenUrl, { ...form, headers }))[1]).toBe('invalid_request');
    expect(refusalOf(await call(mine.tokenUrl, form))[1]).toBe('invalid_request');
  });

  it('J07: echoes capabilities and requested claims, and never lets them replace its own', async () => {
    const claims = {
      access_token: {
        xms_cc: { values: ['cp1'] },
        acrs: { essential: true, value: 'c1' },
        aud: { value: 'https://evil.example' },
        cnf: { value: 'x' },
      },
    };
    const { json } = await requestToken(emulator, mine, { claims: JSON.stringify(claims) });
    expect(decodeJwt(json.access_token as string)).toMatchObject({
      xms_cc: ['cp1'],
      acrs: ['c1'],
      aud: emulator.resources.handshake,
      cnf: { 'x5t#S256': mine.thumbprint },
    });
  });

  it('J06: writes errors as Entra ID does and repeats the correlation id', async () => {
    const reply = await call(mine.tokenUrl, {
      ca: emulator.ca,
      headers: {
        'Content-Type': 'application/x-www-form-urlencoded',
        'client-request-id': 'aaaaaaaa-0000-4000-8000-000000000000',
        'return-client-request-id': 'true',
      },
      body: 'client_id=x',
    });
    expect(reply.headers).toMatchObject({
      'client-request-id': 'aaaaaaaa-0000-4000-8000-000000000000',
      'x-ms-request-id': expect.any(String) as string,
    });
    expect(reply.json).toEqual({
      error: 'invalid_request',
      error_description: expect.stringMatching(/^AADSTS900144: .*grant_type/) as string,
      error_codes: [900144],
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/) as string,
      trace_id: expect.any(String) as string,
      correlation_id: 'aaaaaaaa-0000-4000-8000-000000000000',
    });
  });

  it('serves openssl s_client: asks for a certificate of its own CA over TLS 1.2 and verifies as localhost', async () => {
    const folder = await mkdtemp(join(tmpdir(), 's-client-'));
    try {
      const ca = join(folder, 'ca.pem');
      await writeFile(ca, emulator.ca);
      const target = new URL(emulator.tokenUrl).host;
      const options = ['-CAfile', ca, '-verify_return_error', '-verify_hostname', 'localhost', '-tls1_2'];
      const { stdout } = await run('sh', ['-c', `openssl s_client -connect ${target} ${options.join(' ')} </dev/null`]);
      expect(stdout).toContain('Verify return code: 0 (ok)');
      expect(stdout).toMatch(/Acceptable client certificate CA names\nCN = msal-mi-emulator throw-away CA/);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('leg 2 of a federated credential', () => {
  let assertion: string;
  beforeAll(async () => {
    assertion = await acquireToken(emulator, mine, EXCHANGE);
  });

  async function exchange(
    parameters: Record<string, string | undefined>,
    presented: Credential | null = mine,
    tenant = APP,
  ): Promise<Reply> {
    const target = { ...mine, tokenUrl: `${emulator.tokenUrl}/${tenant}/oauth2/v2.0/token` };
    const leg2 = { client_id: APP, client_assertion_type: JWT_POP, client_assertion: assertion, client_info: '2' };
    return requestToken(emulator, target, { ...leg2, ...parameters }, presented);
  }

  it('M02: exchanges a bound assertion for a bound token of the application', async () => {
    const { json } = await exchange({});
    expect(json.token_type).toBe('mtls_pop');
    expect(decodeJwt(json.access_token as string)).toMatchObject({
      appid: APP,
      tid: APP,
      cnf: { 'x5t#S256': mine.thumbprint },
    });
  });

  it('N13: gives a bearer token over the bound channel when no token_type is asked for', async () => {
    const claims = JSON.stringify({ access_token: { cnf: { value: 'x' }, xms_mirid: { value: 'x' } } });
    const { json } = await exchange({ token_type: undefined, claims });
    expect(json.token_type).toBe('Bearer');
    expect(Object.keys(decodeJwt(json.access_token as string))).not.toEqual(expect.arrayContaining(['cnf']));
    expect(decodeJwt(json.access_token as string).xms_mirid).toBeUndefined();
  });

  it('refuses a bound assertion with another certificate, with none, and as jwt-bearer', async () => {
    expect(refusalOf(await exchange({}, other))).toEqual([401, 'invalid_client', 500181]);
    expect(refusalOf(await exchange({}, null))).toEqual([401, 'invalid_client', 500181]);
    const asBearer = { client_assertion_type: JWT_BEARER, token_type: undefined };
    expect(refusalOf(await exchange(asBearer))).toEqual([401, 'invalid_client', 500181]);
  });

  it('refuses an assertion for another audience, an expired, a forged and an empty one', async () => {
    const elsewhere = await acquireToken(emulator, mine, 'https://vault.azure.net');
    expect(refusalOf(await exchange({ client_assertion: elsewhere }))).toEqual([401, 'invalid_client', 700212]);
    expect(refusalOf(await exchange({ client_assertion: '' }))).toEqual([401, 'invalid_client', 7000218]);
    const forged = await acquireToken(stranger, foreign, EXCHANGE);
    expect(refusalOf(await exchange({ client_assertion: forged }))).toEqual([401, 'invalid_client', 700027]);
    nowMs += 86_401_000;
    expect(refusalOf(await exchange({}, null))).toEqual([401, 'invalid_client', 700024]);
  });

  it('refuses the managed identity itself and an unknown assertion type', async () => {
    expect(refusalOf(await exchange({ client_id: mine.clientId }))).toEqual([400, 'unauthorized_client', 700213]);
    expect(refusalOf(await exchange({ client_assertion_type: 'x' }))).toEqual([400, 'invalid_request', 9002313]);
  });

  it('M04: exchanges an unbound assertion without a certificate for a bearer token, never for a bound one', async () => {
    const v1 = await imds(emulator, `identity/oauth2/token?api-version=2018-02-01&resource=${EXCHANGE}`);
    const { access_token: unbound } = (await v1.json()) as { access_token: string };
    const parameters = { client_assertion: unbound, client_assertion_type: JWT_BEARER };
    const { json } = await exchange({ ...parameters, token_type: undefined }, null);
    expect(json.token_type).toBe('Bearer');
    expect(refusalOf(await exchange(parameters, null))).toEqual([400, 'invalid_request', 9002313]);
    const asPop = await exchange({ client_assertion: unbound }, mine);
    expect(refusalOf(asPop)).toEqual([401, 'invalid_client', 700027]);
  });
});
