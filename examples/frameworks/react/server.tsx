import { renderToString } from 'react-dom/server'
import { Login } from './login.tsx'

export function render(): string {
  return renderToString(<Login />)
}
