import { isLoopbackHost } from 'core/hosts.js';

test.each([
  'http://localhost:1',
  'http://LOCALHOST',
  'http://127.0.0.1',
  'http://127.255.1.2',
  'http://127.1',
  'http://[::1]:9',
])('%s stays on this machine', (url) => expect(isLoopbackHost(new URL(url).hostname)).toBe(true));

test.each([
  'http://127.example.com',
  'http://127.0.0.1.example.com',
  'http://a.localhost',
  'http://localhost.example.com',
  'http://128.0.0.1',
  'http://[::2]',
  'http://[::ffff:127.0.0.1]',
  'http://0.0.0.0',
])('%s may leave this machine', (url) => expect(isLoopbackHost(new URL(url).hostname)).toBe(false));
