import { DIST, main } from './cli.ts'

process.exitCode = await main(process.argv.slice(2), DIST, {
  out: text => process.stdout.write(text),
  err: text => process.stderr.write(text),
})
