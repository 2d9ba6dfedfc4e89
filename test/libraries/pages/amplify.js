// AWS Amplify's auth.
import { fetchAuthSession, signIn, signOut } from '@aws-amplify/auth'
import { cognitoUserPoolsTokenProvider } from '@aws-amplify/auth/cognito'
import { Amplify, defaultStorage } from '@aws-amplify/core'

const Auth = {
  Cognito: {
    userPoolId: 'eu-central-1_demo',
    userPoolClientId: 'web',
    userPoolEndpoint: `${location.origin}/cognito/`,
  },
}
// What the package `aws-amplify` does with them.
cognitoUserPoolsTokenProvider.setAuthConfig(Auth)
cognitoUserPoolsTokenProvider.setKeyValueStorage(defaultStorage)
Amplify.configure({ Auth }, { Auth: { tokenProvider: cognitoUserPoolsTokenProvider } })
const tokens = async options => (await fetchAuthSession(options)).tokens

export const logIn = () =>
  signIn({ username: 'ada', password: 'lovelace', options: { authFlowType: 'USER_PASSWORD_AUTH' } })

export const claims = async () => (await tokens()).accessToken.payload

export const call = async () => {
  const { accessToken } = (await tokens()) ?? {}
  return (await fetch('/api/me', { headers: { Authorization: `Bearer ${accessToken}` } })).ok
}

export const renew = async () => Boolean(await tokens({ forceRefresh: true }))
export const logOut = () => signOut()
export const isLoggedIn = async () => Boolean(await tokens())
