// Work for as many turns as it is told: clocks stand still in some runtimes.
exports.handler = async ({ turns }) => {
  let seed = 42
  for (let turn = 0; turn < turns; turn += 1) seed = (seed * 1_103_515 + 12_345) % 2_147_483_648
  return seed
}
