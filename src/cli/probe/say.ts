/** What was found: as it should be, worth knowing, or to be mended. */
export type Level = 'ok' | 'note' | 'mend'

/** Never a token. */
export type Say = (level: Level, step: string, text: string) => void
