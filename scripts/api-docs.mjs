/**
 * Writes docs/api.md: every public export, with its TSDoc, of every entry in package.json's `exports` that has types.
 * `--check`: writes nothing, and fails if the file is not up to date.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import {
  isClassDeclaration,
  isInterfaceDeclaration,
  isMethodDeclaration,
  isMethodSignatureDeclaration,
  isVariableDeclaration,
} from 'typescript/unstable/ast/is'
import { API, NodeBuilderFlags, SymbolFlags } from 'typescript/unstable/sync'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const FILE = `${ROOT}docs/api.md`

const ABOUT = {
  '.': 'For pages. See the [guide](guide.md).',
  './sw':
    'For a bundled worker script. The prebuilt script has the same `setup` as `RefreshWorker.setup`. [Configuration](configuration.md) says what the options mean, and has their defaults.',
  './presets':
    "For the worker script: options of well-known servers. Spread them into those of `setup()`. After `importScripts('refresh-worker.js', 'refresh-worker.presets.js')` they are `RefreshWorker.presets`. See [Backends](backends.md).",
  './protocol': 'The messages, for pages that do not use the helper. See [Protocol](protocol.md).',
  './server': 'For the server, with the web’s own types. See [Server](server.md).',
  './plugin':
    "For bundlers: makes the worker's script. See [The worker as one file](frameworks.md#the-worker-as-one-file).",
  './testing': 'For the tests of applications. See [Testing your application](testing.md).',
  './worker.js':
    'The prebuilt classic script, which defines the global `RefreshWorker`. `npx refresh-worker init` copies it.',
  './worker.dev.js': 'The same, with messages in the console, for development.',
  './express': 'For the server, Express 4 or 5. See [Server](server.md#refresh-workerexpress).',
  './in-page.js': 'The same, prebuilt as one file, for sites without a bundler.',
  './devtools': 'For pages, in development. See [Devtools](devtools.md).',
  './in-page.dev.js': 'The same as one file, for development: devtools sees what it does.',
  './in-page': 'For pages that can have no worker. See [Without a worker](without-worker.md).',
}

/** TSDoc's tags, in words. */
const TITLES = { returns: 'Returns ', throws: 'Throws ', see: 'See ' }

const HEAD = `# API

<!-- Made by npm run docs:api, from the TSDoc of the sources. -->

This page lists every public export.`

const { name, exports } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'))
const api = new API()
const projects = api.updateSnapshot({ openProjects: [`${ROOT}tsconfig.json`, `${ROOT}sw/tsconfig.json`] }).getProjects()

const described = new Set()
const text = `${[HEAD, ...Object.entries(exports).flatMap(section)].join('\n\n')}\n`
api.close()

if (!process.argv.includes('--check')) writeFileSync(FILE, text)
else if (readFileSync(FILE, 'utf8') !== text) {
  console.error('docs/api.md is not up to date: npm run docs:api')
  process.exitCode = 1
}

function section([entry, { types }]) {
  if (!types) return []
  const path = ROOT + types.replace('./dist/types/', '').replace('.d.ts', '.ts')
  const project = projects.find(({ program }) => program.getSourceFile(path))
  const { checker, program } = project
  const specifier = name + entry.slice(1)
  const symbols = checker
    .getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(path)))
    .map(symbol => (symbol.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol))
    .sort((a, b) => (b.flags & SymbolFlags.Function) - (a.flags & SymbolFlags.Function))
  const known = symbols.filter(symbol => described.has(keyOf(symbol)))
  const links = known.map(symbol => `[${symbol.name}](#${symbol.name.toLowerCase()})`).join(', ')
  const parts = symbols.filter(symbol => !known.includes(symbol)).map(symbol => describe(project, symbol))
  return [`## ${specifier}`, ABOUT[entry], ...parts, links && `Also exported here, see above: ${links}.`].filter(
    Boolean,
  )
}

/** What two entries export is described once. */
function keyOf(symbol) {
  return `${symbol.declarations[0].path} ${symbol.name}`
}

function describe(project, symbol) {
  described.add(keyOf(symbol))
  const nodes = symbol.declarations.map(declaration => declaration.resolve(project))
  const hasMembers = nodes.some(node => isClassDeclaration(node) || isInterfaceDeclaration(node))
  // Of what has members, they say the rest.
  const code = nodes.map(node => (hasMembers ? headOf(node) : textOf(node))).find(Boolean)
  const notes = [...tagsOf(project, symbol), ...(hasMembers ? membersOf(project, symbol) : [])]
  return [
    `### ${symbol.name}`,
    code && `\`\`\`ts\n${code}\n\`\`\``,
    proseOf(project, symbol),
    notes.map(line => `- ${line}`).join('\n'),
  ]
    .filter(Boolean)
    .join('\n\n')
}

/** What a class or interface builds on; what it picks stands among its members. */
function headOf(node) {
  const head = node.getText().split('{', 1)[0]
  return /\b(extends|implements)\b(?! Pick<)/.test(head) ? head.replace('export ', '').trim() : ''
}

/** What is declared in the class or interface itself, and is for its users; of one without a body, what it picks of ours. */
function membersOf(project, symbol) {
  const members = [...declaredOf(project, symbol)].filter(({ name }) => !name.startsWith('__'))
  return members.map(member => {
    const nodes = member.declarations.map(declaration => declaration.resolve(project))
    // Without a comment of its own it would get that of what it overrides.
    const isOurs = nodes[0].getFullText().trimStart().startsWith('/*')
    const notes = isOurs ? [proseOf(project, member), ...tagsOf(project, member)].filter(Boolean) : []
    const signature = oneLine(signatureOf(project, member, nodes[0]))
    return [`\`${signature}\``, ...notes.map(oneLine)].join('<br>')
  })
}

function declaredOf({ checker }, symbol) {
  const own = [...symbol.getMembers().values()]
  if (own.length > 0) return own
  const all = checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol))
  return all.filter(({ declarations }) => declarations?.[0]?.path.startsWith(`${ROOT}src/`))
}

function signatureOf({ checker }, member, node) {
  if (isMethodDeclaration(node) || isMethodSignatureDeclaration(node)) return textOf(node)
  const written = node.type?.getText() ?? '\n'
  const type = written.includes('\n')
    ? checker.typeToString(checker.getTypeOfSymbol(member), node, NodeBuilderFlags.NoTruncation)
    : written
  return `${member.name}${node.postfixToken ? '?' : ''}: ${type}`
}

/** A declaration without its comment and its body. */
function textOf(node) {
  const text = node.body ? node.getText().slice(0, node.body.getStart() - node.getStart()) : node.getText()
  const statement = isVariableDeclaration(node) ? `const ${text}` : text
  return statement.replace(/^(export |async )+/, '').trim()
}

function proseOf({ checker }, symbol) {
  return symbol.getDocumentationComment(checker).trim()
}

function tagsOf({ checker }, symbol) {
  return symbol.getJsDocTags(checker).map(tag => {
    const text = linked(tag.text).replace(/^\{(\w+)\}/, '`$1`')
    if (tag.name === 'param') return text.replace(/^(\w+) /, '`$1`: ')
    if (!TITLES[tag.name]) throw new Error(`${symbol.name}: there is no place for @${tag.name}`)
    return TITLES[tag.name] + text
  })
}

/** Links of TSDoc as those of Markdown. */
function linked(text) {
  return text.replace(/\{@link (https:\S+) ([^}]+)\}/g, '[$2]($1)').replace(/\{@link ([\w.]+)\}/g, '`$1`')
}

function oneLine(text) {
  return text.replace(/,?\s*\n\s*(?=\))|(?<=\()\s*\n\s*/g, '').replace(/\s*\n\s*/g, ' ')
}
