/** The kinds of session that the demo shows, and what is said otherwise with each. */
import { register } from '/refresh-worker/index.js'
import { $, el } from './dom.js'
import { kind, kinds } from './kind.js'

export { kind }

const NAMES = { bearer: 'Tokens in the worker', cookies: 'Session in cookies', page: 'No worker' }

const WORDS = {
  bearer: {
    about: [
      'A service worker authorizes the calls of every tab and renews the access token once for all of them. The pages only call ',
      el('code', '', 'fetch'),
      '.',
    ],
    host: 'worker',
    proof: 'The worker has kept the tokens. The page that logged in gets placeholders, and needs no more.',
  },
  cookies: {
    about: [
      'The server keeps both tokens in HttpOnly cookies, and no script ever sees one. The worker knows who is logged in, and has them renewed once for all tabs.',
    ],
    host: 'worker',
    proof: 'There is no token in it: the server has set both as HttpOnly cookies.',
  },
  page: {
    about: [
      'Here a page can have no worker, as in many in-app browsers. Each tab keeps the session itself, by the worker’s own code, and the tokens are still renewed once for all of them.',
    ],
    host: 'page',
    proof: 'This page’s own host has kept the tokens. The code that logged in gets placeholders, and needs no more.',
  },
}

export const words = WORDS[kind]

/** The helper of this kind. */
export function registerKind() {
  const options = kind === 'page' ? { host: 'page', withoutWorker: () => import('/in-page.js') } : {}
  return register('/sw.js', options)
}

export function renderKinds() {
  $('about').replaceChildren(...words.about)
  $('hint-end').textContent = `At its end the ${words.host} renews it, once for all tabs.`
  $('kill').hidden = kind !== 'page'
  $('kinds').hidden = kinds.length < 2
  $('kinds-list').append(
    ...kinds.map(each => {
      const link = el('a', '', NAMES[each.kind])
      link.href = each.url
      if (each.kind === kind) link.setAttribute('aria-current', 'page')
      return el('li', '', link)
    }),
  )
}
