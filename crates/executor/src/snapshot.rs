//! A memory as a module: no code, just data, and the host's functions passed through. wasmtime maps it copy-on-write.

use crate::split::MEMORY_IMPORT;
use wasm_encoder as we;
use wasmtime::{FuncType, ValType};

/// Granularity of what is kept: the smallest page of the machines we run on.
const PAGE_BYTES: usize = 4096;

/// A function import of the plugin; passed through so that both modules share one store's functions.
pub struct HostImport {
    pub module: String,
    pub name: String,
    pub ty: FuncType,
}

impl HostImport {
    /// The name under which a memory module re-exports it.
    pub fn export(&self) -> String {
        format!("{}/{}", self.module, self.name)
    }
}

/// The non-zero stretches of a memory.
pub fn stretches(memory: &[u8]) -> Vec<(u32, Vec<u8>)> {
    let zero = [0; PAGE_BYTES];
    let mut found: Vec<(u32, Vec<u8>)> = Vec::new();
    let mut open = false;
    for (index, page) in memory.chunks(PAGE_BYTES).enumerate() {
        let blank = *page == zero[..page.len()];
        match (blank, open, found.last_mut()) {
            (true, ..) => open = false,
            (false, true, Some((_, bytes))) => bytes.extend_from_slice(page),
            (false, ..) => {
                found.push(((index * PAGE_BYTES) as u32, page.to_vec()));
                open = true;
            }
        }
    }
    found
}

/// A module that defines a memory of `pages` (64 KiB each) with `data` in it, and re-exports `imports`.
pub fn memory_module(data: &[(u32, Vec<u8>)], pages: u64, maximum: Option<u64>, imports: &[HostImport]) -> Vec<u8> {
    let (mut types, mut entries, mut exports) =
        (we::TypeSection::new(), we::ImportSection::new(), we::ExportSection::new());
    for (index, import) in (0u32..).zip(imports) {
        types.ty().function(import.ty.params().map(value_type), import.ty.results().map(value_type));
        entries.import(&import.module, &import.name, we::EntityType::Function(index));
        exports.export(&import.export(), we::ExportKind::Func, index);
    }
    exports.export(MEMORY_IMPORT.1, we::ExportKind::Memory, 0);
    let mut memories = we::MemorySection::new();
    memories.memory(we::MemoryType { minimum: pages, maximum, memory64: false, shared: false, page_size_log2: None });
    let mut segments = we::DataSection::new();
    for (offset, bytes) in data {
        segments.active(0, &we::ConstExpr::i32_const(*offset as i32), bytes.iter().copied());
    }
    let mut module = we::Module::new();
    module.section(&types).section(&entries).section(&memories).section(&exports).section(&segments);
    module.finish()
}

fn value_type(ty: ValType) -> we::ValType {
    match ty {
        ValType::I64 => we::ValType::I64,
        ValType::F32 => we::ValType::F32,
        ValType::F64 => we::ValType::F64,
        // The plugin's imports take numbers only; anything else fails when the module is compiled.
        _ => we::ValType::I32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_only_pages_with_something_in_them() {
        let mut memory = vec![0; PAGE_BYTES * 5];
        memory[PAGE_BYTES] = 1;
        memory[PAGE_BYTES * 2 + 7] = 2;
        memory[PAGE_BYTES * 4] = 3;
        let found = stretches(&memory);
        let shape: Vec<_> =
            found.iter().map(|(at, bytes)| (*at as usize / PAGE_BYTES, bytes.len() / PAGE_BYTES)).collect();
        assert_eq!(shape, [(1, 2), (4, 1)]);
    }
}
