//! Takes the plugin's data out of it: the code is then compiled once, and each function brings a memory of its own.

use crate::Error;
use wasm_encoder::{
    ExportKind, Module, RawSection,
    reencode::{Reencode, RoundtripReencoder},
};
use wasmparser::{DataKind, Operator, Parser, Payload};

/// The plugin in two halves.
pub struct Split {
    /// The code, and a memory without content; it exports every mutable global as `global:N`.
    pub code: Vec<u8>,
    /// The data the code expects at its start: address and bytes.
    pub data: Vec<(u32, Vec<u8>)>,
    /// Initial values of the mutable globals, in the order of their exports. The first is the stack pointer.
    pub globals: Vec<i32>,
}

/// The export under which the `n`th mutable global is found.
pub fn global_export(n: usize) -> String {
    format!("global:{n}")
}

fn broken(what: impl std::fmt::Display) -> Error {
    Error::Plugin(what.to_string())
}

/// Splits a plugin: one memory of its own, active data at constant addresses, 32-bit mutable globals.
pub fn split(plugin: &[u8]) -> Result<Split, Error> {
    let mut module = Module::new();
    let mut data = Vec::new();
    let mut globals = Vec::new();
    let mut exports = wasm_encoder::ExportSection::new();
    let mut mutable = Vec::new();
    let mut memories = 0;
    for payload in Parser::new(0).parse_all(plugin) {
        let payload = payload.map_err(broken)?;
        match &payload {
            Payload::MemorySection(section) => {
                memories += section.count();
                copy(&mut module, &payload, plugin);
            }
            Payload::DataCountSection { .. } | Payload::CustomSection(_) => {}
            Payload::GlobalSection(section) => {
                for (index, global) in section.clone().into_iter().enumerate() {
                    let global = global.map_err(broken)?;
                    if global.ty.mutable {
                        mutable.push(index as u32);
                        globals.push(
                            constant(&global.init_expr)
                                .ok_or_else(|| broken("a mutable global is not a 32-bit constant"))?,
                        );
                    }
                }
                copy(&mut module, &payload, plugin);
            }
            Payload::ExportSection(section) => {
                RoundtripReencoder.parse_export_section(&mut exports, section.clone()).map_err(broken)?;
                for (n, index) in mutable.iter().enumerate() {
                    exports.export(&global_export(n), ExportKind::Global, *index);
                }
                module.section(&exports);
            }
            Payload::DataSection(section) => {
                for segment in section.clone() {
                    let segment = segment.map_err(broken)?;
                    let DataKind::Active { memory_index: 0, offset_expr } = &segment.kind else {
                        return Err(broken("a data segment is passive"));
                    };
                    let offset =
                        constant(offset_expr).ok_or_else(|| broken("a data segment's address is not a constant"))?;
                    data.push((offset as u32, segment.data.to_vec()));
                }
            }
            _ => copy(&mut module, &payload, plugin),
        }
    }
    if memories != 1 {
        return Err(broken("it does not define one memory"));
    }
    if globals.is_empty() {
        return Err(broken("it has no stack pointer"));
    }
    Ok(Split { code: module.finish(), data, globals })
}

/// Refuses code that could leave a trace in an instance beside its memory and its mutable globals: in tables, or in segments.
pub fn check(code: &[u8]) -> Result<(), Error> {
    for payload in Parser::new(0).parse_all(code) {
        let Payload::CodeSectionEntry(body) = payload.map_err(broken)? else { continue };
        for operator in body.get_operators_reader().map_err(broken)? {
            match operator.map_err(broken)? {
                Operator::TableSet { .. }
                | Operator::TableGrow { .. }
                | Operator::TableFill { .. }
                | Operator::TableCopy { .. }
                | Operator::TableInit { .. }
                | Operator::ElemDrop { .. }
                | Operator::DataDrop { .. } => return Err(broken("it changes a table or drops a segment")),
                _ => {}
            }
        }
    }
    Ok(())
}

/// Copies a section as it is.
fn copy(module: &mut Module, payload: &Payload<'_>, plugin: &[u8]) {
    if let Some((id, range)) = payload.as_section() {
        module.section(&RawSection { id, data: &plugin[range] });
    }
}

fn constant(expr: &wasmparser::ConstExpr<'_>) -> Option<i32> {
    match expr.get_operators_reader().read().ok()? {
        Operator::I32Const { value } => Some(value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_encoder::{CodeSection, Function, FunctionSection, TypeSection};

    #[test]
    fn refuses_code_that_changes_a_table() {
        let code = |fill: bool| {
            let (mut types, mut functions, mut codes) =
                (TypeSection::new(), FunctionSection::new(), CodeSection::new());
            types.ty().function([], []);
            functions.function(0);
            let mut function = Function::new([]);
            if fill {
                function.instructions().table_fill(0);
            }
            function.instructions().end();
            codes.function(&function);
            let mut module = Module::new();
            module.section(&types).section(&functions).section(&codes);
            module.finish()
        };
        assert!(check(&code(false)).is_ok());
        assert!(matches!(check(&code(true)), Err(Error::Plugin(_))));
    }
}
