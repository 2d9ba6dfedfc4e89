import { bodyOf, json, type Preset, token } from './preset.ts'

export interface CognitoOptions {
  /** The id of the app client. */
  readonly clientId: string
  /** The API's URL, such as `https://cognito-idp.eu-central-1.amazonaws.com/`. */
  readonly url: string
}

const SERVICE = 'AWSCognitoIdentityProviderService.'

/**
 * Amazon Cognito user pools, by their own API: one URL for everything, and a header that names the operation.
 * @see https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_InitiateAuth.html
 */
export function cognito({ clientId, url }: CognitoOptions): Preset {
  const { href } = new URL(url)
  const isFor =
    (...operations: readonly string[]) =>
    (asked: URL, { headers }: Request) =>
      asked.href === href && operations.some(name => headers.get('X-Amz-Target') === SERVICE + name)
  return {
    loginUrl: isFor('InitiateAuth', 'RespondToAuthChallenge'),
    logoutUrl: isFor('RevokeToken', 'GlobalSignOut'),
    refreshTokenUrl: href,
    useRefreshToken: true,
    refreshRequest: ({ refreshToken }) =>
      json(
        { AuthFlow: 'REFRESH_TOKEN_AUTH', ClientId: clientId, AuthParameters: { REFRESH_TOKEN: refreshToken } },
        { 'Content-Type': 'application/x-amz-json-1.1', 'X-Amz-Target': `${SERVICE}InitiateAuth` },
      ),
    // A challenge holds none.
    readTokens: async response => {
      const result = (await bodyOf(response)).AuthenticationResult as Record<string, unknown> | undefined
      const accessToken = token(result, 'AccessToken')
      return accessToken === null
        ? null
        : {
            accessToken,
            refreshToken: token(result, 'RefreshToken'),
            idToken: token(result, 'IdToken'),
            expiresIn: result?.ExpiresIn as number,
          }
    },
  }
}
