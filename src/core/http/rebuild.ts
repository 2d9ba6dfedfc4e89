/** The same request with changes, and with headers that can be written. */
export function rebuild(request: Request, changes: RequestInit = {}): Request {
  // Only a copy without changes keeps the headers that scripts may not write, such as client hints.
  if (Object.keys(changes).length === 0) return new Request(request)
  const { headers, referrer, referrerPolicy } = request
  // Else it would name the worker as its referrer.
  return new Request(request, { headers, referrer, referrerPolicy, ...changes })
}
