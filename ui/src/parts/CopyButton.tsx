// Puts a text on the clipboard and says so.
import { useEffect, useState } from 'react'

const SAID_MS = 2_000

export function CopyButton({ label, text }: { label: string; text(): string }) {
  const [said, setSaid] = useState<'' | 'Copied' | 'Not allowed'>('')

  useEffect(() => {
    if (said === '') return
    const timer = setTimeout(() => setSaid(''), SAID_MS)
    return () => clearTimeout(timer)
  }, [said])

  const copy = (): void => {
    // Only pages of a secure origin have a clipboard: loopback is one, an edge's plain HTTP address elsewhere is not.
    const write = navigator.clipboard as Clipboard | undefined
    void (write ? write.writeText(text()) : Promise.reject(new Error('no clipboard')))
      .then(() => setSaid('Copied'), () => setSaid('Not allowed'))
  }
  return <button type="button" onClick={copy} aria-live="polite">{said === '' ? label : said}</button>
}
