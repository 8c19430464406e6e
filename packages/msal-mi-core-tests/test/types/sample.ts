// Must type-check against the built packages (a type test of the test package).
import { SecretClient } from '@azure/keyvault-secrets';
import * as msal from '@azure/msal-node';
import * as oidc from 'openid-client';
import https from 'node:https';
import { Agent } from 'undici';
import {
  ManagedIdentityApplication,
  MtlsBindingStrength,
  createMtlsFetch,
  createManagedIdentityAssertion,
  BoundConfidentialClient,
  createAuthorizationHeader,
  isMsalMiError,
  type INetworkModule,
  type MtlsBearerRequestParams,
} from 'msal-mi-core';
import { MtlsManagedIdentityCredential, withMtlsPop } from 'msal-mi-core/azure';

// 1. migrate from msal-node: config object is accepted as is
const cfg: msal.ManagedIdentityConfiguration = {
  managedIdentityIdParams: { userAssignedClientId: 'x' },
  clientCapabilities: ['cp1'],
  system: {
    loggerOptions: { loggerCallback: (l, m, p) => {}, logLevel: msal.LogLevel.Info },
    disableInternalRetries: false,
  },
};
const app = new ManagedIdentityApplication(cfg);
const nm: INetworkModule = undefined as unknown as msal.INetworkModule;

const r = await app.acquireToken({
  resource: 'https://vault.azure.net',
  mtlsProofOfPossession: true,
  withAttestationSupport: true,
  minStrength: MtlsBindingStrength.KeyGuard,
  signal: AbortSignal.timeout(30_000),
});
r.tokenType satisfies 'mtls_pop';
r.expiresOn.getTime();
r.bindingCertificate.x5tS256;
const asMsal: msal.AuthenticationResult = { ...r }; // assignable to msal-node's result type
await r.binding.fetch('https://v.vault.azure.net/secrets/a?api-version=7.5', {
  headers: { authorization: createAuthorizationHeader(r), 'x-ms-tokenboundauth': 'true' },
});
// bearer request is typed differently: no binding
const b = await app.acquireToken({ resource: 'https://vault.azure.net' });
// @ts-expect-error bearer results have no binding
b.binding;
// @ts-expect-error attestation without PoP does not type-check
await app.acquireToken({ resource: 'x', withAttestationSupport: true });
// a bearer token that is acquired with the certificate has no binding either
const overMtls = await app.acquireToken({
  resource: 'https://management.azure.com',
  requestOverMtls: true,
  withAttestationSupport: true,
  minStrength: MtlsBindingStrength.KeyGuard,
});
const asMsalBearer: msal.AuthenticationResult = overMtls;
// @ts-expect-error bearer results have no binding
overMtls.binding;
// @ts-expect-error the flags exclude one another
await app.acquireToken({ resource: 'x', mtlsProofOfPossession: true, requestOverMtls: true });
const both = { resource: 'x', mtlsProofOfPossession: true, requestOverMtls: true } as const;
// @ts-expect-error also when they come in an object of their own
await app.acquireToken(both);
const bearerParams: MtlsBearerRequestParams = { resource: 'x', requestOverMtls: true };

// 2. drop-in fetch
const f = createMtlsFetch(app, { resource: 'https://vault.azure.net', withAttestationSupport: true });
const asFetch: typeof fetch = f as typeof fetch;
const oc: oidc.CustomFetch = (u, o) => f(u, o as RequestInit);

// 3. Azure SDK
const cred = new MtlsManagedIdentityCredential({ withAttestationSupport: true });
const client = new SecretClient(
  'https://v.vault.azure.net',
  cred,
  withMtlsPop(cred, { retryOptions: { maxRetries: 2 } }),
);

// 4. software keys
if (r.binding.exportable) {
  new https.Agent({ ...r.binding.tlsOptions(), keepAlive: true });
  new Agent({ allowH2: false, connect: r.binding.tlsOptions() });
}

// 5. FIC
const cca = new BoundConfidentialClient({
  auth: {
    clientId: 'app',
    authority: 'https://login.microsoftonline.com/t',
    clientAssertion: createManagedIdentityAssertion(app, { withAttestationSupport: true }),
  },
});
const t = await cca.acquireTokenByClientCredential({
  scopes: ['https://graph.microsoft.com/.default'],
  mtlsProofOfPossession: true,
});
const asApplication = createMtlsFetch(cca, { resource: 'https://graph.microsoft.com' });
const credOfApplication = new MtlsManagedIdentityCredential({ application: cca });
const bearerCred = new MtlsManagedIdentityCredential({ requestOverMtls: true });
try {
} catch (e) {
  if (isMsalMiError(e)) e.errorCode;
}
export { asApplication, asFetch, asMsal, asMsalBearer, bearerCred, bearerParams, client, credOfApplication, nm, oc, t };
