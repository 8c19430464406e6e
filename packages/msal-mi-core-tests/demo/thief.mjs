// Holds a stolen token and tries it with no certificate, and with a certificate of its own.
import { once } from 'node:events';
import https from 'node:https';
import { ManagedIdentityApplication, MtlsBindingStrength } from 'msal-mi-core';

const [{ token, url, imdsUrl, ca }] = await once(process, 'message');
process.env.AZURE_POD_IDENTITY_AUTHORITY_HOST = imdsUrl;
const headers = { authorization: `mtls_pop ${token}`, 'x-ms-tokenboundauth': 'true' };

const app = new ManagedIdentityApplication({ system: { ca } });
const { binding } = await app.acquireToken({
  resource: 'https://vault.azure.net',
  mtlsProofOfPossession: true,
  minStrength: MtlsBindingStrength.Software,
});
const withOwn = await binding.fetch(url, { headers });

process.send([
  { name: 'with no certificate', ...(await withoutCertificate()) },
  { name: 'with another certificate', status: withOwn.status, reason: (await withOwn.json()).reason },
]);
process.disconnect();

function withoutCertificate() {
  return new Promise((resolve, reject) => {
    const request = https.get(url, { headers, ca, agent: false, maxVersion: 'TLSv1.2' }, async (response) => {
      const chunks = [];
      for await (const chunk of response) chunks.push(chunk);
      resolve({ status: response.statusCode, reason: JSON.parse(Buffer.concat(chunks).toString()).reason });
    });
    request.on('error', reject);
  });
}
