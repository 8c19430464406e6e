export function filesInTarball(path: string): Array<{ path: string; bytes: Buffer }>;
