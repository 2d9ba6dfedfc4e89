// Says what is not ready for a release of the version in package.json, and publishes nothing. See CONTRIBUTING.md.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const read = path => readFileSync(path, 'utf8')
const manifest = JSON.parse(read('package.json'))
const { version } = manifest
const run = (command, ...args) =>
  execFileSync(command, args, { encoding: 'utf8', stdio: 'pipe', shell: process.platform === 'win32' }).trim()

const changelog = new Map(
  read('CHANGELOG.md')
    .split(/^## /m)
    .slice(1)
    .map(section => {
      const [title = '', ...lines] = section.split('\n')
      return [title.split(' ')[0], lines.join('\n').trim()]
    }),
)

/** What must be so, and whether it is. */
const CHECKS = [
  ['the working tree is clean', () => run('git', 'status', '--porcelain') === ''],
  [`there is no tag v${version} yet`, () => run('git', 'tag', '--list', `v${version}`) === ''],
  ['package-lock.json has the version', () => JSON.parse(read('package-lock.json')).version === version],
  [`the changelog has a section ${version}`, () => Boolean(changelog.get(version))],
  ['the changelog has nothing under Unreleased', () => !changelog.get('Unreleased')],
  ...['repository', 'homepage', 'bugs'].map(name => [`package.json has ${name}`, () => Boolean(manifest[name])]),
  ['README.md does not say that the package is not on npm', () => !read('README.md').includes('not on npm yet')],
  ['the package is as it should be (npm run package)', () => run('npm', 'run', 'package') !== ''],
  [
    'npm would publish it (npm publish --dry-run)',
    () => run('npm', 'publish', '--dry-run', '--json', '--tag', version.includes('-') ? 'next' : 'latest') !== '',
  ],
]

for (const [name, isSo] of CHECKS) {
  let problem = ''
  try {
    if (!isSo()) problem = 'no'
  } catch (error) {
    problem = String(error.stderr || error.message).trim()
  }
  console.log(problem === '' ? `yes  ${name}` : `NO   ${name}${problem === 'no' ? '' : `\n${problem}`}`)
  if (problem !== '') process.exitCode = 1
}
