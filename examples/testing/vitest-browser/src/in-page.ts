import { inPage } from 'refresh-worker/in-page'
import authOptions from './auth.config.ts'

export const host = inPage(authOptions)
