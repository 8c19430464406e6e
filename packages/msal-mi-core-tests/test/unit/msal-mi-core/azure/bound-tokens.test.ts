import { BoundTokens } from 'core/azure/bound-tokens.js';
import { REPLACE_BINDING } from 'core/mtls-fetch/application-members.js';
import type { ManagedIdentityApplication } from 'core/index.js';
import type { MtlsPopAuthenticationResult, MtlsPopRequestParams } from 'core/public-types.js';

const REQUEST: MtlsPopRequestParams = { resource: 'https://vault.azure.net', mtlsProofOfPossession: true };
const HOUR_MS = 3_600_000;

const resultWith = (accessToken: string, expiresInMs = HOUR_MS) =>
  ({ accessToken, expiresOn: new Date(Date.now() + expiresInMs), binding: {} }) as MtlsPopAuthenticationResult;

/** An application whose certificate can be replaced, and what it was asked for. */
function tokensOf() {
  const asked: MtlsPopRequestParams[] = [];
  const application = {
    [REPLACE_BINDING]: (request: MtlsPopRequestParams) => {
      asked.push(request);
      return Promise.resolve(resultWith(`replacement ${asked.length}`));
    },
  } as unknown as ManagedIdentityApplication;
  return { tokens: new BoundTokens(application), asked };
}

test('a token that was not remembered is unknown', () => {
  const { tokens } = tokensOf();
  tokens.remember(resultWith('one'), REQUEST);

  expect(tokens.find('one')?.result.accessToken).toBe('one');
  expect(tokens.find('on')).toBeUndefined();
  expect(tokens.find('')).toBeUndefined();
});

test('a replacement is asked for without the signal and the claims of the call that brought the token', async () => {
  const { tokens, asked } = tokensOf();
  const request = { ...REQUEST, claims: '{"access_token":{}}', signal: AbortSignal.abort() };
  tokens.remember(resultWith('one'), request);
  await tokens.replace('one', tokens.find('one')!);

  expect(asked).toEqual([REQUEST]);
  expect(request).toHaveProperty('claims');
});

test('a token is replaced once, however late the others come that saw it refused', async () => {
  const { tokens, asked } = tokensOf();
  tokens.remember(resultWith('one'), REQUEST);
  const refused = tokens.find('one')!;

  expect(await tokens.replace('one', refused)).toBe(true);
  expect(await tokens.replace('one', refused)).toBe(true);
  expect(asked).toHaveLength(1);
  expect(tokens.find('one')?.result.accessToken).toBe('replacement 1');
});

test('a replacement is not replaced', async () => {
  const { tokens, asked } = tokensOf();
  tokens.remember(resultWith('one'), REQUEST);
  await tokens.replace('one', tokens.find('one')!);

  expect(await tokens.replace('one', tokens.find('one')!)).toBe(false);
  expect(asked).toHaveLength(1);
});

test('a token that is handed out again keeps its replacement', async () => {
  const { tokens } = tokensOf();
  const result = resultWith('one');
  tokens.remember(result, REQUEST);
  await tokens.replace('one', tokens.find('one')!);
  tokens.remember(result, REQUEST);

  expect(tokens.find('one')?.isReplacement).toBe(true);
});

test('expired tokens are forgotten when another one comes', () => {
  const { tokens } = tokensOf();
  tokens.remember(resultWith('expired', -1), REQUEST);
  tokens.remember(resultWith('valid'), REQUEST);

  expect(tokens.find('expired')).toBeUndefined();
  expect(tokens.find('valid')).toBeDefined();
});

test('of very many tokens the oldest are forgotten', () => {
  const { tokens } = tokensOf();
  for (let n = 0; n <= 1000; n += 1) tokens.remember(resultWith(`token ${n}`), REQUEST);

  expect(tokens.find('token 0')).toBeUndefined();
  expect(tokens.find('token 1')).toBeDefined();
  expect(tokens.find('token 1000')).toBeDefined();
});
