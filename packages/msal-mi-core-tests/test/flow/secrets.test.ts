/** Whatever fails, and whatever a service or a plug-in says about it, nothing secret becomes readable (D29). */
import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel';
import { inspect } from 'node:util';
import fc from 'fast-check';
import type { AttestationProvider, INetworkModule } from 'msal-mi-core';
import { TRACED } from 'core/diagnostics/channels.js';
import { IsolatedPlatform } from '../support/isolated-platform.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { VAULT, World } from '../support/world.js';

const SEED = Number(process.env['MSAL_MI_FUZZ_SEED'] ?? 20_261_122);
const PLAIN_CHANNELS = ['msal-mi-core:retry', 'msal-mi-core:recovery', 'msal-mi-core:background'];

const world = await untilTheEnd(World.start({ platform: new IsolatedPlatform() }));

/** What must never be readable, and what the request that carries it is made to fail with. */
interface Case {
  readonly claimsSecret: string;
  readonly clientClaimsSecret: string;
  readonly evidence: string;
  readonly path: (typeof PATHS)[number];
}

const PATHS = [
  'IMDS echoes what it was sent',
  'the network client throws what it was sent',
  'the attestation provider throws its evidence',
  'the attestation provider returns evidence without dots',
  'the token endpoint echoes the claims',
  'the token endpoint echoes the claims in a listed AADSTS error, twice',
  'the token is of another type',
  'the token is bound to another certificate',
  'the token response is not JSON',
  'the connection breaks in the body',
  'the certificate belongs to another key',
] as const;

const word = fc.stringMatching(/^[A-Za-z0-9]{12,32}$/);
const secretsOf: fc.Arbitrary<Omit<Case, 'path'>> = fc.record({
  claimsSecret: word,
  clientClaimsSecret: word,
  evidence: fc.tuple(word, word, word).map(([a, b, c]) => `eyJ${a}.eyJ${b}.${c}`),
});

test.each(PATHS)('nothing secret can be read when %s', async (path) => {
  await fc.assert(
    fc.asyncProperty(secretsOf, async (input) => {
      const { shown, secrets } = await fail({ ...input, path });
      for (const secret of secrets) {
        if (shown.includes(secret)) throw new Error(`shows ${secret.slice(0, 6)}... in: ${excerpt(shown, secret)}`);
      }
    }),
    { seed: SEED, numRuns: 2, endOnFailure: true },
  );
});

async function fail(input: Case): Promise<{ shown: string; secrets: string[] }> {
  world.renew(new IsolatedPlatform());
  const shown: string[] = [];
  const sent: string[] = [];
  const stop = listen((text) => shown.push(text));
  const claims = JSON.stringify({ access_token: { acrs: { values: [input.claimsSecret] } } });
  const claimsFromClient = JSON.stringify({ [input.clientClaimsSecret]: { essential: true } });
  const attestationProvider = provider(input);
  script(input, claims);
  const networkClient = client(input, (body) => sent.push(body));
  const loggerCallback = (_level: number, message: string) => shown.push(message);
  const system = { networkClient, loggerOptions: { loggerCallback, logLevel: 4, piiLoggingEnabled: true } };
  try {
    const request = { resource: VAULT, mtlsProofOfPossession: true, withAttestationSupport: true } as const;
    await world.application({ attestationProvider, system }).acquireToken({ ...request, claims, claimsFromClient });
    throw new Error(`nothing failed on the path "${input.path}"`);
  } catch (error) {
    if (!(error instanceof Error) || !('errorCode' in error)) throw error;
    shown.push(...readings(error));
  } finally {
    stop();
  }
  const answers = world.emulator.journal.flatMap(({ responseBody = '' }) => [
    ...(responseBody.match(/"(?:access_token|certificate)":"([^"]{40,})"/)?.slice(1) ?? []),
  ]);
  const requests = sent.flatMap((body) => body.match(/"csr":"([^"]+)"/)?.slice(1) ?? []);
  const parts = input.evidence.split('.').map((part) => part.slice(3));
  return {
    shown: shown.join('\n'),
    secrets: [input.claimsSecret, input.clientClaimsSecret, input.evidence, ...parts, ...answers, ...requests]
      .filter((secret) => secret.length >= 9)
      .map((secret) => secret.slice(0, 60)),
  };
}

function provider({ path, evidence }: Case): AttestationProvider {
  return {
    contractVersion: 1,
    name: 'test',
    version: '0',
    probe: () => Promise.resolve({ libraryLoadable: true }),
    attest: () => {
      if (path === 'the attestation provider throws its evidence') {
        return Promise.reject(Object.assign(new Error(`rejected: ${evidence}`), { evidence }));
      }
      const jwt =
        path === 'the attestation provider returns evidence without dots' ? evidence.replaceAll('.', '') : evidence;
      return Promise.resolve({ jwt, expiresOn: new Date(Date.now() + 3_600_000) });
    },
  };
}

/** Serves IMDS by fetch; the emulator cannot verify made-up evidence, so that is left out on the way. */
function client({ path }: Case, onBody: (body: string) => void): INetworkModule {
  const send = async (
    method: string,
    url: string,
    options: { headers?: Record<string, string>; body?: string } = {},
  ) => {
    const { headers = {}, body } = options;
    if (body !== undefined) onBody(body);
    if (body !== undefined && path === 'IMDS echoes what it was sent') {
      return { status: 400, headers: {}, body: { error: 'invalid_request', error_description: `cannot read ${body}` } };
    }
    if (body !== undefined && path === 'the network client throws what it was sent') {
      throw Object.assign(new Error(`failed to send ${body}`), { config: { data: body }, code: 'EFAIL' });
    }
    const forwarded = body === undefined ? null : JSON.stringify({ csr: (JSON.parse(body) as { csr: string }).csr });
    const response = await fetch(url, { method, headers, body: forwarded });
    return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.json() };
  };
  return {
    sendGetRequestAsync: (url: string, options?: object) => send('GET', url, options),
    sendPostRequestAsync: (url: string, options?: object) => send('POST', url, options),
  } as INetworkModule;
}

function script({ path }: Case, claims: string): void {
  const { emulator } = world;
  const echo = (error: string, code: number) => ({
    oauthError: { error, error_description: `AADSTS${code}: cannot use ${claims} here`, error_codes: [code] },
  });
  switch (path) {
    case 'the token endpoint echoes the claims': {
      emulator.fault('token', [echo('invalid_request', 900144)]);
      return;
    }
    case 'the token endpoint echoes the claims in a listed AADSTS error, twice': {
      emulator.fault('token', [echo('invalid_request', 1000901), echo('invalid_client', 1000901)]);
      return;
    }
    case 'the token is of another type': {
      emulator.fault('token', [{ mutate: 'bearer-token-type' }]);
      return;
    }
    case 'the token is bound to another certificate': {
      emulator.fault('token', [{ mutate: 'wrong-cnf' }]);
      return;
    }
    case 'the token response is not JSON': {
      emulator.fault('token', [{ mutate: 'malformed-json' }]);
      return;
    }
    case 'the connection breaks in the body': {
      emulator.fault('token', [{ reset: 'mid-body' }]);
      return;
    }
    case 'the certificate belongs to another key': {
      emulator.fault('issuecredential', [{ mutate: 'other-key-certificate' }]);
      return;
    }
    default:
      return undefined;
  }
}

/** Every way in which people come to read an error. */
function readings(error: Error): string[] {
  const chain: unknown[] = [];
  for (let link: unknown = error; link !== undefined; link = (link as { cause?: unknown }).cause) chain.push(link);
  return chain.flatMap((link) => [
    String(link),
    (link as Error).stack ?? '',
    inspect(link, { depth: Infinity, showHidden: true }),
    JSON.stringify(link),
  ]);
}

function listen(onText: (text: string) => void): () => void {
  const listener = (event: unknown) => onText(JSON.stringify(event));
  const listeners = { start: listener, asyncEnd: listener, error: listener };
  const traced = TRACED.map((work) => tracingChannel<unknown, object>(`msal-mi-core:${work}`));
  for (const channel of traced) channel.subscribe(listeners as Parameters<typeof channel.subscribe>[0]);
  for (const name of PLAIN_CHANNELS) subscribe(name, listener);
  return () => {
    for (const channel of traced) channel.unsubscribe(listeners as Parameters<typeof channel.unsubscribe>[0]);
    for (const name of PLAIN_CHANNELS) unsubscribe(name, listener);
  };
}

function excerpt(text: string, secret: string): string {
  const at = text.indexOf(secret);
  return text.slice(Math.max(0, at - 120), at);
}
