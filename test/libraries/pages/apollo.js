// Apollo Client with links for its header and its refresh, as its documentation has them.
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, gql, HttpLink, InMemoryCache } from '@apollo/client'
import { SetContextLink } from '@apollo/client/link/context'
import { ErrorLink } from '@apollo/client/link/error'
import { from, switchMap } from 'rxjs'

const read = () => JSON.parse(localStorage.getItem('tokens') ?? 'null')
const save = tokens => localStorage.setItem('tokens', JSON.stringify(tokens))
const http = new HttpLink({ uri: '/graphql' })
const plain = new ApolloClient({ link: http, cache: new InMemoryCache() })

const refresh = async () => {
  const { data } = await plain.mutate({
    mutation: gql`mutation Renew($token: String!) { refresh(token: $token) { access refresh } }`,
    variables: { token: read()?.refresh ?? '' },
  })
  save(data.refresh)
}

const client = new ApolloClient({
  cache: new InMemoryCache(),
  link: ApolloLink.from([
    new ErrorLink(({ error, operation, forward }) => {
      const isOver =
        CombinedGraphQLErrors.is(error) && error.errors.some(({ extensions }) => extensions?.code === 'UNAUTHENTICATED')
      if (isOver && read()) return from(refresh()).pipe(switchMap(() => forward(operation)))
    }),
    new SetContextLink(({ headers }) => ({ headers: { ...headers, Authorization: `Bearer ${read()?.access}` } })),
    http,
  ]),
  defaultOptions: { query: { fetchPolicy: 'no-cache' } },
})

export const logIn = async () => {
  const { data } = await plain.mutate({
    mutation: gql`mutation Enter { login(name: "ada", password: "lovelace") { access refresh } }`,
  })
  save(data.login)
}

export const claims = async () => JSON.parse(atob(read().access.split('.')[1]))

export const call = () => client.query({ query: gql`{ me }` }).then(({ data }) => data?.me === 'ada')

export const renew = () => refresh()

export const logOut = async () => {
  localStorage.removeItem('tokens')
  await client.clearStore()
}

export const isLoggedIn = async () => read() !== null
