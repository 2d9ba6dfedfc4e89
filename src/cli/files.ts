import { lstat, readFile, stat } from 'node:fs/promises'

/** A mistake of whoever called, or of the folder: what was wrong and what to do. */
export class UsageError extends Error {}

export async function mustBeFolder(path: string) {
  const isFolder = await stat(path).then(
    found => found.isDirectory(),
    () => false,
  )
  if (!isFolder) throw new UsageError(`${path} is no folder`)
}

/** What is written through a link lands somewhere else: in a shared folder, or in a package. */
export async function mustBeNoLink(path: string) {
  const isLink = await lstat(path).then(
    found => found.isSymbolicLink(),
    () => false,
  )
  if (isLink) throw new UsageError(`${path} is a symbolic link: remove it, or name the folder that it leads to`)
}

/** Null where there is no such file. */
export async function read(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
