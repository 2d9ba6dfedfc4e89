// First MSW, whose worker the page can have but one of, then the session.
if (import.meta.env.MODE === 'mock') {
  const [{ setupWorker }, { handlers }] = await Promise.all([import('msw/browser'), import('./handlers.ts')])
  await setupWorker(...handlers).start({ onUnhandledRequest: 'bypass' })
}
await import('./app.ts')
