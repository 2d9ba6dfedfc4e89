// Notes all that the page gets from anywhere, before a library can keep a `fetch` of its own.
const seen = []
Object.assign(window, { seen })

const { fetch } = window
window.fetch = async (...args) => {
  const response = await fetch(...args)
  seen.push([...response.headers].join())
  // One that is cut off was read as far as it came.
  response
    .clone()
    .text()
    .then(
      text => seen.push(text),
      () => undefined,
    )
  return response
}

const { open } = XMLHttpRequest.prototype
XMLHttpRequest.prototype.open = function (...args) {
  this.addEventListener('load', () => {
    const { response } = this
    seen.push(this.getAllResponseHeaders(), typeof response === 'string' ? response : JSON.stringify(response))
  })
  return open.apply(this, args)
}
