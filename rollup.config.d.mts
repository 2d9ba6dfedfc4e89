import type { OutputOptions, Plugin } from 'rollup'

export const minified: Plugin
export function worker(
  mode: 'production' | 'development',
  file: string,
  plugins: readonly Plugin[],
  input?: string,
): { readonly input: string; readonly plugins: Plugin[]; readonly output: OutputOptions }
