const HANDSHAKE_RECORD = 0x16;
const CLIENT_HELLO = 1;
const RECORD_HEADER_BYTES = 5;
const MESSAGE_HEADER_BYTES = 4;
const VERSION_AND_RANDOM_BYTES = 34;
const SERVER_NAME_EXTENSION = 0;

/**
 * The server name that a TLS client asks for (RFC 6066 section 3).
 * @param bytes the first bytes of a connection
 * @returns undefined when there is none, as for an address, or when this is not a whole ClientHello
 */
export function serverNameOf(bytes: Buffer): string | undefined {
  try {
    return readServerName(bytes);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function readServerName(bytes: Buffer): string | undefined {
  if (bytes.readUInt8(0) !== HANDSHAKE_RECORD || bytes.readUInt8(RECORD_HEADER_BYTES) !== CLIENT_HELLO)
    return undefined;
  let at = RECORD_HEADER_BYTES + MESSAGE_HEADER_BYTES + VERSION_AND_RANDOM_BYTES;
  at += 1 + bytes.readUInt8(at); // session id
  at += 2 + bytes.readUInt16BE(at); // cipher suites
  at += 1 + bytes.readUInt8(at); // compression methods
  const end = at + 2 + bytes.readUInt16BE(at);
  at += 2;
  while (at < end) {
    const type = bytes.readUInt16BE(at);
    const length = bytes.readUInt16BE(at + 2);
    if (type === SERVER_NAME_EXTENSION) {
      // List length (2), name type (1), name length (2), name.
      const nameLength = bytes.readUInt16BE(at + 7);
      return bytes.toString('latin1', at + 9, at + 9 + nameLength).toLowerCase();
    }
    at += 4 + length;
  }
  return undefined;
}
