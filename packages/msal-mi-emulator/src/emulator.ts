import type { TlsOptions } from 'node:tls';
import type { Addresses } from './addresses.js';
import { writeCaFile, type CaFile } from './ca-file.js';
import { CertificateAuthority } from './crypto/certificate-authority.js';
import { JwtIssuer } from './crypto/jwt.js';
import { FaultScript } from './faults/fault-script.js';
import type { Service } from './http/exchange.js';
import { openListener, type Listener } from './http/listener.js';
import { serve } from './http/serve.js';
import { IdentityDirectory } from './identities.js';
import { createImdsService } from './imds/imds-service.js';
import { Journal } from './journal.js';
import { createMaaService } from './maa/maa-service.js';
import { parseOptions, type Configuration } from './options.js';
import { createJournalPage } from './page/journal-page.js';
import { RENEGOTIATING_TLS } from './resource/renegotiate.js';
import { ResourceRouter } from './resource/resource-router.js';
import { createResourceService } from './resource/resource-service.js';
import { createAzureOperations } from './resource/routes/azure-operations.js';
import { createAzureResourceManager } from './resource/routes/azure-resource-manager.js';
import { createBlobStorage } from './resource/routes/blob-storage.js';
import { echo } from './resource/routes/echo.js';
import { createKeyVaultKeys } from './resource/routes/key-vault-keys.js';
import { createKeyVaultSecrets } from './resource/routes/key-vault-secrets.js';
import { STORAGE_ACCOUNT } from './resource/routes/storage-answers.js';
import { createTokenService } from './token/token-service.js';
import type { Emulator, EmulatorOptions, EmulatorServer, JournalEntry } from './types.js';
import type { World } from './world.js';

/** In the order of their ports. */
const SERVERS: readonly EmulatorServer[] = ['imds', 'token', 'maa', 'handshake', 'vault', 'arm'];
const LEGS: Readonly<Record<EmulatorServer, JournalEntry['leg']>> = {
  imds: 'imds',
  token: 'token',
  maa: 'maa',
  handshake: 'resource',
  vault: 'resource',
  arm: 'resource',
};

/**
 * Starts IMDS, an attestation endpoint, Entra ID's token endpoint and protected resources on loopback, with keys and a
 * certification authority that exist for this run only.
 *
 * @param options - All optional.
 * @throws EmulatorError (a TypeError) for options it cannot work with, before anything listens; `port_unavailable` when a port is taken
 *
 * @example
 * ```ts
 * import { startEmulator } from 'msal-mi-emulator';
 *
 * const emulator = await startEmulator();
 * process.env['AZURE_POD_IDENTITY_AUTHORITY_HOST'] = emulator.imdsUrl;
 * await emulator.close();
 * ```
 */
export async function startEmulator(options?: EmulatorOptions): Promise<Emulator> {
  const configuration = parseOptions(options);
  const [authority, tokenIssuer] = await Promise.all([
    CertificateAuthority.generate(configuration.now),
    JwtIssuer.generate(),
  ]);
  const serverCertificate = await authority.issueServerCertificate();
  const tls: TlsOptions = { ...serverCertificate, ca: [authority.pem], minVersion: 'TLSv1.2' };
  const listeners = await openListeners(configuration, tls);
  const caFile = await writeCaFile(authority.pem);
  let attestationIssuer: Promise<JwtIssuer> | undefined;
  const world: World = {
    configuration,
    directory: new IdentityDirectory(configuration),
    authority,
    tokenIssuer,
    attestationIssuer: () => (attestationIssuer ??= JwtIssuer.generate()),
    addresses: addressesOf(listeners),
  };
  return assemble(world, listeners, caFile);
}

async function openListeners(configuration: Configuration, tls: TlsOptions): Promise<Map<EmulatorServer, Listener>> {
  // Whoever presents no or a strange certificate is refused with a reason by the service, not with an alert by the handshake.
  const asking: TlsOptions = { ...tls, requestCert: true, rejectUnauthorized: false };
  const tlsOptions: Record<EmulatorServer, TlsOptions | undefined> = {
    imds: undefined,
    maa: undefined,
    token: asking,
    handshake: asking,
    vault: { ...tls, ...RENEGOTIATING_TLS },
    arm: tls,
  };
  const listeners = new Map<EmulatorServer, Listener>();
  try {
    for (const [index, server] of SERVERS.entries()) {
      const port = configuration.port === 0 ? 0 : configuration.port + index;
      listeners.set(server, await openListener(port, configuration.host, tlsOptions[server]));
    }
  } catch (error) {
    await Promise.all([...listeners.values()].map((listener) => listener.close()));
    throw error;
  }
  return listeners;
}

function addressesOf(listeners: Map<EmulatorServer, Listener>): Addresses {
  // A name, not an address: WinHTTP under Wine matches no IP address in a certificate, Node.js 22.23 no IPv6 address.
  const url = (server: EmulatorServer, scheme: 'http' | 'https'): string =>
    `${scheme}://localhost:${listeners.get(server)!.port}`;
  return {
    imds: url('imds', 'http'),
    maa: url('maa', 'http'),
    token: url('token', 'https'),
    handshake: url('handshake', 'https'),
    vault: url('vault', 'https'),
    arm: url('arm', 'https'),
  };
}

function assemble(world: World, listeners: Map<EmulatorServer, Listener>, caFile: CaFile): Emulator {
  const { configuration, addresses } = world;
  const faults = new FaultScript();
  const journal = new Journal();
  const router = new ResourceRouter([
    createKeyVaultSecrets(),
    createKeyVaultKeys(),
    createAzureOperations(),
    createAzureResourceManager(),
    createBlobStorage(),
    echo,
  ]);
  const page = createJournalPage(journal, world);
  const services: Record<EmulatorServer, Service> = {
    imds: createImdsService(world, page),
    maa: createMaaService(world),
    token: createTokenService(world),
    handshake: createResourceService('handshake', router, world),
    vault: createResourceService('vault', router, world),
    arm: createResourceService('arm', router, world),
  };
  for (const [server, listener] of listeners) {
    const leg = LEGS[server];
    // Every token request makes its own handshake, so that a scripted handshake failure meets the next request.
    serve(listener, services[server], {
      server,
      leg,
      faults,
      journal,
      now: configuration.now,
      keepAlive: leg === 'resource',
    });
  }
  let closing: Promise<void> | undefined;
  return Object.freeze<Emulator>({
    imdsUrl: addresses.imds,
    tokenUrl: addresses.token,
    maaUrl: addresses.maa,
    resources: Object.freeze({ handshake: addresses.handshake, vault: addresses.vault, arm: addresses.arm }),
    ca: world.authority.pem,
    env: Object.freeze(environmentOf(world, caFile)),
    get journal() {
      return journal.snapshot();
    },
    tenantId: configuration.tenantId,
    subscriptionId: configuration.subscriptionId,
    systemAssigned: Object.freeze({ ...configuration.systemAssigned }),
    identities: Object.freeze(configuration.identities.map((identity) => Object.freeze({ ...identity }))),
    fault(leg, scripted) {
      faults.add(leg, scripted);
    },
    outage(legs, fault, options) {
      return faults.addLasting(legs, fault, options);
    },
    reset() {
      faults.clear();
      journal.clear();
      router.reset();
    },
    close() {
      page.close();
      closing ??= Promise.all([...listeners.values()].map((listener) => listener.close())).then(() => caFile.remove());
      return closing;
    },
  });
}

function environmentOf({ addresses, configuration }: World, caFile: CaFile): Record<string, string> {
  return {
    AZURE_POD_IDENTITY_AUTHORITY_HOST: addresses.imds,
    NODE_EXTRA_CA_CERTS: caFile.path,
    EMULATOR_API_URL: addresses.handshake,
    EMULATOR_VAULT_URL: addresses.vault,
    EMULATOR_STORAGE_URL: `${addresses.handshake}${STORAGE_ACCOUNT}`,
    EMULATOR_ARM_URL: addresses.arm,
    EMULATOR_TOKEN_URL: addresses.token,
    EMULATOR_TENANT_ID: configuration.tenantId,
    EMULATOR_CLIENT_ID: configuration.systemAssigned.clientId,
    EMULATOR_SUBSCRIPTION_ID: configuration.subscriptionId,
  };
}
