import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitepress'
import { anchorOf, linkLikeGit } from './markdown.mjs'
import { PAGES, sidebar } from './pages.mjs'

export default defineConfig({
  title: 'refresh-worker',
  description: 'A service worker that authorizes API requests and refreshes an expired access token once for all tabs.',
  lang: 'en',
  base: process.env.DOCS_BASE ?? '/',
  srcDir: fileURLToPath(new URL('../../..', import.meta.url)),
  // Whatever else in the repository is Markdown is no page.
  srcExclude: ['!(docs)/*', '*/*/**'],
  rewrites: PAGES,
  outDir: fileURLToPath(new URL('../dist', import.meta.url)),
  cacheDir: fileURLToPath(new URL('../node_modules/.vitepress', import.meta.url)),
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  markdown: {
    // The others have comments and keywords that are hard to read.
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    // `{ … }` after code is code here, and no attribute.
    attrs: { disable: true },
    anchor: { slugify: anchorOf },
    config: linkLikeGit,
  },
  themeConfig: {
    search: {
      provider: 'local',
      options: {
        detailedView: true,
        miniSearch: {
          searchOptions: {
            fuzzy: 0.1,
            // The sections that explain the options are long ones, and what most people look for.
            bm25: { k: 1.2, b: 0, d: 0.5 },
            boostDocument: id => (id.includes('configuration.') ? 2 : 1),
          },
        },
        // Its name is what it shows, the key included.
        translations: { button: { buttonText: 'Search', buttonAriaLabel: '' } },
      },
    },
    nav: [
      { text: 'Guide', link: '/guide' },
      { text: 'Which setup?', link: '/which-setup' },
      { text: 'Configuration', link: '/configuration' },
      { text: 'Comparison', link: '/comparison' },
    ],
    sidebar,
    outline: [2, 3],
  },
})
