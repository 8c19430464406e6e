/**
 * Throughput of `binding.fetch` with a software key against a bare keep-alive https.Agent with the same certificate:
 * `node bench/fetch-throughput.mjs`. Needs the packages built. Fails below the ratio of 0.9 at 1 MiB. `--json` prints one
 * JSON object and never fails.
 *
 * What is measured: downloads per second, 8 at a time over kept connections, of bodies that are read whole - with
 * `arrayBuffer()` on one side, with 'data' events and Buffer.concat on the other. Every download's length is checked.
 * The server is another process, and the same for both.
 *
 * Rounds are short and both take part in each of them, in changing order, so that a busy moment of the machine meets
 * both. The figure is the median of the rounds' ratios, with the interval that holds it with a probability of 95 %.
 * Rounds are added while that interval still contains the required ratio.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import https from 'node:https';
import { fileURLToPath } from 'node:url';
import { ManagedIdentityApplication, MtlsBindingStrength } from 'msal-mi-core';
import { startEmulator } from 'msal-mi-emulator';
import { CertificateAuthority } from '../../msal-mi-emulator/dist/crypto/certificate-authority.js';
import { generateRsaKey } from '../../msal-mi-emulator/dist/crypto/rsa-key.js';
import { median, medianInterval } from './statistics.mjs';

const REQUIRED_RATIO = 0.9;
const CONCURRENCY = 8;
const WARM_UP_ROUNDS = 3;
const MIN_ROUNDS = 30;
const MAX_ROUNDS = 240;
const CASES = [
  { name: '1 KiB', bytes: 1024, requests: 200 },
  { name: '64 KiB', bytes: 64 * 1024, requests: 64 },
  { name: '1 MiB', bytes: 1024 * 1024, requests: 16, required: REQUIRED_RATIO },
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
const { binding } = await app.acquireToken({
  resource: origin,
  mtlsProofOfPossession: true,
  minStrength: MtlsBindingStrength.Software,
});
const agent = new https.Agent({ ...binding.tlsOptions(), ca: authority.pem, keepAlive: true });

const ours = async (url) => (await (await binding.fetch(url)).arrayBuffer()).byteLength;
const bare = (url) =>
  new Promise((resolve, reject) => {
    const request = https.get(url, { agent }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => resolve(Buffer.concat(chunks).length));
      response.on('error', reject);
    });
    request.on('error', reject);
  });

const results = [];
for (const { name, required, ...load } of CASES) {
  const result = { name, bytes: load.bytes, required, ...(await compare(load, required)) };
  results.push(result);
  if (!isJson) console.log(describe(result));
}
if (isJson) process.stdout.write(`${JSON.stringify(results)}\n`);
else process.exitCode = results.every(({ ratio, required }) => required === undefined || ratio >= required) ? 0 : 1;

agent.destroy();
server.disconnect();
await emulator.close();

async function compare(load, required) {
  const perSecond = { ours: [], bare: [] };
  const ratios = [];
  let interval = [0, Infinity];
  const isUndecided = () => required !== undefined && interval[0] < required && interval[1] >= required;
  for (let round = -WARM_UP_ROUNDS; round < MIN_ROUNDS || (round < MAX_ROUNDS && isUndecided()); round += 1) {
    const measured = {};
    const order = [
      ['ours', ours],
      ['bare', bare],
    ];
    for (const [name, download] of round % 2 === 0 ? order : order.toReversed()) {
      measured[name] = await measure(download, load);
    }
    if (round < 0) continue;
    perSecond.ours.push(measured.ours);
    perSecond.bare.push(measured.bare);
    ratios.push(measured.ours / measured.bare);
    interval = medianInterval(ratios);
  }
  return {
    ratio: median(ratios),
    interval,
    rounds: ratios.length,
    oursPerSecond: median(perSecond.ours),
    barePerSecond: median(perSecond.bare),
  };
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

function describe({ name, bytes, required, ratio, interval, rounds, oursPerSecond, barePerSecond }) {
  const rate = (perSecond) => `${perSecond.toFixed(0)}/s ${((perSecond * bytes) / 2 ** 20).toFixed(1)} MiB/s`;
  const [low, high] = interval.map((bound) => bound.toFixed(2));
  const demanded = required === undefined ? '' : `, at least ${required} required`;
  return (
    `${name.padEnd(7)} binding.fetch ${rate(oursPerSecond)}, https.Agent ${rate(barePerSecond)}, ` +
    `ratio ${ratio.toFixed(2)} (${low} to ${high}, ${rounds} rounds${demanded})`
  );
}
