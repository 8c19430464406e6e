/** nginx as a resource server: a TLS stack and an HTTP server that know nothing of this project. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const BINARY = process.env['MSAL_MI_NGINX'] ?? 'nginx';

/** Why nginx cannot be used here; undefined when it can. */
export function nginxIsMissing(): string | undefined {
  const { error, status } = spawnSync(BINARY, ['-v']);
  return error === undefined && status === 0 ? undefined : `there is no nginx on this machine (${BINARY} -v failed)`;
}

export interface Nginx {
  readonly origin: string;
  stop(): Promise<void>;
}

/** What nginx is started with: `server` blocks, and the files that they name. */
interface Site {
  readonly files: Readonly<Record<string, string>>;
  /** What belongs into `http`. */
  readonly configuration: (folder: string, port: number) => string;
}

/**
 * Starts nginx with a certificate for localhost. It demands a client certificate of `clientCa` in the handshake, answers
 * 403 unless the certificate has the fingerprint and the scheme is mtls_pop, and says what it saw.
 *
 * @param options.fingerprintSha1 - Lower-case hexadecimal, as nginx has it.
 */
export function startNginx(options: {
  server: { key: string; cert: string };
  clientCa: string;
  fingerprintSha1: string;
}): Promise<Nginx> {
  return startSite({
    files: { 'server.key': options.server.key, 'server.pem': options.server.cert, 'clients.pem': options.clientCa },
    configuration: (folder, port) => resourceSite(folder, port, options.fingerprintSha1),
  });
}

/** Starts nginx and waits until it listens. */
export async function startSite({ files, configuration }: Site): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), 'msal-mi-nginx-'));
  const port = await freePort();
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content, { mode: 0o600 });
  writeFileSync(join(folder, 'nginx.conf'), mainConfiguration(folder, configuration(folder, port)));
  const child = spawn(BINARY, ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log')], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const ended = once(child, 'exit');
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await untilListening(port);
  } catch (error) {
    await stop();
    throw error;
  }
  return { origin: `https://localhost:${port}`, stop };
}

/** Members of the JSON that it answers with. */
const ANSWER = [
  '"verify":"$ssl_client_verify"',
  '"fingerprint":"$ssl_client_fingerprint"',
  '"protocol":"$ssl_protocol"',
  '"requests":$connection_requests',
].join(',');

function mainConfiguration(folder: string, sites: string): string {
  return `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
events { worker_connections 64; }
http {
  access_log off;
  map_hash_bucket_size 256;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  ${sites}
}`;
}

function resourceSite(folder: string, port: number, fingerprintSha1: string): string {
  return `
  map $http_authorization $scheme_is { default other; "~^mtls_pop [^ ]+$" mtls_pop; }
  map $ssl_client_fingerprint:$scheme_is $may_enter { default 0; "${fingerprintSha1}:mtls_pop" 1; }
  server {
    listen 127.0.0.1:${port} ssl;
    server_name localhost;
    ssl_certificate ${folder}/server.pem;
    ssl_certificate_key ${folder}/server.key;
    ssl_client_certificate ${folder}/clients.pem;
    ssl_verify_client on;
    if ($may_enter = 0) { return 403 '{"fingerprint":"$ssl_client_fingerprint","scheme":"$scheme_is"}'; }
    location / {
      default_type application/json;
      return 200 '{${ANSWER}}';
    }
  }`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function untilListening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const socket = connect(port, '127.0.0.1');
    const isOpen = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (isOpen) return;
    await delay(50);
  }
  throw new Error('nginx does not listen');
}
