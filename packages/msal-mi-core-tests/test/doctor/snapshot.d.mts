export function assertSnapshot(name: string, text: string, folders?: Readonly<Record<string, string>>): void;
