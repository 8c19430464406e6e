import { isLoopbackHost as isLoopbackHostToAttestation } from 'attestation/native/loopback.js';
import { isLoopbackHost } from 'core/loopback.js';

function answersOfBothPackages(url: string): boolean[] {
  const { hostname } = new URL(url);
  return [isLoopbackHost(hostname), isLoopbackHostToAttestation(hostname)];
}

test.each([
  'http://localhost:1',
  'http://LOCALHOST',
  'http://127.0.0.1',
  'http://127.255.1.2',
  'http://127.1',
  'http://[::1]:9',
])('%s stays on this machine', (url) => expect(answersOfBothPackages(url)).toEqual([true, true]));

test.each([
  'http://127.example.com',
  'http://127.0.0.1.example.com',
  'http://a.localhost',
  'http://localhost.example.com',
  'http://128.0.0.1',
  'http://[::2]',
  'http://[::ffff:127.0.0.1]',
  'http://0.0.0.0',
])('%s may leave this machine', (url) => expect(answersOfBothPackages(url)).toEqual([false, false]));
