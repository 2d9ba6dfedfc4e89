import { ConfigError } from '../../errors.ts'
import {
  BODIES,
  COOKIES,
  DPOP,
  HOLD,
  HOOKS,
  ISSUER,
  MEMORY,
  OPERATIONS,
  REVOCATION,
  STATIC_ROUTES,
} from '../features.ts'
import type { Config } from './config.ts'

const IS_WHOLE =
  BODIES && COOKIES && DPOP && HOLD && HOOKS && ISSUER && MEMORY && OPERATIONS && REVOCATION && STATIC_ROUTES

const BUILT = {
  BODIES,
  COOKIES,
  DPOP,
  HOLD,
  HOOKS,
  ISSUER,
  MEMORY,
  OPERATIONS,
  REVOCATION,
  STATIC_ROUTES,
}

export type Feature = keyof typeof BUILT

/** Which parts of the worker a configuration takes. */
export function featuresOf(config: Config): Readonly<Record<Feature, boolean>> {
  const { issuer, isRefreshRejected, isUnauthorized, logoutRequest, readTokens, refreshRequest } = config
  return {
    BODIES: config.tokensInAnswers || config.tokensInBodies.length > 0,
    COOKIES: config.refreshTokenIn === 'cookie',
    DPOP: config.dpop,
    HOLD: config.whenEnded === 'hold',
    HOOKS: [isRefreshRejected, isUnauthorized, logoutRequest, readTokens, refreshRequest].some(Boolean),
    ISSUER: issuer !== null,
    MEMORY: config.storage === 'memory',
    OPERATIONS: config.loginOperations.length > 0,
    REVOCATION: config.revocationUrl !== null || issuer !== null,
    STATIC_ROUTES: config.staticRoutes,
  }
}

/** A script that was built for other options would leave out what these ask for, and say nothing. */
export function assertBuiltFor(config: Config) {
  if (IS_WHOLE) return
  for (const [name, isNamed] of Object.entries(featuresOf(config)))
    if (isNamed && !BUILT[name as Feature])
      throw new ConfigError('(all)', `this script was built without ${name}: build it anew, with these options`)
}
