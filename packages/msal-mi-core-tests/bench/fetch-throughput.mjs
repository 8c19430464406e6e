/**
 * Throughput of `binding.fetch` and `createMtlsFetch` with a software key beside clients that use the same certificate: a bare
 * keep-alive https.Agent, undici's `fetch` and undici's `request`. `node bench/fetch-throughput.mjs`. Needs the packages built.
 * Fails below the ratios in CASES. `--json` prints one JSON object and never fails.
 *
 * What is measured: downloads per second, 8 at a time over kept connections, of bodies that are read whole, each as its client
 * does it. Every download's length is checked. The server is another process, and the same for all. createMtlsFetch is compared
 * with `binding.fetch` with the same token in its header: without one the server has less to read.
 *
 * Rounds are short and all take part in each of them, in changing order, so that a busy moment of the machine meets all. A
 * figure is the median of the rounds' ratios, with the interval that holds it with a probability of 95 %. Rounds are added
 * while an interval still contains the required ratio.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import https from 'node:https';
import { fileURLToPath } from 'node:url';
import {
  createAuthorizationHeader,
  createMtlsFetch,
  ManagedIdentityApplication,
  MtlsBindingStrength,
} from 'msal-mi-core';
import { startEmulator } from 'msal-mi-emulator';
import { Agent, fetch, request } from 'undici';
import { CertificateAuthority } from '../../msal-mi-emulator/dist/crypto/certificate-authority.js';
import { generateRsaKey } from '../../msal-mi-emulator/dist/crypto/rsa-key.js';
import { median, medianInterval } from './statistics.mjs';

const CONCURRENCY = 8;
const WARM_UP_ROUNDS = 3;
const MIN_ROUNDS = 30;
const MAX_ROUNDS = 240;
const AGAINST_AGENT = { of: 'binding.fetch', to: 'https.Agent', required: 0.95 };
const CASES = [
  {
    name: '1 KiB',
    bytes: 1024,
    requests: 200,
    comparisons: [
      AGAINST_AGENT,
      { of: 'binding.fetch', to: 'undici fetch', required: 1.4 },
      { of: 'createMtlsFetch', to: 'binding.fetch with the token', required: 0.95 },
      { of: 'binding.fetch', to: 'undici request' },
    ],
  },
  { name: '64 KiB', bytes: 64 * 1024, requests: 64, comparisons: [AGAINST_AGENT] },
  { name: '1 MiB', bytes: 1024 * 1024, requests: 16, comparisons: [AGAINST_AGENT] },
];

const isJson = process.argv.includes('--json');
const authority = await CertificateAuthority.generate(Date.now);
const emulator = await startEmulator();
process.env.AZURE_POD_IDENTITY_AUTHORITY_HOST = emulator.imdsUrl;
const tls = { ...(await authority.issueServerCertificate(await generateRsaKey())), ca: emulator.ca };
const server = fork(fileURLToPath(new URL('./fetch-server.mjs', import.meta.url)), {
  env: { ...process.env, BENCH_TLS: JSON.stringify(tls) },
});
const [port] = await once(server, 'message');
const origin = `https://localhost:${port}`;

const app = new ManagedIdentityApplication({ system: { ca: [emulator.ca, authority.pem] } });
const tokenRequest = { resource: origin, minStrength: MtlsBindingStrength.Software };
const { binding, accessToken } = await app.acquireToken({ ...tokenRequest, mtlsProofOfPossession: true });
const mtlsFetch = createMtlsFetch(app, tokenRequest);
const connect = { ...binding.tlsOptions(), ca: authority.pem };
const agent = new https.Agent({ ...connect, keepAlive: true });
const dispatcher = new Agent({ connect, pipelining: 1 });
const withToken = { headers: { authorization: createAuthorizationHeader({ tokenType: 'mtls_pop', accessToken }) } };

const lengthOf = async (response) => (await (await response).arrayBuffer()).byteLength;
/** Downloads a URL and resolves with the length of what came. */
const CLIENTS = {
  'binding.fetch': (url) => lengthOf(binding.fetch(url)),
  'binding.fetch with the token': (url) => lengthOf(binding.fetch(url, withToken)),
  createMtlsFetch: (url) => lengthOf(mtlsFetch(url)),
  'https.Agent': (url) =>
    new Promise((resolve, reject) => {
      const request = https.get(url, { agent }, (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('end', () => resolve(Buffer.concat(chunks).length));
        response.on('error', reject);
      });
      request.on('error', reject);
    }),
  'undici fetch': (url) => lengthOf(fetch(url, { dispatcher })),
  'undici request': async (url) => (await (await request(url, { dispatcher })).body.arrayBuffer()).byteLength,
};

const results = [];
for (const load of CASES) {
  const result = { name: load.name, bytes: load.bytes, ...(await compare(load)) };
  results.push(result);
  if (!isJson) console.log(describe(result));
}
if (isJson) process.stdout.write(`${JSON.stringify(results)}\n`);
else process.exitCode = results.every(({ comparisons }) => comparisons.every(isMet)) ? 0 : 1;

agent.destroy();
await dispatcher.close();
server.disconnect();
await emulator.close();

async function compare(load) {
  const names = Object.keys(CLIENTS);
  const perSecond = Object.fromEntries(names.map((name) => [name, []]));
  const quotient = (of, to) => {
    const ratios = perSecond[of].map((value, round) => value / perSecond[to][round]);
    return { ratio: median(ratios), interval: medianInterval(ratios) };
  };
  const compared = () => load.comparisons.map(({ of, to, required }) => ({ of, to, required, ...quotient(of, to) }));
  const isUndecided = () =>
    compared().some(({ interval, required }) => interval[0] < required && interval[1] >= required);
  let round = -WARM_UP_ROUNDS;
  for (; round < MIN_ROUNDS || (round < MAX_ROUNDS && isUndecided()); round += 1) {
    const measured = {};
    // Each of them follows each of the others.
    const order = names.map((_, i) => names[(i + Math.abs(round)) % names.length]);
    for (const name of round % 2 === 0 ? order : order.toReversed())
      measured[name] = await measure(CLIENTS[name], load);
    if (round >= 0) for (const name of names) perSecond[name].push(measured[name]);
  }
  return {
    rounds: round,
    perSecond: Object.fromEntries(names.map((name) => [name, median(perSecond[name])])),
    comparisons: compared(),
    againstAgent: Object.fromEntries(names.map((name) => [name, quotient(name, 'https.Agent')])),
  };
}

function isMet({ ratio, required = 0 }) {
  return ratio >= required;
}

/** Downloads per second of one client. */
async function measure(download, { bytes, requests }) {
  let left = requests;
  const started = performance.now();
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      if ((await download(`${origin}/${bytes}`)) !== bytes) throw new Error('a download is not complete');
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  return requests / ((performance.now() - started) / 1000);
}

function describe({ name, bytes, rounds, perSecond, comparisons }) {
  const rates = Object.entries(perSecond).map(
    ([client, rate]) => `${client} ${rate.toFixed(0)}/s ${((rate * bytes) / 2 ** 20).toFixed(1)} MiB/s`,
  );
  const ratios = comparisons.map(({ of, to, required, ratio, interval }) => {
    const [low, high] = interval.map((bound) => bound.toFixed(2));
    const demanded = required === undefined ? '' : `, at least ${required} required`;
    return `  ${of} against ${to}: ${ratio.toFixed(2)} (${low} to ${high}${demanded})`;
  });
  return [`${name}, ${rounds} rounds: ${rates.join(', ')}`, ...ratios].join('\n');
}
