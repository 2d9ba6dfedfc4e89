export function ensurePackages(folder: string, ...options: readonly string[]): Promise<void>
