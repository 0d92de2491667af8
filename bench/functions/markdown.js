// A page of documentation.
const { marked } = require('marked')
const page = Array.from({ length: 10 }, (_, n) => `## Heading ${n}\n\nSome *text* with \`code\`, a [link](https://example.org/${n}) and **more**.\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n\`\`\`js\nconst x = ${n}\n\`\`\`\n`).join('\n')
exports.handler = async () => marked.parse(page).length
