/** cognito-local, and an API that checks its access tokens. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { type Ask, type Backend, post } from '../backend.ts'
import { freePort, start } from '../processes.ts'

const SERVICE = 'AWSCognitoIdentityProviderService.'
const TYPE = 'application/x-amz-json-1.1'
const PASSWORD = 'Lovelace-1843'

const call = (target: string, body: object): Ask =>
  post('/', body, { 'Content-Type': TYPE, 'X-Amz-Target': SERVICE + target })

export const cognito: Backend = {
  title: 'Amazon Cognito (cognito-local)',
  source: 'npm',
  setup: `{
  ...RefreshWorker.presets.cognito({
    clientId: 'CLIENT_ID',
    url: 'https://cognito-idp.eu-central-1.amazonaws.com/',
  }),
  apiUrls: ['/api/'],
  exposeIdToken: false, // many an API takes it for a token
}`,
  login: call('InitiateAuth', {
    AuthFlow: 'USER_PASSWORD_AUTH',
    ClientId: 'CLIENT_ID',
    AuthParameters: { USERNAME: 'ada@example.org', PASSWORD },
  }),
  api: { url: '/api/me' },
  isRefresh: ({ body }) => body.includes('REFRESH_TOKEN_AUTH'),
  open: async origin => {
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const folder = await mkdtemp(join(tmpdir(), 'refresh-worker-cognito-'))
    const command = join(import.meta.dirname, 'node_modules/.bin/cognito-local')
    const stop = await start({
      command,
      args: [],
      cwd: folder,
      env: { PORT: String(port), HOST: '127.0.0.1' },
      url: `${url}/health`,
    })
    const ask = async (target: string, body: object) => (await fetch(`${url}/`, call(target, body))).json()
    const { UserPool } = await ask('CreateUserPool', { PoolName: 'tests' })
    const UserPoolId: string = UserPool.Id
    const { UserPoolClient } = await ask('CreateUserPoolClient', { UserPoolId, ClientName: 'web' })
    const user = { UserPoolId, Username: 'ada@example.org' }
    const { User } = await ask('AdminCreateUser', { ...user, TemporaryPassword: PASSWORD, MessageAction: 'SUPPRESS' })
    await ask('AdminSetUserPassword', { ...user, Password: PASSWORD, Permanent: true })
    const keys = createRemoteJWKSet(new URL(`/${UserPoolId}/.well-known/jwks.json`, url))
    return {
      url,
      words: [
        ['CLIENT_ID', UserPoolClient.ClientId],
        ['https://cognito-idp.eu-central-1.amazonaws.com/', `${origin}/`],
      ],
      userOf: async token => {
        const verified = await jwtVerify(token, keys).catch(() => null)
        return verified?.payload.username === User.Username ? 'ada' : null
      },
      refuse: () => ask('AdminDeleteUser', user),
      close: async () => {
        await stop()
        await rm(folder, { recursive: true })
      },
    }
  },
}
