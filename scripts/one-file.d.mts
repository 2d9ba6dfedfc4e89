/** The worker that the built package makes of a configuration's module, given as its text. */
export function oneFileOf(module: string): Promise<string>
