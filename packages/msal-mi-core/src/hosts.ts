/** Names that more than one part of the product knows. */

/**
 * True for 127.0.0.0/8, `::1` and `localhost`, and for nothing else.
 *
 * @param hostname - As `URL.hostname` writes it: in lower case, IPv6 in brackets, IPv4 in four decimal parts.
 */
export function isLoopbackHost(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

/** Where a VM finds its metadata service. */
export const IMDS_ADDRESS = 'http://169.254.169.254';
/** The environment variable that switches version 2 of IMDS off (D32). */
export const DISABLE_IMDS_V2 = 'MSAL_MI_DISABLE_IMDS_V2';
