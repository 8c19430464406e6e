/** The folder of this package. */
export function packageFolder(): string;
/** Where the published addon for a platform lies, whether or not it is there. */
export function prebuiltAddonPath(platform: string, arch: string): string;
/** Loads a .node file by absolute path. Throws what `process.dlopen` throws. */
export function loadAddonFile(file: string): unknown;
