// Environment variables as lines of text. Pure.

/** `NAME=value` a line; empty lines and `#` comments are skipped. Throws an error that names the line. */
export function parseEnvironment(text: string): Record<string, string> {
  const variables: Record<string, string> = {}
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.trim().startsWith('#')) continue
    const [, name, value] = /^\s*([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)$/.exec(line) ?? []
    if (name === undefined || value === undefined) {
      throw new Error(`Environment, line ${index + 1}: expected NAME=value, got ${line.trim()}`)
    }
    variables[name] = value.trim()
  }
  return variables
}
