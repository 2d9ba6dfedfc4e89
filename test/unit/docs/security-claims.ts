/** What SECURITY.md claims, in its own words, and the tests that hold it: the file below test/, and a part of the name. */
type Claim = readonly [claim: string, ...tests: (readonly [file: string, name: string])[]]

export const CLAIMS: readonly Claim[] = [
  // What this does not stop
  [
    "**works**: IndexedDB is the page's too",
    ['browser/modes.test.ts', 'in IndexedDB, unless told otherwise: every token'],
    ['browser/hostile.test.ts', 'reads the tokens out of IndexedDB'],
  ],
  [
    "the worker's tokens are out of its reach",
    ['browser/modes.test.ts', 'what a script in the page finds'],
    ['unit/core/session/token-vault.test.ts', 'the store gets the rest of the record'],
  ],
  [
    '§5.1.3 it gets tokens of its own',
    ['browser/hostile.test.ts', 'gets tokens of its own: it unregisters the worker'],
  ],
  ['§5.1.4 it sends requests as the user', ['browser/hostile.test.ts', 'acts as the user by a plain fetch']],
  [
    'stolen tokens are of no use without the key',
    ['browser/oauth.test.ts', 'who has stolen a token, and not the key, can do nothing with it'],
    ['browser/oauth.test.ts', 'a refresh token without the key is refused'],
  ],
  ['no script can take the key out of the browser', ['unit/core/tokens/dpop.test.ts', 'cannot be taken out']],
  ['`register()` takes a `TrustedScriptURL`', ['browser/hostile.test.ts', 'has its worker from a TrustedScriptURL']],
  [
    'Such code can log the user out, delete or replace the stored session, hold the lock',
    ['browser/hostile.test.ts', 'by which any script of the origin logs out are taken'],
    ['browser/hostile.test.ts', 'a page that meddles with the database while requests run'],
    ['browser/two-workers.test.ts', 'a lock that a page has its hands on'],
  ],
  // What each mode keeps where
  [
    'no script ever sees a token, the worker included',
    ['browser/cookies.test.ts', 'of many tabs get one refresh, expiry after expiry'],
    ['unit/core/cookie-sessions.test.ts', 'nothing of the session in a record is a token'],
  ],
  [
    'The worker never fetches a navigation that somebody waits for',
    ['browser/cookies.test.ts', 'from another site say so: the worker vouches for none'],
    [
      'unit/core/navigations.test.ts',
      'waits for the one refresh where it has expired, and is sent by the browser itself',
    ],
  ],
  [
    'The worker may fetch what the browser prefetches for a page of this site',
    ['browser/cookies.test.ts', 'that are prefetched or prerendered wait for the same refresh'],
  ],
  [
    'Redaction is the same: page code sees placeholders',
    ['browser/without-worker.test.ts', 'keeps the session, and says so'],
  ],
  [
    'a script that runs before the host can wrap `fetch` and read each token as it is sent',
    ['browser/without-worker.test.ts', 'hides nothing from a script that was there first'],
  ],
  [
    'A placeholder reaches no server in the URL or a header of a request that the worker sees, nor in the text that it looks for in bodies',
    ['unit/core/existing-code.test.ts', 'a placeholder reaches no server (W62)'],
    ['browser/existing-libraries.test.ts', 'logs in, knows its user, is refreshed once for three tabs and by itself'],
  ],
  [
    'browsers stop idle workers, and the session ends with that',
    ['browser/modes.test.ts', 'ends with the worker: lost'],
  ],
  [
    'the worker: the next one refreshes',
    ['browser/modes.test.ts', 'gets a token for the page that comes first'],
    ['browser/modes.test.ts', 'goes on in a new version of the worker: one refresh'],
  ],
  [
    'shows the page placeholders in place of the access and the refresh token',
    ['browser/main-job.test.ts', 'logs in and sees placeholders where the tokens were'],
  ],
  [
    'no message, log, error, URL or cache of the worker has a token',
    ['browser/hostile.test.ts', 'a page sees no secret, whatever it does and whatever fails'],
    ['browser/secrets.test.ts', 'a secret that is anywhere when a test is over makes it fail'],
  ],
  ['keeps the session in memory, and `inspect()` says so', ['browser/storage.test.ts', 'a worker without storage']],
  [
    'wherever their exact text stands in its body or headers',
    ['unit/core/requests/hostile-responses.test.ts', 'is kept as it is but for the tokens'],
    ['unit/core/requests/login.test.ts', 'covers headers, and drops those that speak of the old bytes'],
  ],
  [
    "The placeholder has no part of the signature. No key makes what stands in the signature's place",
    ['unit/core/tokens/placeholder.test.ts', 'holds no part of the signature'],
    ['unit/core/tokens/placeholder.test.ts', 'is refused by whoever verifies %s, which takes the token itself (W55)'],
  ],
  [
    "With `placeholders: 'opaque'` pages see none of the claims",
    ['unit/core/tokens/placeholder.test.ts', 'is that too where pages are to see no claims'],
  ],
  [
    'No log, error or report contains what a hook was given, has returned or has thrown',
    ['unit/core/hooks.test.ts', 'keeps the session, and is named (W52)'],
  ],
  [
    'the page gets a 502 in place of the answer',
    ['unit/core/hooks.test.ts', 'at a login gives the page neither tokens nor a session, and is named (W52)'],
  ],
  [
    'goes to https only, and follows no redirect',
    ['unit/core/hooks.test.ts', 'names a server without https'],
    ['unit/core/hooks.test.ts', 'may settle later, and give a whole request, which follows no redirect'],
  ],
  [
    '`exposeAccessToken` (any script of the page may ask)',
    ['unit/core/messages.test.ts', 'is refused unless it is exposed'],
  ],
  ['`claims` (pages see these)', ['unit/core/messages.test.ts', 'holds the named claims and no token']],
  [
    'such requests fail there instead',
    ['browser/hostile.test.ts', 'gets no token in a header of another name: the request fails at the redirect'],
  ],
  [
    'unless `exposeIdToken` is `false`',
    ['unit/core/requests/login.test.ts', 'covers the id token with exposeIdToken off'],
  ],
  // RFC 10017
  ['one refresh for all tabs', ['browser/main-job.test.ts', 'requests each, and none of them fails (N1, N2)']],
  [
    'the new pair stored before it is used',
    ['unit/core/requests/login.test.ts', 'its tokens are stored before the page has the answer'],
  ],
  [
    'one retry of a refresh that was cut off',
    ['unit/core/session/fresh-session.test.ts', 'that was cut off is tried again once'],
  ],
  [
    'its `maxAge` ends a session whatever happens',
    ['unit/server/express.test.ts', 'ends a session that was refreshed all along'],
  ],
  [
    'unless `authorize` allows each `jti` only once',
    ['unit/server/express.test.ts', 'lets a refresh token be used once, and ends the session where it is used twice'],
    ['unit/server/express.test.ts', 'can be repeated with the same tokens, whose answer was lost'],
  ],
  [
    'there is no option for one',
    ['unit/core/options/config.test.ts', "are the predecessor's, and those of the design"],
  ],
  [
    'the worker answers clients of its own origin, in its scope, and known messages only',
    ['browser/hostile.test.ts', 'that are junk are not answered, and do no harm'],
    ['unit/core/hostile-messages.test.ts', 'reads any message without throwing, and leaves of it only what it knows'],
  ],
  [
    'Pages hear only the worker of their own registration',
    ['browser/hostile.test.ts', 'what is forged in the name of the worker changes no state'],
    ['unit/page/page.test.ts', "is not taken from anyone but the registration's worker"],
  ],
  [
    'Neither takes URLs or configuration from a message',
    ['unit/core/hostile-messages.test.ts', 'has no way to ask for a refresh token'],
  ],
  ['none is sent or recommended', ['unit/docs/security-doc.test.ts', 'recommend no password grant']],
  [
    'means a cookie that scripts cannot read and that goes to the server',
    ['browser/modes.test.ts', 'with cookie alone: no refresh token, neither in a record nor in document.cookie'],
  ],
  // RFC 9700
  [
    '`invalid_grant` ends the session in all tabs, unless another worker has stored a newer one meanwhile',
    ['unit/core/session/fresh-session.test.ts', 'a loser adopts what the winner has stored meanwhile'],
    ['browser/oauth.test.ts', 'ends the session once, as '],
  ],
  ['configured URLs are `https:`, except on this machine', ['unit/core/options/config.test.ts', 'apiUrls (R4, U25)']],
  [
    'never along with a navigation',
    ['unit/core/requests/routes.test.ts', 'are not taken as navigations: a cross-site form post is none of ours'],
    ['browser/hostile.test.ts', 'another site'],
  ],
  [
    'name no referrer, and are not cached',
    ['unit/core/tokens/token-endpoint.test.ts', 'follows no redirect, leaves no cache and no referrer'],
    ['browser/main-job.test.ts', 'comes from the worker with the old tokens, and names no referrer'],
  ],
  [
    'the token goes to `apiUrls` only',
    ['unit/core/requests/hostile-urls.test.ts', 'the token goes to what is below a prefix'],
    ['unit/core/requests/hostile-urls.test.ts', 'the token goes to configured origins only'],
  ],
  [
    'browsers drop `Authorization` if a redirect leaves the origin (tested in three), and keep it within the origin',
    ['browser/requests/cases.ts', 'Redirects, within the origin'],
    ['browser/requests/cases.ts', 'Redirects to another origin, which gets no token'],
  ],
  [
    'with another `authHeader` or with a DPoP proof, follow no redirect',
    ['unit/core/requests/authorize.test.ts', 'lets a custom header follow no redirect'],
    ['unit/core/tokens/dpop.test.ts', 'follows no redirect, which would carry the proof to other origins'],
  ],
  // HTTP caches
  [
    'keep sessions apart',
    ['browser/session-cache.test.ts', "has nothing of a user's who has logged out"],
    ['unit/sw/session-cache.test.ts', 'has its keys marked'],
  ],
  // RFC 9449
  [
    'the worker makes them, also for the one replay after a 401',
    ['unit/core/tokens/dpop.test.ts', 'carries the token with a proof of it'],
    ['unit/core/tokens/dpop.test.ts', 'comes before a token that has expired for the server'],
  ],
  ['the same key signs refresh requests', ['unit/core/tokens/dpop.test.ts', 'has a proof, with no token in it']],
  [
    'for both servers, with one more attempt',
    ['unit/core/tokens/dpop.test.ts', 'that an API asks for is in the proof of one more request'],
    ['unit/core/tokens/dpop.test.ts', 'is sent once more with the nonce that the token endpoint asks for'],
  ],
]
