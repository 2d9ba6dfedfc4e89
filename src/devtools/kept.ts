/** What a tab keeps over a reload; nothing where storage is forbidden. */
export function kept(name: string): string | null {
  try {
    return sessionStorage.getItem(`refresh-worker/devtools/${name}`)
  } catch {
    return null
  }
}

export function keep(name: string, value: string): void {
  try {
    sessionStorage.setItem(`refresh-worker/devtools/${name}`, value)
  } catch {
    // It is only a convenience.
  }
}
