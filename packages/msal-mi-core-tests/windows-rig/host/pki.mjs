// Throw-away authorities and server certificates, by openssl. Made once per run.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** @returns an authority with which to issue certificates for servers */
export function createAuthority(folder, name) {
  rmSync(join(folder, name), { recursive: true, force: true });
  mkdirSync(join(folder, name), { recursive: true });
  const file = (suffix) => join(folder, name, suffix);
  const openssl = (...args) => execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=rig authority ${name}`,
    '-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign,cRLSign',
    '-keyout', file('ca.key'), '-out', file('ca.pem')); // prettier-ignore
  return {
    ca: readFileSync(file('ca.pem'), 'utf8'),
    issueServer(host) {
      const extensions = `subjectAltName=DNS:${host}\nextendedKeyUsage=serverAuth\nkeyUsage=critical,digitalSignature,keyEncipherment\n`;
      writeFileSync(file(`${host}.ext`), extensions);
      openssl(
        'req',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-subj',
        `/CN=${host}`,
        '-keyout',
        file(`${host}.key`),
        '-out',
        file(`${host}.csr`),
      );
      openssl('x509', '-req', '-in', file(`${host}.csr`), '-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial',
        '-days', '2', '-extfile', file(`${host}.ext`), '-out', file(`${host}.pem`)); // prettier-ignore
      return { key: readFileSync(file(`${host}.key`), 'utf8'), cert: readFileSync(file(`${host}.pem`), 'utf8') };
    },
  };
}
