import { describe, expect, it } from 'vitest'
import { resolveConfigs } from '../../../../src/core/options/configs.ts'
import type { Options } from '../../../../src/core/options/options.ts'
import { ConfigError } from '../../../../src/errors.ts'
import { ORIGIN } from '../../kit.ts'

const shop: Options = { storageKey: 'shop', apiUrls: ['/shop/'], loginUrl: '/auth/shop' }
const mail: Options = {
  storageKey: 'mail',
  apiUrls: ['https://mail.example/api'],
  loginUrl: 'https://mail.example/login',
}

const resolve = (...options: Options[]) => resolveConfigs(options, `${ORIGIN}/sw.js`)

const errorOf = (...options: Options[]): ConfigError => {
  try {
    resolve(...options)
  } catch (error) {
    if (error instanceof ConfigError) return error
  }
  throw new Error('took what it should refuse')
}

it('takes one configuration as it is, or in an array', () => {
  expect(resolveConfigs(shop, `${ORIGIN}/sw.js`)).toEqual(resolve(shop))
})

it('takes several, in their order', () => {
  expect(resolve(shop, mail).map(({ storageKey }) => storageKey)).toEqual(['shop', 'mail'])
})

it('refuses none at all', () => {
  expect(errorOf().message).toContain('at least one configuration')
})

it('says which configuration has an option that is wrong', () => {
  const error = errorOf(shop, { ...mail, timeout: -1 })
  expect(error.option).toBe('timeout')
  expect(error.message).toContain('(configuration 2 of 2)')
})

it('refuses two of one storageKey, the default one too', () => {
  expect(errorOf(shop, { ...mail, storageKey: 'shop' })).toMatchObject({ option: 'storageKey' })
  const unnamed = (options: Options): Options => ({ ...options, storageKey: undefined }) as unknown as Options
  expect(errorOf(unnamed(shop), unnamed(mail))).toMatchObject({ option: 'storageKey' })
})

describe('refuses what both claim:', () => {
  it.each<[string, Partial<Options>, string]>([
    ['the same prefix', { apiUrls: ['/shop'] }, 'apiUrls'],
    ['a prefix below', { apiUrls: ['/shop/cart/'] }, 'apiUrls'],
    ['a prefix above', { apiUrls: ['/x/', 'https://app.example/shop/../shop'] }, 'apiUrls'],
    ['a login', { loginUrl: '/auth/shop' }, 'loginUrl'],
    ['what a lenient server takes for its login', { signupUrl: '/AUTH/shop/' }, 'loginUrl'],
    ['the default loginUrl of both', { loginUrl: '/auth/shop', refreshTokenUrl: '/x' }, 'loginUrl'],
    ['a login within the API', { loginUrl: '/shop/login' }, 'apiUrls'],
    ['a revocation within the API', { revocationUrl: '/shop/revoke' }, 'apiUrls'],
    ['a logout where the other logs in', { logoutUrl: '/auth/shop' }, 'loginUrl'],
  ])('%s', (_, options, option) => {
    const error = errorOf(shop, { ...mail, ...options })
    expect(error).toMatchObject({ code: 'config_error', option })
    expect(error.message).toContain('"shop"')
    expect(error.message).toContain('"mail"')
    expect(errorOf({ ...mail, ...options }, shop).code).toBe('config_error')
  })
})

it('takes prefixes side by side, and one path with a query for each', () => {
  expect(resolve(shop, { ...mail, apiUrls: ['/shopping/'] })).toHaveLength(2)
  const [a, b] = ['/auth/shop?for=shop', '/auth/shop?for=mail']
  expect(resolve({ ...shop, loginUrl: a }, { ...mail, loginUrl: b })).toHaveLength(2)
})
