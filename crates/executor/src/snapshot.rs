//! A memory as a module: no code, just data, and the host's functions passed through. wasmtime maps it copy-on-write.

use crate::split::MEMORY_IMPORT;
use wasm_encoder::{self as we, Encode};
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

/// Bytes and the address they belong to.
pub type Segment<'a> = (u32, &'a [u8]);

/// The non-zero stretches of a memory.
pub fn stretches(memory: &[u8]) -> Vec<Segment<'_>> {
    let zero = [0; PAGE_BYTES];
    let blank = |page: &[u8]| *page == zero[..page.len()];
    let mut found = Vec::new();
    let mut at = 0;
    for run in memory.chunks(PAGE_BYTES).collect::<Vec<_>>().chunk_by(|a, b| blank(a) == blank(b)) {
        let len = run.iter().map(|page| page.len()).sum::<usize>();
        if !blank(run[0]) {
            found.push((at as u32, &memory[at..at + len]));
        }
        at += len;
    }
    found
}

/// A module that defines a memory of `pages` (64 KiB each) with `data` in it, and re-exports `imports`.
pub fn memory_module(data: &[Segment<'_>], pages: u64, maximum: Option<u64>, imports: &[HostImport]) -> Vec<u8> {
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
    let mut module = we::Module::new();
    module.section(&types).section(&entries).section(&memories).section(&exports);
    let mut bytes = module.finish();
    append_data(&mut bytes, data);
    bytes
}

/// The data section, written straight behind the others: images have megabytes, and an encoder would copy them twice.
fn append_data(module: &mut Vec<u8>, data: &[Segment<'_>]) {
    let mut heads = Vec::with_capacity(data.len());
    for (address, bytes) in data {
        // Active, in memory 0.
        let mut head = vec![0];
        we::ConstExpr::i32_const(*address as i32).encode(&mut head);
        bytes.len().encode(&mut head);
        heads.push(head);
    }
    let mut count = Vec::new();
    data.len().encode(&mut count);
    let size = count.len() + heads.iter().zip(data).map(|(head, (_, bytes))| head.len() + bytes.len()).sum::<usize>();
    module.reserve_exact(size + 16);
    module.push(we::SectionId::Data.into());
    size.encode(module);
    module.extend_from_slice(&count);
    for (head, (_, bytes)) in heads.iter().zip(data) {
        module.extend_from_slice(head);
        module.extend_from_slice(bytes);
    }
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
    use proptest::{collection::vec, prelude::*};
    use wasmtime::{Engine, Instance, Module, Store};

    const WASM_PAGE_BYTES: usize = 65_536;

    /// Two pages of WebAssembly with some bytes in them, zeros too.
    fn memories() -> impl Strategy<Value = Vec<u8>> {
        vec((0..2 * WASM_PAGE_BYTES, vec(prop_oneof![Just(0), any::<u8>()], 1..PAGE_BYTES * 2)), 0..6).prop_map(
            |writes| {
                let mut memory = vec![0; 2 * WASM_PAGE_BYTES];
                for (at, bytes) in writes {
                    let end = (at + bytes.len()).min(memory.len());
                    memory[at..end].copy_from_slice(&bytes[..end - at]);
                }
                memory
            },
        )
    }

    proptest! {
        #[test]
        fn a_module_has_the_memory_it_was_made_from(memory in memories()) {
            let stretches = stretches(&memory);
            // In order, apart, and none of them empty.
            prop_assert!(stretches.windows(2).all(|pair| pair[0].0 as usize + pair[0].1.len() < pair[1].0 as usize));
            prop_assert!(stretches.iter().all(|(at, bytes)| (*at as usize).is_multiple_of(PAGE_BYTES) && bytes.iter().any(|&byte| byte != 0)));
            let engine = Engine::default();
            let module = Module::new(&engine, memory_module(&stretches, 2, Some(2), &[])).unwrap();
            let mut store = Store::new(&engine, ());
            let instance = Instance::new(&mut store, &module, &[]).unwrap();
            prop_assert!(instance.get_memory(&mut store, MEMORY_IMPORT.1).unwrap().data(&store) == memory);
        }
    }

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
