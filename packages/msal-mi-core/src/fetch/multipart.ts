import { randomUUID } from 'node:crypto';

/** Encodes a form (RFC 7578, as the Fetch standard serialises it). Files stay where they are until they are read. */
export function encodeMultipart(form: FormData): { contentType: string; content: Blob } {
  const boundary = `----msal-mi-${randomUUID()}`;
  const parts: Array<string | Blob> = [];
  for (const [name, value] of form) {
    const disposition = `--${boundary}\r\nContent-Disposition: form-data; name="${escapeName(normalizeLines(name))}"`;
    if (typeof value === 'string') {
      parts.push(`${disposition}\r\n\r\n${normalizeLines(value)}\r\n`);
    } else {
      const type = value.type === '' ? 'application/octet-stream' : value.type;
      parts.push(
        `${disposition}; filename="${escapeName(value.name)}"\r\nContent-Type: ${type}\r\n\r\n`,
        value,
        '\r\n',
      );
    }
  }
  parts.push(`--${boundary}--\r\n`);
  return { contentType: `multipart/form-data; boundary=${boundary}`, content: new Blob(parts) };
}

const normalizeLines = (text: string): string => text.replace(/\r\n|\r|\n/g, '\r\n');
const escapeName = (name: string): string =>
  name.replaceAll('\n', '%0A').replaceAll('\r', '%0D').replaceAll('"', '%22');
