import { BoundTokens, holdsStandIn } from 'core/azure/bound-tokens.js';
import { REPLACE_BINDING } from 'core/mtls-fetch/application-members.js';
import type { ManagedIdentityApplication } from 'core/index.js';
import type { MtlsPopAuthenticationResult, MtlsPopRequestParams } from 'core/public-types.js';

const REQUEST: MtlsPopRequestParams = { resource: 'https://vault.azure.net', mtlsProofOfPossession: true };
const HOUR_MS = 3_600_000;

const resultWith = (accessToken: string, expiresInMs = HOUR_MS) =>
  ({ accessToken, expiresOn: new Date(Date.now() + expiresInMs), binding: {} }) as MtlsPopAuthenticationResult;

/** An application whose certificate can be replaced, and what it was asked for. */
function tokensOf(now?: () => number) {
  const asked: MtlsPopRequestParams[] = [];
  const application = {
    [REPLACE_BINDING]: (request: MtlsPopRequestParams) => {
      asked.push(request);
      return Promise.resolve(resultWith(`replacement ${asked.length}`));
    },
  } as unknown as ManagedIdentityApplication;
  const tokens = new BoundTokens(now);
  const remember = (result: MtlsPopAuthenticationResult, request = REQUEST) =>
    tokens.find(tokens.remember(result, { request, application, checkHost: () => undefined }))!;
  return { tokens, asked, remember };
}

test('what stands for a token says nothing of it, and is the same as long as the token is', () => {
  const { tokens, remember } = tokensOf();
  const { standIn } = remember(resultWith('one'));

  expect(standIn).not.toContain('one\u2192');
  expect(remember(resultWith('one')).standIn).toBe(standIn);
  expect(remember(resultWith('two')).standIn).not.toBe(standIn);
  expect(tokens.find(standIn)?.result.accessToken).toBe('one');
  for (const other of ['one', standIn.slice(0, -1), '']) expect(tokens.find(other)).toBeUndefined();
});

test('what stands for a token is recognised in a text, also when it was encoded for a URL', () => {
  const { standIn } = tokensOf().remember(resultWith('one'));

  expect(holdsStandIn(`Authorization: Bearer ${standIn}`)).toBe(true);
  expect(holdsStandIn(`access_token=${encodeURIComponent(standIn)}&a=b`)).toBe(true);
  expect(holdsStandIn('access_token=eyJ0')).toBe(false);
});

test('a replacement is asked for without the signal and the claims of the call that brought the token', async () => {
  const { tokens, asked, remember } = tokensOf();
  const request = { ...REQUEST, claims: '{"access_token":{}}', signal: AbortSignal.abort() };
  const token = remember(resultWith('one'), request);
  await tokens.replace(token, token.result);

  expect(asked).toEqual([REQUEST]);
  expect(request).toHaveProperty('claims');
});

test('a token is replaced once, however late the others come that saw it refused', async () => {
  const { tokens, asked, remember } = tokensOf();
  const token = remember(resultWith('one'));
  const refused = token.result;

  expect(await tokens.replace(token, refused)).toBe(true);
  expect(await tokens.replace(token, refused)).toBe(true);
  expect(asked).toHaveLength(1);
  expect(tokens.find(token.standIn)?.result.accessToken).toBe('replacement 1');
});

test('a replacement that no server has accepted is not replaced', async () => {
  const { tokens, asked, remember } = tokensOf();
  const token = remember(resultWith('one'));
  await tokens.replace(token, token.result);

  expect(await tokens.replace(token, token.result)).toBe(false);
  expect(asked).toHaveLength(1);
});

test('a replacement is handed out as what stood for the token it replaced', async () => {
  const { tokens, remember } = tokensOf();
  const token = remember(resultWith('one'));
  await tokens.replace(token, token.result);

  expect(remember(resultWith('replacement 1'))).toBe(token);
});

test('of very many live tokens none is forgotten', () => {
  const { tokens, remember } = tokensOf();
  const standIns = Array.from({ length: 5000 }, (_, n) => remember(resultWith(`token ${n}`)).standIn);

  for (const [n, standIn] of standIns.entries()) expect(tokens.find(standIn)?.result.accessToken).toBe(`token ${n}`);
});

test('tokens that expired some time ago are forgotten when another one comes', () => {
  const startMs = Date.now();
  let nowMs = startMs;
  const { tokens, remember } = tokensOf(() => nowMs);
  const expired = remember(resultWith('expired')).standIn;
  nowMs = startMs + HOUR_MS + 120_000;
  remember(resultWith('second', 2 * HOUR_MS));
  expect(tokens.find(expired)).toBeDefined();
  nowMs = startMs + HOUR_MS + 600_000;
  const valid = remember(resultWith('third', 2 * HOUR_MS)).standIn;

  expect(tokens.find(expired)).toBeUndefined();
  expect(tokens.find(valid)).toBeDefined();
});
