importScripts('refresh-worker/refresh-worker.js', 'auth-options.js')
RefreshWorker.setup(self.authOptions)
