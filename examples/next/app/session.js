'use client'

import { useRouter } from 'next/navigation'
import { useEffect } from 'react'
import { register } from 'refresh-worker'

/** Registers the worker, and leaves the pages of a session when it ends, in whichever tab. */
export function Session() {
  const router = useRouter()
  useEffect(() => {
    const auth = register('/sw.js')
    window.auth = auth
    let wasIn = false
    return auth.subscribe(({ status }) => {
      if (wasIn && status === 'anonymous') router.push('/login')
      wasIn = status === 'authenticated'
    })
  }, [router])
  return null
}
