// Makes the site of the documents, docs/site/dist.
//   node scripts/docs.mjs                 makes it
//   node scripts/docs.mjs --preview       and serves it
//   node scripts/docs.mjs --screenshots   and takes pictures of some of its pages, docs/site/screenshots
import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import express from 'express'
import { chromium } from 'playwright-core'
import { CHROMIUM_FLAGS, ensureBrowser } from './browsers.mjs'
import { ensurePackages } from './packages.mjs'

const FOLDER = fileURLToPath(new URL('../docs/site', import.meta.url))

/** Installs what it takes, where that has not been done, and builds. Rejects with what VitePress says, as of a dead link. */
export async function buildDocs() {
  await ensurePackages(FOLDER)
  // Not what Vitest has set, which is no build for production.
  const { NODE_ENV: _, ...env } = process.env
  const vitepress = join(FOLDER, 'node_modules/vitepress/bin/vitepress.js')
  const building = spawn(process.execPath, [vitepress, 'build', FOLDER], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [building.stdout, building.stderr]) stream.on('data', chunk => (said += chunk))
  const code = await new Promise((resolve, reject) => building.once('error', reject).once('close', resolve))
  if (code !== 0) throw new Error(said)
}

/** Serves what was built. @returns its origin, and what ends it */
export async function serveDocs(port = 0) {
  const app = express().use(express.static(join(FOLDER, 'dist'), { extensions: ['html'] }))
  const server = app.listen(port)
  await new Promise((resolve, reject) => server.once('listening', resolve).once('error', reject))
  const close = () => new Promise(resolve => server.close(resolve))
  return { origin: `http://localhost:${server.address().port}`, close }
}

const PICTURES = ['index', 'which-setup', 'comparison', 'configuration']
const WIDTHS = { desktop: 1280, phone: 390 }

async function takePictures() {
  const folder = join(FOLDER, 'screenshots')
  mkdirSync(folder, { recursive: true })
  const { origin, close } = await serveDocs()
  const browser = await chromium.launch({ executablePath: ensureBrowser('chromium'), args: [...CHROMIUM_FLAGS] })
  try {
    for (const colorScheme of ['light', 'dark'])
      for (const [device, width] of Object.entries(WIDTHS)) {
        const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } })
        for (const name of PICTURES) {
          await page.goto(`${origin}/${name}`)
          await page.locator('.vp-doc h1').waitFor()
          await page.screenshot({ path: join(folder, `${name}-${device}-${colorScheme}.png`) })
        }
        await page.close()
      }
  } finally {
    await browser.close()
    await close()
  }
  console.log(folder)
}

async function main(options) {
  try {
    await buildDocs()
  } catch ({ message }) {
    console.error(message)
    process.exitCode = 1
    return
  }
  if (options.includes('--screenshots')) return takePictures()
  if (options.includes('--preview')) return console.log((await serveDocs(Number(process.env.PORT ?? 8030))).origin)
  console.log(join(FOLDER, 'dist'))
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main(process.argv.slice(2))
