/**
 * Throughput of `binding.fetch` with a software key against a bare keep-alive https.Agent with the same certificate, side
 * by side in one run: `node bench/fetch-throughput.mjs`. Needs the packages built. Fails below the ratio of 0.9.
 *
 * Of several rounds the best counts: what other programs take away varies, what the code takes does not. The figure is
 * bytes per second of downloads of 1 MiB, several at a time. The cost of one small request is shown
 * beside it: fetch makes a Request, a Response and a stream each time, which no answer of 1 KiB can hide.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import https from 'node:https';
import { fileURLToPath } from 'node:url';
import { ManagedIdentityApplication, MtlsBindingStrength } from 'msal-mi-core';
import { startEmulator } from 'msal-mi-emulator';
import { CertificateAuthority } from '../../msal-mi-emulator/dist/crypto/certificate-authority.js';

const REQUIRED_RATIO = 0.9;
const ROUNDS = 9;
const CONCURRENCY = 8;
const CASES = [
  { name: '1 KiB', bytes: 1024, requests: 400, isRequired: false },
  { name: '64 KiB', bytes: 64 * 1024, requests: 200, isRequired: false },
  { name: '1 MiB', bytes: 1024 * 1024, requests: 48, isRequired: true },
];

const authority = await CertificateAuthority.generate(Date.now);
const emulator = await startEmulator();
process.env.AZURE_POD_IDENTITY_AUTHORITY_HOST = emulator.imdsUrl;
const tls = { ...(await authority.issueServerCertificate()), ca: emulator.ca };
const child = fork(fileURLToPath(new URL('./fetch-server.mjs', import.meta.url)), {
  env: { ...process.env, BENCH_TLS: JSON.stringify(tls) },
});
const [port] = await once(child, 'message');
const origin = `https://localhost:${port}`;

const app = new ManagedIdentityApplication({ system: { ca: [emulator.ca, authority.pem] } });
const { binding } = await app.acquireToken({
  resource: origin,
  mtlsProofOfPossession: true,
  minStrength: MtlsBindingStrength.Software,
});
const agent = new https.Agent({ ...binding.tlsOptions(), ca: authority.pem, keepAlive: true });

const clients = {
  'binding.fetch': async (url) => (await (await binding.fetch(url)).arrayBuffer()).byteLength,
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
};

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

let hasFailed = false;
for (const { name, isRequired, ...load } of CASES) {
  const perSecond = Object.fromEntries(Object.keys(clients).map((client) => [client, []]));
  // The first round warms up connections and code; the order changes, so that neither profits from it.
  for (let round = 0; round <= ROUNDS; round += 1) {
    const order = Object.entries(clients);
    for (const [client, download] of round % 2 === 0 ? order : order.toReversed()) {
      const measured = await measure(download, load);
      if (round > 0) perSecond[client].push(measured);
    }
  }
  const [ours, bare] = Object.values(perSecond).map((rounds) => Math.max(...rounds));
  const ratio = ours / bare;
  const mebibytes = (requests) => `${((requests * load.bytes) / 1024 / 1024).toFixed(1)} MiB/s`;
  const verdict = isRequired ? ` (at least ${REQUIRED_RATIO} required)` : '';
  console.log(
    `${name.padEnd(7)} binding.fetch ${ours.toFixed(0)}/s ${mebibytes(ours)}, https.Agent ${bare.toFixed(0)}/s ${mebibytes(bare)}, ratio ${ratio.toFixed(2)}${verdict}`,
  );
  if (isRequired && ratio < REQUIRED_RATIO) hasFailed = true;
}

agent.destroy();
child.disconnect();
await emulator.close();
process.exitCode = hasFailed ? 1 : 0;
