/** Base URLs of the servers, without trailing slash. */
export interface Addresses {
  imds: string;
  maa: string;
  token: string;
  handshake: string;
  vault: string;
  arm: string;
}
