export function problemsOf(home: string, files: readonly string[]): string[]
