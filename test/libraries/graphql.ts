/** Clients of GraphQL, whose backend has packages of its own. */
import { graphql } from '../backends/npm/graphql.ts'
import type { Library } from './libraries.ts'

const setup = graphql.setup.replace("['login']", "['login', 'refresh'],\n  attach: 'placeholder'")
const common = { setup, refresh: '/graphql', open: graphql.open } as const

export const apollo: Library = { title: '@apollo/client', page: 'apollo', ...common }
export const urql: Library = { title: '@urql/exchange-auth', page: 'urql', isLeftOut: true, ...common }
