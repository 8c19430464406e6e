/** The least that gets a bound token: the same key, CSR and requests, without a check, a retry, a cache or a choice. */
import { generateKeyPair, sign } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

const imds = process.env.AZURE_POD_IDENTITY_AUTHORITY_HOST;

export async function acquireByHand(resource) {
  const [{ privateKey, spki }, metadata] = await Promise.all([makeKey(), askMetadata()]);
  const csr = await makeCsr(metadata, privateKey, spki);
  const issued = JSON.parse(
    await send(httpRequest, `${imds}/metadata/identity/issuecredential?cred-api-version=2.0`, {
      method: 'POST',
      headers: { Metadata: 'true', 'Content-Type': 'application/json' },
      body: JSON.stringify({ csr: csr.toString('base64') }),
    }),
  );
  const form = new URLSearchParams({
    client_id: issued.client_id,
    grant_type: 'client_credentials',
    scope: `${resource}/.default`,
    token_type: 'mtls_pop',
  });
  const answer = await send(
    httpsRequest,
    `${issued.mtls_authentication_endpoint}/${issued.tenant_id}/oauth2/v2.0/token`,
    {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: form.toString(),
      cert: `-----BEGIN CERTIFICATE-----\n${issued.certificate}\n-----END CERTIFICATE-----\n`,
      key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.2',
    },
  );
  return JSON.parse(answer);
}

function makeKey() {
  return new Promise((resolve, reject) => {
    generateKeyPair('rsa', { modulusLength: 2048 }, (error, publicKey, privateKey) => {
      if (error) reject(error);
      else resolve({ privateKey, spki: publicKey.export({ type: 'spki', format: 'der' }) });
    });
  });
}

async function askMetadata() {
  const url = `${imds}/metadata/identity/getplatformmetadata?cred-api-version=2.0`;
  return JSON.parse(await send(httpRequest, url, { method: 'GET', headers: { Metadata: 'true' } }));
}

function send(request, url, { body, ...options }) {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { ...options, agent: false }, async (response) => {
      const chunks = [];
      for await (const chunk of response) chunks.push(chunk);
      const text = Buffer.concat(chunks).toString();
      if (response.statusCode === 200) resolve(text);
      else reject(new Error(`${url} answered ${response.statusCode}`));
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

const der = (tag, ...parts) => {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
};
const hex = (text) => Buffer.from(text, 'hex');
const DOMAIN_COMPONENT = hex('060a0992268993f22c640119');
const COMMON_NAME = hex('0603550403');
const CU_ID = hex('060a2b060104018237' + '5a020a');
const PSS = hex(
  '303d06092a864886f70d01010a3030a00d300b0609608648016503040201a11a301806092a864886f70d010108300b0609608648016503040201a203020120',
);

async function makeCsr({ clientId, tenantId, cuId }, privateKey, spki) {
  const name = (type, tag, value) => der(0x31, der(0x30, type, der(tag, Buffer.from(value))));
  const subject = der(0x30, name(DOMAIN_COMPONENT, 0x16, tenantId), name(COMMON_NAME, 0x13, clientId));
  const attribute = der(0x30, CU_ID, der(0x31, der(0x0c, Buffer.from(JSON.stringify(cuId)))));
  const toBeSigned = der(0x30, hex('020100'), subject, spki, der(0xa0, attribute));
  const options = { key: privateKey, padding: 6, saltLength: 32 };
  const signature = await new Promise((resolve, reject) => {
    sign('sha256', toBeSigned, options, (error, value) => (error ? reject(error) : resolve(value)));
  });
  return der(0x30, toBeSigned, PSS, der(0x03, Buffer.from([0]), signature));
}
