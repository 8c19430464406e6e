// Throw-away authorities, server certificates and revocation lists, by openssl. Made once per run.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SERVER = 'extendedKeyUsage=serverAuth\nkeyUsage=critical,digitalSignature,keyEncipherment\n';

/** @returns an authority with which to issue certificates for servers, and to revoke them */
export function createAuthority(folder, name) {
  rmSync(join(folder, name), { recursive: true, force: true });
  mkdirSync(join(folder, name), { recursive: true });
  const file = (suffix) => join(folder, name, suffix);
  const openssl = (...args) => execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=rig authority ${name}`,
    '-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign,cRLSign',
    '-keyout', file('ca.key'), '-out', file('ca.pem')); // prettier-ignore
  let issued = 0;
  return {
    ca: readFileSync(file('ca.pem'), 'utf8'),
    /** @param listUrl - where the certificate says that the list of revoked ones is; by default nowhere */
    issueServer(host, listUrl) {
      issued += 1;
      const own = (suffix) => file(`${issued}-${host}.${suffix}`);
      const list = listUrl === undefined ? '' : `crlDistributionPoints=URI:${listUrl}\n`;
      const extensions = own('ext');
      writeFileSync(extensions, `subjectAltName=DNS:${host}\n${SERVER}${list}`);
      const [key, request, certificate] = ['key', 'csr', 'pem'].map(own);
      openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', `/CN=${host}`, '-keyout', key, '-out', request);
      openssl('x509', '-req', '-in', request, '-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial',
        '-days', '2', '-extfile', extensions, '-out', certificate); // prettier-ignore
      return { key: readFileSync(key, 'utf8'), cert: readFileSync(certificate, 'utf8') };
    },
    /** @returns DER of a list of these certificates */
    revocationList(certificates) {
      const config = file('ca.cnf');
      const settings = `database=${file('index.txt')}\ndefault_md=sha256\ndefault_crl_days=1\n`;
      writeFileSync(config, `[ca]\ndefault_ca=own\n[own]\n${settings}`);
      writeFileSync(file('index.txt'), '');
      const ca = (...args) =>
        openssl('ca', '-config', config, '-cert', file('ca.pem'), '-keyfile', file('ca.key'), ...args);
      for (const certificate of certificates) {
        writeFileSync(file('revoked.pem'), certificate);
        ca('-revoke', file('revoked.pem'));
      }
      ca('-gencrl', '-out', file('list.pem'));
      openssl('crl', '-in', file('list.pem'), '-outform', 'DER', '-out', file('list.der'));
      return readFileSync(file('list.der'));
    },
  };
}
