import { randomBytes } from 'node:crypto';
import type { Answer } from '../../http/exchange.js';

/** Path of the account that plays Azure Storage, as Azurite calls it. */
export const STORAGE_ACCOUNT = '/devstoreaccount1';

/** Whether a path belongs to Azure Storage. */
export function isStoragePath(path: string): boolean {
  return path === STORAGE_ACCOUNT || path.startsWith(`${STORAGE_ACCOUNT}/`);
}

/** Headers of every answer of Azure Storage. */
export function storageHeaders(): Record<string, string> {
  return { 'x-ms-version': '2025-11-05', 'x-ms-request-id': randomBytes(16).toString('hex') };
}

/** An answer in XML. */
export function xmlAnswer(status: number, content: string): Answer {
  return {
    status,
    headers: { ...storageHeaders(), 'Content-Type': 'application/xml' },
    text: `<?xml version="1.0" encoding="utf-8"?>${content}`,
  };
}

/** An error in the shape of Azure Storage. */
export function storageError(status: number, code: string, message = code): Answer {
  const answer = xmlAnswer(status, `<Error><Code>${code}</Code><Message>${escapeXml(message)}</Message></Error>`);
  return { ...answer, headers: { ...answer.headers, 'x-ms-error-code': code }, failure: code };
}

/** Text as it stands in XML. */
export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
