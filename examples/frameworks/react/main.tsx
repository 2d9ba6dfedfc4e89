import { StrictMode } from 'react'
import { createRoot, hydrateRoot } from 'react-dom/client'
import { Login } from './login.tsx'

const root = document.querySelector('#root') as HTMLElement
const app = (
  <StrictMode>
    <Login />
  </StrictMode>
)
if (root.hasChildNodes()) hydrateRoot(root, app)
else createRoot(root).render(app)
