// Runs in a worker before its own script: notes when what happens for the first time, in milliseconds since the browser began
// to start the worker. Answers /marks.
const marks = { begun: performance.now() }
const mark = name => {
  marks[name] ??= performance.now()
}
{
  const { importScripts, fetch } = self
  self.importScripts = (...urls) => {
    importScripts(...urls)
    mark('imported')
  }
  self.fetch = (...args) => {
    mark('sent')
    return fetch(...args)
  }
  const { open } = IDBFactory.prototype
  IDBFactory.prototype.open = function (...args) {
    mark('opening')
    const request = open.apply(this, args)
    request.addEventListener('success', () => mark('opened'))
    return request
  }
  const { get } = IDBObjectStore.prototype
  IDBObjectStore.prototype.get = function (...args) {
    const request = get.apply(this, args)
    request.addEventListener('success', () => mark('read'))
    return request
  }
  addEventListener('fetch', event => {
    if (!event.request.url.endsWith('/marks')) return mark('asked')
    event.respondWith(new Response(JSON.stringify(marks)))
    event.stopImmediatePropagation()
  })
  // After the script, which is evaluated in one go.
  queueMicrotask(() => mark('evaluated'))
}
