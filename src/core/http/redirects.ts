/** Whether a redirect has led to another origin than the one that was asked. */
export function isFromElsewhere(response: Response, request: Request): boolean {
  return response.redirected && new URL(response.url).origin !== new URL(request.url).origin
}
