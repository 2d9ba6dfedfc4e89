import { ConfigError } from '../../errors.ts'
import { CHECKS } from '../features.ts'
import { createHasPrefix, type Endpoint, isAt } from '../http/urls.ts'
import type { Config } from './config.ts'
import type { Options } from './options.ts'
import { resolveConfig } from './resolve-config.ts'

/** A URL, or all below it, that a configuration decides about. */
interface Claimed extends Endpoint {
  readonly option: string
  readonly isPrefix: boolean
}

/**
 * Validates one configuration or several, which must be told apart: by `storageKey`, and by every URL.
 * @param scriptUrl the worker's own URL, which relative URLs are resolved against
 * @param isChecked whether these very options were checked before
 * @throws {ConfigError} code `config_error`; names the option, and the configurations where there are several
 */
export function resolveConfigs(
  options: Options | readonly Options[],
  scriptUrl: string,
  isChecked = false,
): readonly Config[] {
  const isOne = (given: typeof options): given is Options => !Array.isArray(given)
  if (isOne(options)) return [resolveConfig(options, scriptUrl, isChecked)]
  if (options.length === 0) throw new ConfigError('(all)', 'got [], takes at least one configuration')
  const configs = options.map((one, index) => {
    try {
      return resolveConfig(one, scriptUrl, isChecked)
    } catch (error) {
      if (error instanceof ConfigError) error.message += ` (configuration ${index + 1} of ${options.length})`
      throw error
    }
  })
  if (CHECKS && !isChecked)
    configs.forEach((config, index) => {
      for (const earlier of configs.slice(0, index)) assertApart(earlier, config)
    })
  return configs
}

function assertApart(a: Config, b: Config) {
  if (a.storageKey === b.storageKey)
    throw new ConfigError('storageKey', `two configurations have ${JSON.stringify(a.storageKey)}: give each its own`)
  for (const one of claimedBy(a))
    for (const other of claimedBy(b))
      if (isClash(one, other) || isClash(other, one))
        throw new ConfigError(
          one.option,
          `${one.href} of ${JSON.stringify(a.storageKey)} and ${other.href} (${other.option}) of ` +
            `${JSON.stringify(b.storageKey)} claim the same requests: give each URLs of its own`,
        )
}

function claimedBy(config: Config): readonly Claimed[] {
  const claimed: Claimed[] = []
  const add = (option: string, endpoint: Endpoint | null, isPrefix = false) => {
    if (endpoint) claimed.push({ option, isPrefix, ...endpoint })
  }
  for (const loginUrl of config.loginUrls) add('loginUrl', loginUrl)
  for (const logoutUrl of config.logoutUrls) add('logoutUrl', logoutUrl)
  for (const option of ['signupUrl', 'revocationUrl', 'refreshTokenUrl'] as const) add(option, config[option])
  for (const option of ['apiUrls', 'tokensInBodies'] as const)
    for (const area of config[option]) if (typeof area === 'object') add(option, area, true)
  return claimed
}

/** Whether a request can be for both; two endpoints on one path are apart where each has a query of its own. */
function isClash(one: Claimed, other: Claimed): boolean {
  const url = new URL(other.href)
  if (one.isPrefix) return createHasPrefix([one])(url)
  if (other.isPrefix) return false
  return isAt(url, one)
}
