// @vitest-environment jsdom
import { describeContract } from './auth-client-contract.ts'

describeContract()
