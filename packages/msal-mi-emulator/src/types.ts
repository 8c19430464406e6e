import type { Fault, FaultLeg, Outage } from './faults/fault-types.js';

/** An identity that the emulator's IMDS knows by three names. */
export interface EmulatedIdentity {
  /** Client (application) id, a GUID. */
  clientId: string;
  /** Object (principal) id, a GUID. */
  objectId: string;
  /** Azure resource id of a user-assigned identity, `/subscriptions/...`. */
  resourceId: string;
}

/** What {@link startEmulator} accepts. Unknown names and values of the wrong type are a `TypeError` before anything starts. */
export interface EmulatorOptions {
  /**
   * Port of IMDS; the other servers take the five ports after it (token endpoint +1, attestation +2, handshake resource +3,
   * vault resource +4, Azure Resource Manager +5). Default 0: six free ports.
   */
  port?: number;
  /**
   * Loopback address to listen on. Default: `127.0.0.1`, and `::1` too where the machine has it, so that `localhost` works
   * whichever address a client tries first. Addresses are `localhost` either way. Anything else is refused.
   */
  host?: '127.0.0.1' | '::1';
  /** Makes the generated ids (client, tenant, object, VM) the same at every start. Keys and certificates never are. */
  seed?: string;
  /** `required`: issuecredential refuses a request without an attestation token, as production does. Default `optional`. */
  attestation?: 'optional' | 'required';
  /** Lifetime of access tokens in seconds. Default 86400 (24 hours). */
  tokenLifetimeSeconds?: number;
  /** Lifetime of issued client certificates in seconds. Default 604800 (7 days). */
  certificateLifetimeSeconds?: number;
  /**
   * Writes the extension 1.3.6.1.4.1.311.90.2.1 into client certificates: seconds from their issue after which the token endpoint
   * refuses them with AADSTS1000901, as Entra ID does. Resources take them until they expire. Default: no extension.
   */
  tokenNotAfter?: number | TokenNotAfter;
  /** Client id of the system-assigned identity. Default: generated. */
  clientId?: string;
  /** Tenant of every identity. Default: generated. */
  tenantId?: string;
  /**
   * False: the VM has no system-assigned identity. A request without selector then means the only user-assigned one; with
   * several IMDS answers 400 and asks for a selector, with `identities: []` it answers 400 `Identity not found`. Default true.
   */
  systemAssigned?: boolean;
  /** User-assigned identities. Default: one, generated. */
  identities?: EmulatedIdentity[];
  /** Sends `refresh_in` with every token, in seconds. Default: not sent. */
  refreshInSeconds?: number;
  /** Lifetime of attestation tokens in seconds. Default 86400 (24 hours). */
  attestationTokenLifetimeSeconds?: number;
  /** 1: a VM whose IMDS has version 1 only; the endpoints of version 2 answer 404. Default 2. */
  imdsVersion?: 1 | 2;
  /** Compute unit id that metadata returns and that the CSR has to repeat. Default: `{ vmId }`, generated. */
  cuId?: {
    /** Id of the VM, a GUID. */
    vmId?: string;
    /** Id of the scale set, a GUID. */
    vmssId?: string;
  };
  /** `securityProfile.securityType` of the compute metadata. Default `TrustedLaunch`; empty leaves the profile out. */
  securityType?: string;
  /** Audiences that a resource accepts besides its own origin and its default (see README). */
  audiences?: {
    /** Of the API. */
    handshake?: string[];
    /** Of Key Vault. */
    vault?: string[];
    /** Of Resource Manager. */
    arm?: string[];
  };
  /**
   * Resources that take no bound tokens: for these the token endpoint refuses `token_type=mtls_pop` with AADSTS392196 and issues
   * bearer tokens only. A trailing slash makes no difference. Default: none.
   */
  bearerOnlyAudiences?: string[];
  /** Clock of everything the emulator issues and checks, milliseconds since 1970. Default `Date.now`. */
  now?: () => number;
}

/** How {@link EmulatorOptions.tokenNotAfter} is written. */
export interface TokenNotAfter {
  /** Seconds from the issue of the certificate, 0 to 315360000. */
  seconds: number;
  /** ASN.1 type of the time. Default `generalized-time`. */
  as?: 'generalized-time' | 'utc-time';
  /** True: the time is the only element of a SEQUENCE. Default false. */
  inSequence?: boolean;
}

/** The servers of an emulator. `handshake`, `vault` and `arm` are the resources. */
export type EmulatorServer = 'imds' | 'maa' | 'token' | 'handshake' | 'vault' | 'arm';

/** One request as the emulator saw it. Frozen. Bodies are cut at 64 KiB. */
export interface JournalEntry {
  /** When the request arrived, milliseconds since 1970 (the emulator's clock). */
  at: number;
  /** Which part of the flow it belongs to. */
  leg: 'imds' | 'maa' | 'token' | 'resource';
  /** Empty when the connection failed before a request was read. */
  method: string;
  /** Path and query as sent. Empty when the connection failed before a request was read. */
  url: string;
  /** Status that was answered; 0 when the connection was cut without an answer. */
  status: number;
  /** Request headers, names in lower case. */
  headers: Record<string, string>;
  /** Request body as text; absent when there was none. */
  body?: string;
  /** SHA-256 of the DER of the client certificate that the connection presented, base64url without padding. */
  clientCertificateS256?: string;
  /** Ever-increasing number of the entry, also across {@link Emulator.reset}. */
  id: number;
  /** Which server it came to. */
  server: EmulatorServer;
  /** From arrival to answer, milliseconds. */
  durationMs: number;
  /** Headers of the answer, names in lower case. */
  responseHeaders: Record<string, string>;
  /** Body of the answer as text; absent when there was none. */
  responseBody?: string;
  /** The scripted fault that shaped this answer. */
  fault?: Fault;
  /** Why the emulator refused, or the code of the TLS failure. */
  failure?: string;
}

/** A running emulator. */
export interface Emulator {
  /** `http://localhost:<port>`; also shows the journal to people. */
  readonly imdsUrl: string;
  /** `https://localhost:<port>`: base of the token endpoint, the key set and the OpenID configuration of every tenant. */
  readonly tokenUrl: string;
  /** `http://localhost:<port>`: the attestation endpoint. */
  readonly maaUrl: string;
  /**
   * Origins of the protected resources.
   */
  readonly resources: {
    /** Asks for the certificate in the TLS handshake. */
    readonly handshake: string;
    /** Asks by TLS 1.2 renegotiation, when the request has `x-ms-tokenboundauth: true`. */
    readonly vault: string;
    /** Plays Azure Resource Manager and takes bearer tokens only: for its origin the token endpoint issues nothing else. */
    readonly arm: string;
  };
  /** PEM of the throw-away certification authority, for `system.ca` or `NODE_EXTRA_CA_CERTS`. */
  readonly ca: string;
  /**
   * Environment of a process that should use the emulator: AZURE_POD_IDENTITY_AUTHORITY_HOST, NODE_EXTRA_CA_CERTS (a file that
   * exists until {@link Emulator.close}, with the certificates of a file that this variable named before), and the addresses and
   * ids as EMULATOR_API_URL, EMULATOR_VAULT_URL, EMULATOR_STORAGE_URL, EMULATOR_ARM_URL, EMULATOR_TOKEN_URL, EMULATOR_TENANT_ID,
   * EMULATOR_CLIENT_ID and EMULATOR_SUBSCRIPTION_ID.
   */
  readonly env: Readonly<Record<string, string>>;
  /** Snapshot of the journal, oldest first; take it again to see more. */
  readonly journal: readonly JournalEntry[];
  /** Tenant of every identity, a GUID. */
  readonly tenantId: string;
  /** The one subscription that `resources.arm` and the instance metadata know, a GUID. */
  readonly subscriptionId: string;
  /** System-assigned identity; unknown to IMDS when it was started with `systemAssigned: false`. */
  readonly systemAssigned: Readonly<Omit<EmulatedIdentity, 'resourceId'>>;
  /** User-assigned identities. */
  readonly identities: readonly Readonly<EmulatedIdentity>[];
  /**
   * Scripts the next answers of one leg, e.g. `fault('issuecredential', [{ status: 500 }, { status: 410 }])`. Appends; each request
   * takes one.
   *
   * @param leg - Whose answers.
   * @param faults - One for each answer, in order.
   * @throws TypeError for an unknown leg or a malformed fault
   */
  fault(leg: FaultLeg, faults: Fault[]): void;
  /**
   * Lets one fault meet every request of one or several legs, from now until {@link Outage.end} or {@link Emulator.reset}, or as
   * often as told. Scripted faults of {@link Emulator.fault} come first.
   * @param legs one leg or several
   * @param fault what happens to each request
   * @param options `requests`: how many requests it meets before it ends by itself. Default: no limit.
   * @throws TypeError for an unknown leg or a malformed fault
   */
  outage(legs: FaultLeg | readonly FaultLeg[], fault: Fault, options?: { requests?: number }): Outage;
  /** Forgets faults and outages, journal and what was stored in resources. Keys, certificates and tokens stay valid. */
  reset(): void;
  /** Stops every server, cuts open connections and removes the files named in {@link Emulator.env}. Idempotent. */
  close(): Promise<void>;
}
