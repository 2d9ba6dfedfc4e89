import { index, route } from '@react-router/dev/routes'

export default [
  index('routes/home.js'),
  route('login', 'routes/login.jsx'),
  route('auth/:action', 'routes/auth.js'),
  route('api/session', 'routes/session.js'),
  route('app', 'routes/app.jsx', [index('routes/start.jsx'), route('other', 'routes/other.jsx')]),
]
