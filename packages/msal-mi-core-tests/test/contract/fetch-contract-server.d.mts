export interface ContractServers {
  readonly origin: string;
  readonly otherOrigin: string;
  readonly untrustedOrigin: string;
  close(): Promise<void>;
}
export declare function startContractServers(pki: {
  key: string;
  cert: string;
  /** PEM of the authority that issued the client certificates. */
  ca: string;
  untrusted: { key: string; cert: string };
}): Promise<ContractServers>;
export declare const FLOOD_BYTES: number;
