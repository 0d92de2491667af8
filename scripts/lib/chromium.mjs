// The browser for the page's tests: one that is installed; none is downloaded.
import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { Stop } from './terminal.mjs'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome']
const MAC = ['/Applications/Google Chrome.app/Contents/MacOS/Google Chrome', '/Applications/Chromium.app/Contents/MacOS/Chromium']

/** Path of a Chromium: `SWARMLAMBDA_CHROMIUM`, or the first on the PATH. */
export const findChromium = async () => {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  const usual = [...folders.flatMap((folder) => NAMES.map((name) => join(folder, name))), ...MAC]
  const candidates = process.env.SWARMLAMBDA_CHROMIUM ? [process.env.SWARMLAMBDA_CHROMIUM] : usual
  for (const path of candidates) {
    if (await access(path, constants.X_OK).then(() => true, () => false)) return path
  }
  throw new Stop(
    'The browser tests need Chromium, and none was found. Run: apt-get install chromium (or set SWARMLAMBDA_CHROMIUM ' +
      'to the path of a Chrome), or leave them out: npm test -- rust ts',
  )
}
