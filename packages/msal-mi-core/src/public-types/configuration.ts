/** What an application is made with. */
import type { AttestationProvider } from './attestation-provider.js';

/** Names a user-assigned identity. At most one member may be set; none means the system-assigned identity. */
export type ManagedIdentityIdParams = {
  /** Client id of the identity, a GUID. */
  userAssignedClientId?: string;
  /** Its path in Azure: `/subscriptions/…/userAssignedIdentities/<name>`. */
  userAssignedResourceId?: string;
  /** Object id (principal id) of the identity, a GUID. */
  userAssignedObjectId?: string;
};

/** Structural copy of msal-node's type of the same name, so that an msal-node object can be passed without importing it. */
export interface NetworkResponse<T> {
  /** By name, in lower case. */
  headers: Record<string, string>;
  /** Text, or what it was parsed to. */
  body: T;
  /** Of HTTP, such as 200. */
  status: number;
}
/** Structural copy of msal-node's type of the same name. */
export interface NetworkRequestOptions {
  /** To be sent as they are. Default: none. */
  headers?: Record<string, string>;
  /** Default: none. */
  body?: string;
}
/** Structural copy of msal-node's type of the same name. */
export interface INetworkModule {
  /**
   * Sends a GET. A rejection counts as a lost connection.
   *
   * @param url - With its query.
   * @param options - Headers.
   * @param timeout - Milliseconds.
   */
  sendGetRequestAsync<T>(url: string, options?: NetworkRequestOptions, timeout?: number): Promise<NetworkResponse<T>>;
  /**
   * Sends a POST. A rejection counts as a lost connection.
   *
   * @param url - With its query.
   * @param options - Headers and body.
   */
  sendPostRequestAsync<T>(url: string, options?: NetworkRequestOptions): Promise<NetworkResponse<T>>;
}
/** Structural copy of msal-node's type of the same name. Levels: 0 error, 1 warning, 2 info, 3 verbose, 4 trace. */
export interface LoggerOptions {
  /** Receives each line; `containsPii` marks those that name identities. Default: none. */
  loggerCallback?: (level: number, message: string, containsPii: boolean) => void;
  /** Lets messages through that name identities. Tokens, keys and certificates are never logged. Default: false. */
  piiLoggingEnabled?: boolean;
  /** The most detailed level that is delivered. Default: 2 (info). */
  logLevel?: number;
}

/** Configuration of {@link ManagedIdentityApplication}. Unknown members are ignored, as msal-node does. */
export type ManagedIdentityConfiguration = {
  /** Default: the system-assigned identity. */
  managedIdentityIdParams?: ManagedIdentityIdParams;
  /** Capabilities such as `"cp1"`, sent as `xms_cc` in the claims parameter. Default: none. */
  clientCapabilities?: Array<string>;
  /** How the application reaches services, and what it tells of it. */
  system?: {
    /** Where log lines go. Default: nowhere, unless `NODE_DEBUG` names `msal-mi`. */
    loggerOptions?: LoggerOptions;
    /** Serves the IMDS legs only. The mTLS leg is never delegated: a generic client cannot hold the key. */
    networkClient?: INetworkModule;
    /** True makes exactly one attempt on every leg. Default: false. */
    disableInternalRetries?: boolean;
    /** Deadline of one `acquireToken` call in milliseconds, retries included. Default: none. */
    timeout?: number;
    /**
     * Further certificate authorities (PEM) for the software transport: the emulator, a private cloud. Added to the
     * default roots, never instead of verification. WinHTTP trusts the Windows certificate stores only.
     */
    ca?: string | string[];
  };
  /** Attestation provider to use instead of the discovered one. Needed in bundled applications. */
  attestationProvider?: AttestationProvider;
};
