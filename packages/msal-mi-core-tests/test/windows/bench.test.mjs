// How WinHTTP does beside node:https in the same node.exe. Generous limits: a rig is shared, a regression is not small.
import assert from 'node:assert/strict';
import https from 'node:https';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ManagedIdentityApplication } from 'msal-mi-core';
import { start, startWorld } from '../guest/rig.mjs';

const REQUESTS = 300;
const CONCURRENT = 8;
let emulator;
let forNode;
let forWinHttp;
let binding;
before(async () => {
  emulator = await startWorld('bench');
  const options = { clientCa: emulator.emulatorCa, demand: false };
  [forNode, forWinHttp] = [await start('stream', options), await start('stream', options)];
  const app = new ManagedIdentityApplication();
  ({ binding } = await app.acquireToken({ resource: 'https://graph.microsoft.com', mtlsProofOfPossession: true }));
});
after(() => Promise.all([emulator, forNode, forWinHttp].map((server) => server.close())));

async function perSecond(send) {
  const run = async (count) => {
    let left = count;
    const worker = async () => {
      while (left-- > 0) await send();
    };
    await Promise.all(Array.from({ length: CONCURRENT }, worker));
  };
  await run(CONCURRENT * 4);
  const begun = performance.now();
  await run(REQUESTS);
  return (REQUESTS / (performance.now() - begun)) * 1000;
}

test('downloads of 1 KiB per second: at least 0.6 of node:https', async () => {
  const agent = new https.Agent({ keepAlive: true, ca: forNode.ca, maxSockets: CONCURRENT });
  const viaNode = () =>
    new Promise((resolve, reject) => {
      const request = https.get(`${forNode.origin}/download?bytes=1024`, { agent }, (response) => {
        response.resume().on('end', resolve).on('error', reject);
      });
      request.on('error', reject);
    });
  const viaWinHttp = async () => (await binding.fetch(`${forWinHttp.origin}/download?bytes=1024`)).arrayBuffer();
  const rates = { node: [], winHttp: [] };
  // Taking turns, the better of each: what else runs on the machine should not decide.
  for (let round = 0; round < 3; round += 1) {
    rates.node.push(await perSecond(viaNode));
    rates.winHttp.push(await perSecond(viaWinHttp));
  }
  agent.destroy();
  const [node, winHttp] = [Math.max(...rates.node), Math.max(...rates.winHttp)];
  console.log(`requests per second: node:https ${node.toFixed(0)}, WinHTTP ${winHttp.toFixed(0)}`);
  assert.ok(winHttp >= 0.6 * node, `${winHttp.toFixed(0)} against ${node.toFixed(0)}`);
});

test('100 concurrent requests delay the event loop by less than 20 ms (p99)', async () => {
  // Always 100 in flight, each answered after a while; starting all of them in one turn would measure that turn.
  const keepBusy = async (forMs) => {
    const end = performance.now() + forMs;
    const worker = async (_, index) => {
      await delay(index * 5);
      while (performance.now() < end) await (await binding.fetch(`${forWinHttp.origin}/slow?ms=400`)).text();
    };
    await Promise.all(Array.from({ length: 100 }, worker));
  };
  await keepBusy(500);
  const rounds = [];
  // The best of three: what else runs on the machine should not decide.
  for (let round = 0; round < 3; round += 1) {
    const histogram = monitorEventLoopDelay({ resolution: 1 });
    histogram.enable();
    await keepBusy(1500);
    histogram.disable();
    rounds.push(histogram.percentile(99) / 1e6);
    if (rounds.at(-1) < 20) break;
  }
  console.log(`event loop delay p99, ms: ${rounds.map((ms) => ms.toFixed(1)).join(', ')}`);
  assert.ok(Math.min(...rounds) < 20);
});
