import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { buildSync } from 'esbuild'
import { describe, expect, it } from 'vitest'
import * as presets from '../../src/presets/index.ts'
import { openCore } from './core/whole-core.ts'
import { configOf, jsonResponse, NOW, received } from './kit.ts'

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

describe('behind a preset', () => {
  const [bearer, inner] = ['bearer-of-devise-token-auth', 'inner-secret-access-token']
  const devise = (token: string, isNew: boolean) =>
    received(
      new Response('{"data":{"email":"ada@example.org"}}', {
        headers: {
          'Content-Type': 'application/json',
          Authorization: `Bearer ${token}`,
          'access-token': isNew ? inner : ' ',
          client: 'client-of-this-browser',
          expiry: isNew ? String(NOW / 1000 + 600) : ' ',
          uid: 'ada@example.org',
        },
      }),
    )

  it('devise_token_auth shows no part of its credentials (W46)', async () => {
    const core = openCore({ ...presets.deviseTokenAuth(), useRefreshToken: false }, sent =>
      sent.url.endsWith('/me') ? devise(bearer, false) : devise(bearer, true),
    )
    for (const answer of [
      await core.post('/auth/sign_in'),
      await core.send('/api/posts'),
      await core.send('/api/me'),
    ]) {
      const all = JSON.stringify([...answer.headers]) + (await answer.text())
      expect([bearer, inner, 'client-of-this-browser'].filter(secret => all.includes(secret))).toEqual([])
      // It is no secret, and stands in bodies too.
      expect(answer.headers.get('uid')).toBe('ada@example.org')
    }
    expect(await core.state()).toMatchObject({ status: 'authenticated', expiresAt: NOW + 600_000 })
  })

  it.each([
    ['devise_token_auth', presets.deviseTokenAuth(), '/auth/sign_in'],
    ['devise-jwt', presets.deviseJwt(), '/users/sign_in'],
  ])('%s, where nothing renews a token, a 401 for it ends the session', async (_, preset, login) => {
    const core = openCore({ ...preset, useRefreshToken: false }, sent =>
      sent.url.endsWith('/sign_in') ? devise(bearer, true) : received(new Response('{}', { status: 401 })),
    )
    await core.post(login)
    expect((await core.send('/api/me')).status).toBe(401)
    expect(await core.state()).toEqual({ status: 'anonymous', reason: 'rejected' })
  })

  it('Payload shows no token in whatever answer has one', async () => {
    const token = 'token-of-a-payload-user'
    const core = openCore(presets.payload(), () => jsonResponse({ user: {}, token, exp: NOW / 1000 + 600 }))
    for (const path of ['login', 'reset-password', 'first-register'])
      expect(await (await core.post(`/api/users/${path}`)).text()).not.toContain(token)
    expect(await (await core.send('/api/users/me')).text()).not.toContain(token)
    expect(core.sent.at(-1)?.authorization).toBe(`Bearer ${token}`)
  })

  it('SuperTokens takes the tokens of any answer, and shows none', async () => {
    let count = 0
    const core = openCore(presets.superTokens(), () =>
      received(new Response('{}', { headers: { 'st-access-token': `access-token-number-${++count}` } })),
    )
    await core.post('/auth/signin')
    const { headers } = await core.send('/api/me')
    expect(headers.get('st-access-token')).not.toContain('access-token-number')
    expect(core.stored()).toMatchObject({ accessToken: 'access-token-number-2' })
  })

  it('Firebase takes a login with a second factor for one', async () => {
    const tokens = { idToken: 'id-token-of-firebase', refreshToken: 'refresh-token-of-firebase' }
    const core = openCore(all.firebase(), () => received(jsonResponse(tokens), { type: 'cors' }))
    const url = 'https://identitytoolkit.googleapis.com/v2/accounts/mfaSignIn:finalize?key=key'
    expect(await (await core.post(url)).text()).not.toMatch(/-of-firebase/)
    expect(await core.state()).toMatchObject({ status: 'authenticated' })
  })

  it.each([0, null, undefined])('Directus may name no expiry: %j', async expires => {
    const core = openCore(presets.directus(), () => jsonResponse({ data: { access_token: 'a', expires } }))
    await core.post('/auth/login')
    expect(await core.state()).toMatchObject({ status: 'authenticated', expiresAt: null })
    expect((await core.inspect()).hookFailures).toEqual([])
  })
})
