import type { BuildOptions } from 'esbuild'

export function loadedAtOnce(source: string, folder: string, options?: BuildOptions): Promise<string>
