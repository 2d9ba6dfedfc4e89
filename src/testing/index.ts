/** For the tests of applications: a login state that a test sets, and a server that a test commands. */
export { type Handler, type NodeRequest, nodeHandler } from '../server/node.ts'
export { type FakeAnswers, FakeAuth, type FakeMethod, type FakeState, fakeAuth } from './fake-auth.ts'
export { type FakeClaims, FakeServer, type FakeServerCall, type FakeServerOptions, fakeServer } from './fake-server.ts'
