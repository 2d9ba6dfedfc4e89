import { registerKind } from './kinds.js'

registerKind()
  .updateToken()
  .catch(() => {}) // whoever opened this looks at the server
