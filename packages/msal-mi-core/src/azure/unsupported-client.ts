/** Clients that put the token where a certificate-bound one cannot go. */
import { MsiV2Error } from '../errors.js';
import { isWithin } from '../mtls-fetch/host-profiles.js';

interface Unsupported {
  readonly domains: readonly string[];
  readonly reason: string;
  readonly remediation: string;
}

const AMQP: Unsupported = {
  domains: [
    'servicebus.azure.net',
    'eventhubs.azure.net',
    'servicebus.windows.net',
    'servicebus.chinacloudapi.cn',
    'servicebus.usgovcloudapi.net',
  ],
  reason: 'Service Bus and Event Hubs send the token in an AMQP message, over a connection without its certificate',
  remediation:
    'Use another credential for this client. Over HTTPS, ServiceBusAdministrationClient and SchemaRegistryClient ' +
    'work with withMtlsPop.',
};

const OWN_PROTOCOLS: readonly Unsupported[] = [
  {
    domains: ['documents.azure.com', 'documents.azure.cn', 'documents.azure.us'],
    reason: 'The client of Cosmos DB writes the token into a signature of its own',
    remediation: 'Use another credential for CosmosClient. TableClient works with withMtlsPop where the service does.',
  },
  {
    domains: ['containerregistry.azure.net'],
    reason: 'A container registry exchanges the token for one of its own, which is sent without a certificate',
    remediation: 'Use another credential for the clients of Container Registry.',
  },
  {
    domains: ['database.windows.net', 'ossrdbms-aad.database.windows.net', 'redis.azure.com'],
    reason: 'Databases take the token as a password, over a connection without its certificate',
    remediation: 'Use another credential for the database.',
  },
];

/**
 * Refuses the scopes by which such a client can be told before it has sent anything.
 *
 * @param isOfPipeline - True when options came with the scope. Clients over HTTPS pass some with every request, those over
 *   AMQP none.
 * @throws MsiV2Error `client_not_supported`.
 */
export function refuseUnsupportedScope(scope: string, isOfPipeline: boolean): void {
  if (!URL.canParse(scope)) return;
  const { hostname, pathname } = new URL(scope);
  // Clients over AMQP ask for //.default or the bare audience.
  const isAmqp = !isOfPipeline && pathname !== '/.default' && within(AMQP, hostname);
  const unsupported = isAmqp ? AMQP : OWN_PROTOCOLS.find((entry) => within(entry, hostname));
  if (unsupported !== undefined) throw clientNotSupported(unsupported.reason, unsupported.remediation);
}

export function clientNotSupported(reason: string, remediation?: string): MsiV2Error {
  return new MsiV2Error('client_not_supported', {
    stage: 'resource',
    message: `${reason}.`,
    ...(remediation !== undefined && { remediation }),
  });
}

const within = ({ domains }: Unsupported, hostname: string): boolean =>
  domains.some((domain) => isWithin(hostname, domain));
