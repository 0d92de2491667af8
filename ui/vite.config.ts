// Builds the page into dist/ui, with relative addresses so that it also works behind a path prefix.
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

export default defineConfig({
  base: './',
  plugins: [react()],
  build: {
    outDir: '../dist/ui',
    emptyOutDir: true,
    target: 'es2022',
    reportCompressedSize: true,
    // A page served by the edge makes no request but its own: nothing inlined by data URL, nothing preloaded.
    assetsInlineLimit: 0,
    modulePreload: false,
  },
})
