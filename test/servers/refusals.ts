/** What token endpoints answer to a refresh, and what stands in front of them. */

/** An object is JSON, a string what it is. */
export type Written = readonly [status: number, body: unknown, headers?: Record<string, string>]

/** As well-known servers write them. */
export const REFUSALS: readonly (readonly [name: string, ...written: Written])[] = [
  ['W1 RFC 6749', 400, { error: 'invalid_grant' }],
  ['W2 Django SimpleJWT', 401, { detail: 'Token is blacklisted', code: 'token_not_valid' }],
  [
    'W3 Directus',
    401,
    { errors: [{ message: 'Invalid user credentials.', extensions: { code: 'INVALID_CREDENTIALS' } }] },
  ],
  ['W4 Feathers', 401, { name: 'NotAuthenticated', message: 'jwt expired', code: 401, className: 'not-authenticated' }],
  ['W5 FastAPI', 401, { detail: 'Could not validate credentials' }],
  ['W6 PocketBase', 401, { status: 401, message: 'The request requires valid record authorization token.', data: {} }],
  ['W7 LoopBack', 401, { error: { statusCode: 401, name: 'UnauthorizedError', message: 'Invalid token' } }],
  ['W8 NestJS, short', 401, { statusCode: 401, message: 'Unauthorized' }],
  ['W9 flask-jwt-extended', 401, { msg: 'Token has expired' }],
  [
    'W10 ASP.NET problem+json',
    401,
    { type: 'https://tools.ietf.org/html/rfc9110', title: 'Unauthorized', status: 401 },
  ],
  ['W11 Spring', 401, { timestamp: '2026-01-01', status: 401, error: 'Unauthorized', path: '/auth/refresh' }],
  ['W12 devise-jwt', 401, { error: 'Signature has expired' }],
  ['W13 Nhost', 401, { status: 401, error: 'invalid-refresh-token', message: 'Invalid or expired refresh token' }],
  ['W14 an empty 401', 401, ''],
  ['W15 res.sendStatus(401)', 401, 'Unauthorized'],
  ['W16 NestJS 403', 403, { statusCode: 403, message: 'Access Denied', error: 'Forbidden' }],
  [
    'W17 Spring tutorials',
    403,
    { statusCode: 403, message: 'Refresh token was expired. Please make a new signin request' },
  ],
  ['W18 Payload', 403, { errors: [{ message: 'You are not allowed to perform this action.' }] }],
  ['W19 FastAPI 403', 403, { detail: 'Could not validate credentials' }],
  ['W20 403 as text', 403, 'Forbidden'],
  ['W21 Supabase', 400, { code: 400, error_code: 'refresh_token_not_found', msg: 'Invalid Refresh Token' }],
  ['W22 Cognito', 400, { __type: 'NotAuthorizedException', message: 'Refresh Token has been revoked' }],
  ['W23 Firebase', 400, { error: { code: 400, message: 'TOKEN_EXPIRED', status: 'INVALID_ARGUMENT' } }],
  [
    'W24 Strapi',
    400,
    { data: null, error: { status: 400, name: 'ValidationError', message: 'Invalid token', details: {} } },
  ],
  ['W25 Parse', 400, { code: 209, error: 'Invalid session token' }],
  ['W26 ASP.NET tutorials, as text', 400, 'Invalid client request'],
  ['W27 404 of a user', 404, { message: 'User not found' }],
  ['W28 410', 410, { message: 'Gone' }],
  ['W29 flask-jwt-extended 422', 422, { msg: 'Signature verification failed' }],
  [
    'W30 Laravel, tymon/jwt-auth',
    500,
    { message: 'The token has been blacklisted', exception: 'TokenBlacklistedException' },
  ],
  ['W31 GraphQL', 200, { errors: [{ message: 'x', extensions: { code: 'UNAUTHENTICATED' } }], data: null }],
  // And of the same kinds, elsewhere:
  [
    'Express’s error page for a 401',
    401,
    '<!DOCTYPE html><html><body><pre>Unauthorized</pre></body></html>',
    { 'Content-Type': 'text/html' },
  ],
  ['Flask’s abort(401)', 401, '<!doctype html>\n<html lang=en>\n<title>401 Unauthorized</title>'],
  ['Rails’ head :forbidden', 403, ''],
  ['Hasura', 200, { errors: [{ message: 'x', extensions: { code: 'FORBIDDEN', path: '$' } }] }],
  ['200 invalid_grant (A33)', 200, { error: 'invalid_grant' }],
  ['Laravel, expired for good', 500, { message: 'Token has expired and can no longer be refreshed' }],
  ['Laravel, a signature', 500, { message: 'Token Signature could not be verified.' }],
  ['Auth0', 403, { error: 'invalid_grant', error_description: 'Unknown or invalid refresh token.' }],
  ['Okta', 400, { error: 'invalid_grant', error_description: 'The refresh token is invalid or expired.' }],
  ['Ory Hydra', 401, { error: 'token_inactive', error_description: 'Token is inactive' }],
  ['Go’s http.Error', 401, 'invalid refresh token\n', { 'Content-Type': 'text/plain; charset=utf-8' }],
  ['Devise Token Auth', 401, { success: false, errors: ['Invalid login credentials'] }],
  ['a request that the server does not take (B11)', 400, { error: 'invalid_request' }],
  ['412 of a CSRF library', 412, ''],
]

const PAGE = '<!doctype html><html><head><title>Sorry</title></head><body>'

/** Said by what stands in front of the server, or by one that is not well. */
export const NO_REFUSALS: readonly (readonly [name: string, ...written: Written])[] = [
  ['W32 the page of a firewall', 403, PAGE, { 'Content-Type': 'text/html' }],
  ['W33 a bad gateway', 502, PAGE],
  ['W33 an overloaded server', 503, '', { 'Retry-After': '5' }],
  ['W33 a JSON 503', 503, { message: 'Service Unavailable' }],
  ['W34 the page of a deploy', 404, PAGE],
  ['W34 404 as text, as Traefik writes it', 404, '404 page not found\n'],
  ['W35 a captive portal', 200, PAGE, { 'Content-Type': 'text/html' }],
  ['W36 429', 429, { error: 'invalid_grant' }],
  ['408', 408, ''],
  ['421', 421, ''],
  ['425', 425, ''],
  ['a JSON 500 that says nothing of a token', 500, { statusCode: 500, message: 'Internal server error' }],
  ['a 500 in HTML that speaks of tokens', 500, `${PAGE}The token has expired`],
  ['the password of a staging site', 401, PAGE, { 'WWW-Authenticate': 'Basic realm="staging"' }],
  ['Kerberos in front of an intranet', 401, '', { 'WWW-Authenticate': 'Negotiate' }],
  ['Cloudflare’s firewall', 403, 'error code: 1020', { 'Content-Type': 'text/plain' }],
  ['patience asked for in JSON', 400, { error: 'temporarily_unavailable' }],
  ['a long text', 403, 'x'.repeat(257)],
  ['JSON without a token', 200, {}],
  ['GraphQL’s other errors', 200, { errors: [{ message: 'x', extensions: { code: 'INTERNAL_SERVER_ERROR' } }] }],
  ['a redirect that was not followed', 302, ''],
]
