export type EngineName = 'chromium' | 'firefox' | 'webkit'
export const CHROMIUM_FLAGS: readonly string[]
export const ENGINE_NAMES: readonly EngineName[]
export function isRequired(name: EngineName): boolean
export function findBrowser(name: EngineName): string | undefined
export function findShell(): string | undefined
export function ensureBrowser(name: EngineName): string
export function installByApt(...packages: readonly string[]): void
