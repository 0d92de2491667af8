// 100 kB of JSON, written and read.
const record = { id: 1, name: 'a name of some length', tags: ['red', 'green', 'blue'], nested: { value: 1.5, on: true, none: null } }
const records = Array.from({ length: 850 }, (_, id) => ({ ...record, id }))
exports.handler = async () => JSON.parse(JSON.stringify(records)).length
