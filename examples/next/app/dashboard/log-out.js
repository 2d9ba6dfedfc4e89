'use client'

export function LogOut() {
  return (
    <button type="button" onClick={() => window.auth.logout()}>
      Log out
    </button>
  )
}
