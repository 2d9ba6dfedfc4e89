// urql with its auth exchange, as its documentation has it.

import { Client, fetchExchange, gql } from '@urql/core'
import { authExchange } from '@urql/exchange-auth'

const read = () => JSON.parse(localStorage.getItem('tokens') ?? 'null')
const save = tokens => localStorage.setItem('tokens', JSON.stringify(tokens))

let renewIt
const client = new Client({
  url: '/graphql',
  preferGetMethod: false,
  requestPolicy: 'network-only',
  exchanges: [
    authExchange(async ({ appendHeaders, mutate }) => {
      renewIt = async () => {
        const mutation = gql`mutation Renew($token: String!) { refresh(token: $token) { access refresh } }`
        const { data } = await mutate(mutation, { token: read()?.refresh ?? '' })
        if (!data?.refresh) throw new Error('not refreshed')
        save(data.refresh)
      }
      return {
        addAuthToOperation: operation => {
          const tokens = read()
          return tokens ? appendHeaders(operation, { Authorization: `Bearer ${tokens.access}` }) : operation
        },
        didAuthError: error => error.graphQLErrors.some(({ extensions }) => extensions?.code === 'UNAUTHENTICATED'),
        willAuthError: () => {
          const { exp } = JSON.parse(atob(read()?.access.split('.')[1] ?? btoa('{}')))
          return exp * 1000 < Date.now()
        },
        refreshAuth: async () => {
          if (read()) await renewIt().catch(() => localStorage.removeItem('tokens'))
        },
      }
    }),
    fetchExchange,
  ],
})

export const logIn = async () => {
  const mutation = gql`mutation Enter { login(name: "ada", password: "lovelace") { access refresh } }`
  const { data, error } = await client.mutation(mutation, {}).toPromise()
  if (error) throw error
  save(data.login)
}

export const claims = async () => JSON.parse(atob(read().access.split('.')[1]))
export const call = async () => (await client.query(gql`{ me }`, {}).toPromise()).data?.me === 'ada'

export const renew = () => renewIt()

export const logOut = async () => localStorage.removeItem('tokens')
export const isLoggedIn = async () => read() !== null
