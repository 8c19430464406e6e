import { rmSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const CERTIFICATE = /^-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]*-----END CERTIFICATE-----/gm;

/** A file with certificates, while the emulator runs. */
export interface CaFile {
  path: string;
  remove(): Promise<void>;
}

/**
 * Writes the certificate of the emulator's authority, and after it what NODE_EXTRA_CA_CERTS of this process names, because the
 * variable can name only one file. Everybody may read it, since a program can run as another user; it holds no secret.
 */
export async function writeCaFile(pem: string): Promise<CaFile> {
  const folder = await mkdtemp(join(tmpdir(), 'msal-mi-emulator-'));
  const path = join(folder, 'ca.pem');
  await writeFile(path, pem + (await callersCertificates()), { mode: 0o644 });
  // mkdtemp and the umask keep others out.
  await chmod(path, 0o644);
  await chmod(folder, 0o755);
  const removeAtExit = (): void => rmSync(folder, { recursive: true, force: true });
  process.once('exit', removeAtExit);
  return {
    path,
    async remove() {
      process.off('exit', removeAtExit);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Node.js goes on without a file that it cannot read, and so does this. */
async function callersCertificates(): Promise<string> {
  const file = process.env['NODE_EXTRA_CA_CERTS'];
  if (!file) return '';
  try {
    // Certificates alone: a private key that lies beside them is none of the readers' business.
    const certificates = (await readFile(file, 'utf8')).match(CERTIFICATE) ?? [];
    return certificates.map((certificate) => `${certificate}\n`).join('');
  } catch {
    return '';
  }
}
