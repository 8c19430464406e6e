import type { Addresses } from './addresses.js';
import type { CertificateAuthority } from './crypto/certificate-authority.js';
import type { JwtIssuer } from './crypto/jwt.js';
import type { IdentityDirectory } from './identities.js';
import type { Configuration } from './options.js';

/** What the services of one emulator share. */
export interface World {
  configuration: Configuration;
  directory: IdentityDirectory;
  authority: CertificateAuthority;
  /** Signs access tokens. */
  tokenIssuer: JwtIssuer;
  /** Signs attestation tokens; its key is made when the first one is needed. */
  attestationIssuer: () => Promise<JwtIssuer>;
  addresses: Addresses;
}
