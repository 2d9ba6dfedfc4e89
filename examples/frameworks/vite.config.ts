import { svelte } from '@sveltejs/vite-plugin-svelte'
import react from '@vitejs/plugin-react'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

// All four in one build; an application has one of the plugins, and Angular its own `ng build`.
export default defineConfig({
  plugins: [react(), vue(), svelte()],
  build: {
    rolldownOptions: { input: ['react', 'vue', 'svelte', 'angular'].map(name => `${name}/index.html`) },
  },
})
