const text = Array.from({ length: 200 }, (_, n) => `user${n}@example.org wrote on 2026-0${(n % 9) + 1}-1${n % 10} about #topic${n % 7}`).join('\n')
exports.handler = async () => {
  const mails = text.match(/[\w.]+@[\w.]+\.\w+/g).length
  const dates = [...text.matchAll(/(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)/g)].map(({ groups }) => groups.month)
  return { mails, dates: dates.length, replaced: text.replace(/#(\w+)/g, '<$1>').length }
}
