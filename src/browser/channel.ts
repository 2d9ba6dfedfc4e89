/** A channel of this origin; null where the browser lets there be none, as Firefox does where cookies are blocked. */
export function openChannel(name: string): BroadcastChannel | null {
  try {
    return new BroadcastChannel(name)
  } catch {
    return null
  }
}
