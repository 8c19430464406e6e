/** What names a certificate or asks for one, and what is signed. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { tryBindCertificate } from '../../../msal-mi-core/dist/binding/mint.js';
import { parseCertificate, x5tS256 } from '../../../msal-mi-core/dist/crypto/x509.js';
import { decodeFriendlyName, encodeFriendlyName } from '../../../msal-mi-core/dist/platform/win32/friendly-name.js';
import { createCertificateSource, verifyMtlsPop } from '../../../msal-mi-core/dist/resource-server/index.js';
import {
  CertificateRequestError,
  verifyCertificateRequest,
} from '../../../msal-mi-emulator/dist/crypto/certificate-request.js';
import { AUDIENCE, CUID, IDENTITY, ISSUER } from '../seeds.mjs';

const PROXY_ADDRESS = '10.0.0.1';

const forwarded = (format) => {
  const find = createCertificateSource({ header: 'x-cert', format, trustedProxies: [PROXY_ADDRESS] });
  return (value) => {
    const found = find({ headers: { 'x-cert': value }, socket: { remoteAddress: PROXY_ADDRESS } });
    assert(found === undefined || new X509Certificate(found).raw.equals(found));
  };
};

export const certificateTargets = ({ key, certificate, csr, publicKey, base64, pem, token }) => [
  {
    name: 'authorization header',
    seeds: [`mtls_pop ${token}`],
    isSlow: true,
    async parse(authorization) {
      const options = { issuer: ISSUER, audience: AUDIENCE, jwks: () => Promise.resolve(publicKey) };
      await verifyMtlsPop({ authorization, peerCertificate: certificate }, options);
      assert(authorization.includes(token.slice(0, token.lastIndexOf('.'))), 'accepted what was not signed');
    },
  },
  {
    name: 'certificate (DER)',
    seeds: [Buffer.from(certificate)],
    parse(der) {
      const parsed = parseCertificate(der);
      assert(parsed === undefined || parsed.certificate.x5tS256 === x5tS256(der));
      const binding = tryBindCertificate(key, { ...IDENTITY, endpoint: 'https://e', certificate: der }, false, 0);
      assert(binding === undefined || Buffer.from(parsed.spki).equals(key.spki), 'bound to another key');
    },
  },
  { name: 'certificate of a proxy (RFC 9440)', seeds: [`:${base64}:`], parse: forwarded('client-cert') },
  { name: 'certificate of a proxy (nginx)', seeds: [encodeURIComponent(pem)], parse: forwarded('nginx') },
  { name: 'certificate of a proxy (App Service)', seeds: [base64], parse: forwarded('app-service') },
  {
    name: 'certificate of a proxy (Envoy)',
    seeds: [`Hash=00;Cert="${encodeURIComponent(pem)}";Subject="CN=a, \\"b\\"";URI=`],
    parse: forwarded('envoy'),
  },
  {
    name: 'certificate request',
    seeds: [csr],
    isSlow: true,
    isDeclared: (error) => error instanceof CertificateRequestError,
    parse(der) {
      const requested = verifyCertificateRequest(der.toString('base64'), { ...IDENTITY, cuId: CUID });
      assert(requested.export({ type: 'spki', format: 'der' }).equals(Buffer.from(key.spki)));
    },
  },
  {
    name: 'friendly name',
    seeds: [encodeFriendlyName({ alias: 'system', endpoint: 'https://mtlsauth.microsoft.com/tenant' })],
    parse(name) {
      const decoded = decodeFriendlyName(name);
      if (decoded === undefined) return;
      const encoded = encodeFriendlyName(decoded);
      assert(encoded === undefined || assert.deepEqual(decodeFriendlyName(encoded), decoded) === undefined);
    },
  },
];
