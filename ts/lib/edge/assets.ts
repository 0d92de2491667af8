// The page that every edge serves, read once into the native gateway.
import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Asset } from '../native.js'

const UI_FOLDER = fileURLToPath(new URL('../../ui', import.meta.url))

const CONTENT_TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
}

/** All files of the built page; none when it is not built. `index.html` is `/`. */
export async function readAssets(folder = UI_FOLDER): Promise<Asset[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const files = entries.filter((entry) => entry.isFile())
  return await Promise.all(
    files.map(async (entry) => {
      const file = join(entry.parentPath, entry.name)
      const path = file.slice(folder.length).replaceAll('\\', '/')
      return {
        path: path === '/index.html' ? '/' : path,
        contentType: CONTENT_TYPES[extname(entry.name)] ?? 'application/octet-stream',
        // Vite puts a hash of the content into the names under assets/.
        cacheControl: path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
        body: await readFile(file),
      }
    }),
  )
}
