// A terminal session as a picture: an SVG whose lines appear one after the other, and stay; all at once where motion is not wanted.

const COLUMNS = 124
const [FONT_PX, LINE_PX, CHAR_PX, PAD_PX, BAR_PX] = [13, 19, 7.83, 16, 34]
/** Between a command and its output, and between lines. */
const [THINK_S, READ_S, LINE_S] = [0.7, 1.2, 0.05]

const STYLES = { 1: 'font-weight:600;fill:#f4f4f8', 2: 'fill:#8b90a5', 31: 'fill:#ff7b86', 32: 'fill:#7ddc96', 33: 'fill:#f2c66d', 36: 'fill:#74d3e6' }

const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** Text with ANSI colours as spans. */
const spans = (line) => {
  let style = ''
  let width = 0
  return line
    .split(/(\u001b\[\d+m)/)
    .map((piece) => {
      const code = /^\u001b\[(\d+)m$/.exec(piece)?.[1]
      if (code !== undefined) {
        style = STYLES[code] ?? ''
        return ''
      }
      const text = piece.slice(0, Math.max(0, COLUMNS - width))
      width += text.length
      return text === '' ? '' : `<tspan${style === '' ? '' : ` style="${style}"`}>${escape(text)}</tspan>`
    })
    .join('')
}

/** `scenes`: commands with what they printed, colours and all. */
export const drawTerminal = (scenes) => {
  let [at, row] = [0.3, 0]
  const rows = []
  const add = (content) => {
    const y = BAR_PX + PAD_PX + row * LINE_PX
    rows.push(`<text class="l" style="animation-delay:${at.toFixed(2)}s" x="${PAD_PX}" y="${y}" xml:space="preserve">${content}</text>`)
    row += 1
  }
  for (const { command, output } of scenes) {
    const [run, comment = ''] = command.split(/(\s+#.*)/)
    add(`<tspan style="${STYLES[32]}">$ </tspan><tspan style="${STYLES[1]}">${escape(run)}</tspan><tspan style="${STYLES[2]}">${escape(comment)}</tspan>`)
    at += THINK_S
    for (const line of output.trimEnd().split('\n')) {
      add(spans(line))
      at += LINE_S
    }
    row += 0.6
    at += READ_S
  }
  const [width, height] = [Math.ceil(COLUMNS * CHAR_PX + 2 * PAD_PX), Math.ceil(BAR_PX + 2 * PAD_PX + row * LINE_PX - LINE_PX)]
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="A terminal: ${escape(scenes.map(({ command }) => command).join('; ')).replaceAll('"', '&quot;')}">
<style>
text { font: ${FONT_PX}px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #d5d8e3 }
@media (prefers-reduced-motion: no-preference) { .l { opacity: 0; animation: appear 0.15s forwards } @keyframes appear { to { opacity: 1 } } }
</style>
<rect width="${width}" height="${height}" rx="10" fill="#181a24"/>
<circle cx="20" cy="17" r="5.5" fill="#ff5f57"/><circle cx="38" cy="17" r="5.5" fill="#febc2e"/><circle cx="56" cy="17" r="5.5" fill="#28c840"/>
${rows.join('\n')}
</svg>
`
}
