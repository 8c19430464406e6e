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
   * Port of IMDS; the other servers take the four ports after it (token endpoint +1, attestation +2, handshake resource +3,
   * vault resource +4). Default 0: five free ports.
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
  /** Client id of the system-assigned identity. Default: generated. */
  clientId?: string;
  /** Tenant of every identity. Default: generated. */
  tenantId?: string;
  /**
   * False: the VM has no system-assigned identity, and IMDS answers a request without selector with 400 `Identity not found`.
   * With `identities: []` the VM has no identity at all. Default true.
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
  cuId?: { vmId?: string; vmssId?: string };
  /** `securityProfile.securityType` of the compute metadata. Default `TrustedLaunch`; empty leaves the profile out. */
  securityType?: string;
  /** Audiences that a resource accepts besides its own origin and its default (see README). */
  audiences?: { handshake?: string[]; vault?: string[] };
  /** Clock of everything the emulator issues and checks, milliseconds since 1970. Default `Date.now`. */
  now?: () => number;
}

/** The servers of an emulator. `handshake` and `vault` are the two resources. */
export type EmulatorServer = 'imds' | 'maa' | 'token' | 'handshake' | 'vault';

/** One request as the emulator saw it. Frozen. Bodies are cut at 64 KiB. */
export interface JournalEntry {
  /** When the request arrived, milliseconds since 1970 (the emulator's clock). */
  at: number;
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
  server: EmulatorServer;
  /** From arrival to answer, milliseconds. */
  durationMs: number;
  responseHeaders: Record<string, string>;
  responseBody?: string;
  /** The scripted fault that shaped this answer. */
  fault?: Fault;
  /** Why the emulator refused, or the code of the TLS failure. */
  failure?: string;
}

/** Endpoints whose next answers can be scripted. `imds-token` is IMDS v1, `compute` is the instance metadata. */
export type FaultLeg =
  'getplatformmetadata' | 'issuecredential' | 'attest' | 'token' | 'resource' | 'imds-token' | 'compute';

/** A client-certificate alert (RFC 8446 section 6) that ends a TLS handshake. */
export type TlsAlert =
  | 'handshake_failure'
  | 'bad_certificate'
  | 'unsupported_certificate'
  | 'certificate_revoked'
  | 'certificate_expired'
  | 'certificate_unknown'
  | 'unknown_ca'
  | 'certificate_required';

/**
 * One scripted answer. `status`, `body` and `oauthError` replace the real answer; `headers`, `patch`, `mutate`, `delayMs` and
 * `reset: 'mid-body'` change it.
 */
export type Fault = {
  /** Status of the scripted answer (200 to 599). Default 200 with `body`, 400 with `oauthError` (401 for `invalid_client`). */
  status?: number;
  /** Added to the answer; an existing header is replaced, `null` removes it (`Server` of IMDS, for example). */
  headers?: Record<string, string | null>;
  /** A string is sent as it is, anything else as JSON. */
  body?: unknown;
  /** Waits before answering, milliseconds, at most 600000. */
  delayMs?: number;
  /**
   * Cuts the connection: during the TLS handshake (plain http: before the first byte), after the request was read, or after half
   * of the body.
   */
  reset?: 'before-response' | 'mid-body' | 'handshake';
  /** With `reset: 'handshake'` on a TLS leg: the alert to send instead of a bare reset. */
  tlsAlert?: TlsAlert;
  /** An error in Entra ID's shape. */
  oauthError?: { error: string; error_description?: string; error_codes?: number[] };
  /** Makes the real answer wrong in one way. Only on the leg that has such an answer; `malformed-json` on any. */
  mutate?:
    | 'wrong-cnf'
    | 'bearer-token-type'
    | 'no-token-type'
    | 'no-access-token'
    | 'other-key-certificate'
    | 'not-a-certificate'
    | 'malformed-json';
  /** Members to set in the real JSON answer; `null` removes one. */
  patch?: Record<string, unknown>;
};

/** A running emulator. */
export interface Emulator {
  /** `http://localhost:<port>`; also shows the journal to people. */
  readonly imdsUrl: string;
  /** `https://localhost:<port>`: base of the token endpoint, the key set and the OpenID configuration of every tenant. */
  readonly tokenUrl: string;
  /** `http://localhost:<port>`: the attestation endpoint. */
  readonly maaUrl: string;
  /**
   * Origins of the protected resources. `handshake` asks for the certificate in the handshake; `vault` by TLS 1.2 renegotiation
   * when the request has `x-ms-tokenboundauth: true`.
   */
  readonly resources: { readonly handshake: string; readonly vault: string };
  /** PEM of the throw-away certification authority, for `system.ca` or `NODE_EXTRA_CA_CERTS`. */
  readonly ca: string;
  /** Environment of a process that should use the emulator. The files named here exist until {@link Emulator.close}. */
  readonly env: Readonly<Record<string, string>>;
  /** Snapshot of the journal, oldest first; take it again to see more. */
  readonly journal: readonly JournalEntry[];
  readonly tenantId: string;
  /** System-assigned identity; unknown to IMDS when it was started with `systemAssigned: false`. */
  readonly systemAssigned: Readonly<Omit<EmulatedIdentity, 'resourceId'>>;
  /** User-assigned identities. */
  readonly identities: readonly Readonly<EmulatedIdentity>[];
  /**
   * Scripts the next answers of one leg, e.g. `fault('issuecredential', [{ status: 500 }, { status: 410 }])`. Appends; each request
   * takes one.
   * @throws TypeError for an unknown leg or a malformed fault
   */
  fault(leg: FaultLeg, faults: Fault[]): void;
  /** Forgets faults, journal and what was stored in resources. Keys, certificates and tokens stay valid. */
  reset(): void;
  /** Stops every server, cuts open connections and removes the files named in {@link Emulator.env}. Idempotent. */
  close(): Promise<void>;
}
