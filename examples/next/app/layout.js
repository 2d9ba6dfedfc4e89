import { Session } from './session'

export const metadata = { title: 'refresh-worker and Next' }

export default function Layout({ children }) {
  return (
    <html lang="en">
      <body>
        <Session />
        {children}
      </body>
    </html>
  )
}
