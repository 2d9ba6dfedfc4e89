export const load = ({ locals }) => ({ secret: `for ${locals.session?.user}` })
