/**
 * What a build has inside. `refresh-worker build`, which knows the configuration, leaves out what that does not name; any
 * other build has all of it. Each is a constant of its own, so that a bundler can take away what stands behind one.
 */
declare const __RW_BODIES__: boolean
declare const __RW_CHECKS__: boolean
declare const __RW_COOKIES__: boolean
declare const __RW_DPOP__: boolean
declare const __RW_HOLD__: boolean
declare const __RW_HOOKS__: boolean
declare const __RW_ISSUER__: boolean
declare const __RW_MEMORY__: boolean
declare const __RW_OPERATIONS__: boolean
declare const __RW_REVOCATION__: boolean
declare const __RW_STATIC_ROUTES__: boolean

/** Tokens in bodies of API requests and in any answer. */
export const BODIES = typeof __RW_BODIES__ === 'undefined' || __RW_BODIES__
/** Options are checked when `setup()` is called, as they may be wrong. */
export const CHECKS = typeof __RW_CHECKS__ === 'undefined' || __RW_CHECKS__
/** A cookie is a part of the session, or all of it. */
export const COOKIES = typeof __RW_COOKIES__ === 'undefined' || __RW_COOKIES__
/** RFC 9449. */
export const DPOP = typeof __RW_DPOP__ === 'undefined' || __RW_DPOP__
/** Requests that wait for the next login. */
export const HOLD = typeof __RW_HOLD__ === 'undefined' || __RW_HOLD__
/** The application's own code, where servers differ. */
export const HOOKS = typeof __RW_HOOKS__ === 'undefined' || __RW_HOOKS__
/** RFC 8414. */
export const ISSUER = typeof __RW_ISSUER__ === 'undefined' || __RW_ISSUER__
/** Tokens in memory. */
export const MEMORY = typeof __RW_MEMORY__ === 'undefined' || __RW_MEMORY__
/** Logins by GraphQL. */
export const OPERATIONS = typeof __RW_OPERATIONS__ === 'undefined' || __RW_OPERATIONS__
/** RFC 7009. */
export const REVOCATION = typeof __RW_REVOCATION__ === 'undefined' || __RW_REVOCATION__
/** The browser's own rules. */
export const STATIC_ROUTES = typeof __RW_STATIC_ROUTES__ === 'undefined' || __RW_STATIC_ROUTES__
