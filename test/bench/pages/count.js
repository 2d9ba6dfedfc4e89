// Runs before a worker's own code in the idle minute, and tells pages what it does.
{
  const channel = new BroadcastChannel('bench-count')
  const count = what => channel.postMessage(what)
  for (const name of ['setTimeout', 'setInterval']) {
    const original = self[name]
    self[name] = (...args) => {
      count('timer')
      return original.apply(self, args)
    }
  }
  self.addEventListener('message', () => count('message'))
  const { postMessage } = Client.prototype
  Client.prototype.postMessage = function (...args) {
    count('message')
    return postMessage.apply(this, args)
  }
}
