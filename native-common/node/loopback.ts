/**
 * True for 127.0.0.0/8, `::1` and `localhost`, and for nothing else: not for names that begin or end alike, nor for IPv4
 * addresses that IPv6 wraps.
 *
 * @param hostname - As `URL.hostname` writes it: in lower case, IPv6 in brackets, IPv4 in four decimal parts.
 */
export function isLoopbackHost(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}
