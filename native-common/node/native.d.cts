/** The folder of this package, or of the bundle it went into. Not always a fully qualified path: see addon-loader.ts. */
export function ownFolder(): string | undefined;
/** Where the published addon for `<platform>-<arch>` lies, whether or not it is there. Needs an {@link ownFolder}. */
export function prebuiltAddon(target: string, name: string): string;
/** The package node-gyp-build. Throws where it is not installed, as in bundles. */
export function nodeGypBuild(): { path(folder: string): string };
