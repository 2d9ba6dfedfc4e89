import { register } from 'refresh-worker'

// Made by the plugin, below the base path that the site is built for.
export const auth = register(`${import.meta.env.BASE_URL}sw.js`)
