import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { buildSync } from 'esbuild'
import { describe, expect, it } from 'vitest'
import * as presets from '../../src/presets/index.ts'
import { configOf, jsonResponse, NOW } from './kit.ts'

/** Each with the options that it takes. */
const all = {
  ...presets,
  cognito: () => presets.cognito({ clientId: 'client', url: 'https://cognito-idp.eu-central-1.amazonaws.com/' }),
  firebase: () => presets.firebase({ apiKey: 'key' }),
  supabase: () => presets.supabase({ apikey: 'anon' }),
}

describe.each(Object.entries(all))('the preset %s', (name, preset) => {
  it('is a configuration, and stays one with options of the application', () => {
    expect(
      configOf({ ...preset(), useRefreshToken: preset().useRefreshToken ?? false, apiUrls: ['/items/'] }),
    ).toBeTruthy()
  })

  it('takes a few hundred bytes', () => {
    const stdin = { contents: `export { ${name} } from './src/presets/index.ts'`, resolveDir: '.' }
    const { outputFiles } = buildSync({ stdin, bundle: true, minify: true, format: 'esm', write: false })
    expect(gzipSync(outputFiles[0]?.contents ?? '').length).toBeLessThan(800)
  })
})

it('no preset is in the worker', () => {
  expect(readFileSync('dist/refresh-worker.js', 'utf8')).not.toMatch(/auth-with-|st-access-token|identitytoolkit/)
})

describe('what a preset reads', () => {
  const read = async (
    preset: presets.Preset,
    body: object,
    headers: Record<string, string> = {},
    url = 'https://app.example/',
  ) => {
    const response = jsonResponse(body, { headers: { 'Content-Type': 'application/json', ...headers } })
    return preset.readTokens?.(Object.defineProperty(response, 'url', { value: url }))
  }

  it.each([
    ['a challenge of Cognito', all.cognito(), { ChallengeName: 'SMS_MFA', Session: 's' }],
    ['a failure of Directus', presets.directus(), { errors: [] }],
    ['Directus, otp wanted', presets.directus(), { data: null }],
    ['Firebase, second factor', all.firebase(), { mfaPendingCredential: 'x', mfaInfo: [] }],
    ['Payload', presets.payload(), { errors: [{ message: 'no' }] }],
    ['Better Auth, second factor', presets.betterAuth(), { twoFactorRedirect: true }],
    ['SuperTokens, wrong password', presets.superTokens(), { status: 'WRONG_CREDENTIALS_ERROR' }],
    ['devise-jwt', presets.deviseJwt(), {}],
  ])('of %s is nothing', async (_, preset, body) => {
    expect(await read(preset, body)).toBeNull()
  })

  it('of a body that is no JSON is nothing', async () => {
    for (const preset of [all.cognito(), presets.directus(), all.firebase(), presets.payload()])
      expect(await preset.readTokens?.(new Response('<html>'))).toBeNull()
  })

  it('of Directus counts milliseconds, and of Payload seconds since the epoch', async () => {
    expect(
      await read(presets.directus(), { data: { access_token: 'a', refresh_token: 'r', expires: 900_000 } }),
    ).toEqual({
      accessToken: 'a',
      refreshToken: 'r',
      expiresIn: 900,
    })
    expect(await read(presets.payload(), { refreshedToken: 'b', exp: NOW / 1000 })).toEqual({
      accessToken: 'b',
      expiresAt: NOW / 1000,
    })
  })
})
