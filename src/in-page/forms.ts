/**
 * WebKit cannot read a body that was made of a form with files (`InvalidStateError: Unable to read form data blob`), and so
 * send it twice. There, requests are made of what the form says instead. In other engines nothing changes.
 */
export async function mendForms() {
  const form = new FormData()
  form.append('file', new File(['x'], 'file'))
  const isFine = await new Response(form).blob().then(
    () => true,
    () => false,
  )
  if (isFine) return
  globalThis.Request = new Proxy(Request, {
    construct: (target, [input, init]: [RequestInfo | URL, RequestInit?], newTarget) =>
      Reflect.construct(
        target,
        [input, init?.body instanceof FormData ? { ...init, body: encoded(init.body) } : init],
        newTarget,
      ),
  })
}

/** @see https://html.spec.whatwg.org/#multipart-form-data */
function encoded(form: FormData): Blob {
  // In lower case, as a Blob's type is.
  const boundary = `----refreshworkerformboundary${Math.random().toString(36).slice(2)}`
  const parts: BlobPart[] = []
  for (const [name, value] of form) {
    parts.push(`--${boundary}\r\nContent-Disposition: form-data; name="${escaped(lined(name))}"`)
    if (typeof value === 'string') parts.push(`\r\n\r\n${lined(value)}\r\n`)
    else {
      const type = value.type || 'application/octet-stream'
      parts.push(`; filename="${escaped(value.name)}"\r\nContent-Type: ${type}\r\n\r\n`, value, '\r\n')
    }
  }
  parts.push(`--${boundary}--\r\n`)
  return new Blob(parts, { type: `multipart/form-data; boundary=${boundary}` })
}

function lined(text: string): string {
  return text.replace(/\r\n?|\n/g, '\r\n')
}

function escaped(name: string): string {
  return name.replaceAll('\n', '%0A').replaceAll('\r', '%0D').replaceAll('"', '%22')
}
