/** Lets through what a page of this origin has sent: no form and no script of another site can. */
export const ownPage = origin => (request, response, next) => {
  const site = request.get('Sec-Fetch-Site') // no script can set it; older browsers do not send it
  const isOwn = site ? site === 'same-origin' : request.get('Origin') === origin
  if (isOwn) next()
  else response.status(403).json({ error: 'forbidden', error_description: 'This is for pages of this site.' })
}
