import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const rigFolder = dirname(fileURLToPath(import.meta.url));
export const testFolder = resolve(rigFolder, '../test/windows');
export const contractFolder = resolve(rigFolder, '../test/contract');
export const doctorFolder = resolve(rigFolder, '../test/doctor');
export const azureSdkFolder = resolve(rigFolder, '../azure-sdk');
export const repository = resolve(rigFolder, '../../..');
export const packageFolder = (name) => join(repository, 'packages', name);

/** What is made once and kept between runs; git ignores it. */
export const cacheFolder = join(repository, '.wine-rig');
