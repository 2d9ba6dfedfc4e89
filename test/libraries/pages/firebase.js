// The Firebase SDK's auth, which signs out without telling the server.
import { initializeApp } from '@firebase/app'
import { connectAuthEmulator, getAuth, signInWithEmailAndPassword, signOut } from '@firebase/auth'

const auth = getAuth(initializeApp({ apiKey: 'demo', authDomain: 'demo.firebaseapp.com', projectId: 'demo' }))
connectAuthEmulator(auth, location.origin, { disableWarnings: true })

export const started = () => auth.authStateReady()
export const logIn = () => signInWithEmailAndPassword(auth, 'ada@example.org', 'lovelace')
export const claims = async () => (await auth.currentUser.getIdTokenResult()).claims

export const call = async () => {
  const token = await auth.currentUser?.getIdToken()
  const response = await fetch('/api/me', token ? { headers: { Authorization: `Bearer ${token}` } } : {})
  return response.ok
}

/** The profile is asked for with the token in the body. */
export const renew = async () => {
  const token = await auth.currentUser.getIdToken(true)
  await auth.currentUser.reload()
  return Boolean(token)
}

export const logOut = () => signOut(auth)
export const isLoggedIn = async () => auth.currentUser !== null
