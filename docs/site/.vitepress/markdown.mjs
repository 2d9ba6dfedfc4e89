import { posix, relative } from 'node:path'
import { PAGES, ROOT } from './pages.mjs'

/** The anchor of a heading, as git hosts make it. */
export const anchorOf = heading =>
  heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-')

/** Has the links and the blocks of code, which are written for a git host, mean the same in the site. */
export function linkLikeGit(md) {
  md.core.ruler.push('links-of-the-repository', ({ tokens, env }) => {
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      const href = token.type === 'link_open' ? token.attrGet('href') : null
      if (href === null || /^(\w+:|#)/.test(href)) continue
      const [path, anchor] = href.split('#')
      const from = fileOf(env)
      const file = posix.join(posix.dirname(from), decodeURI(path))
      const page = PAGES[file]
      if (page === undefined) throw new Error(`${from} links to ${file}, which is no page of the site`)
      token.attrSet('href', `/${page}${anchor ? `#${anchor}` : ''}`)
    }
  })

  const { fence } = md.renderer.rules
  md.renderer.rules.fence = (tokens, index, options, env, self) => {
    const token = tokens[index]
    const [language = '', file] = token.info.split(' ')
    token.info = language
    const code = fence(tokens, index, options, env, self)
    return file ? `<div class="file-name"><code>${md.utils.escapeHtml(file)}</code></div>${code}` : code
  }
}

/** From the root of the repository; the path that VitePress gives may be the one in the site. */
function fileOf({ realPath, path }) {
  return relative(ROOT, realPath ?? path).replaceAll('\\', '/')
}
