export declare function defineFetchContract(world: {
  test: (name: string, body: () => Promise<void>) => void;
  assert: typeof import('node:assert/strict');
  makeFetch: () => (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
  servers: () => { origin: string; otherOrigin: string; untrustedOrigin: string; closedOrigin: string };
  clientThumbprint: () => string;
}): void;
