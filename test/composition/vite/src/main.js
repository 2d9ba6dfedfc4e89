import { register } from 'refresh-worker'

window.auth = register('/sw.js')

// For when the user has agreed to the new version that waits; reload the page then.
window.update = async () => {
  const { waiting } = await navigator.serviceWorker.ready
  const hasTakenOver = new Promise(resolve => {
    navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true })
  })
  waiting?.postMessage({ type: 'SKIP_WAITING' })
  await hasTakenOver
}
