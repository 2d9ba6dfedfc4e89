import { register } from 'refresh-worker'

// public/sw.js, below the base path that the site is built for
export const auth = register(`${import.meta.env.BASE_URL}sw.js`)
