//! Embeds the scripts of `scripts/` in the library, so that an installed binary contains them.
//!
//! Writes `scripts.rs` to `OUT_DIR`: a slice of `(name, text)`, sorted by path.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("scripts").canonicalize()?;
    let mut files = Vec::new();
    collect_scripts(&root, &mut files)?;
    files.sort();
    let mut code = String::from("&[\n");
    for file in files {
        let name = file.strip_prefix(&root)?.with_extension("");
        writeln!(
            code,
            "({:?}, include_str!({:?})),",
            name.to_string_lossy(),
            file.to_string_lossy()
        )?;
    }
    code.push(']');
    fs::write(Path::new(&env::var("OUT_DIR")?).join("scripts.rs"), code)?;
    Ok(())
}

/// Adds every `*.script` file below `folder` to `files`, and makes Cargo watch each folder.
fn collect_scripts(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect_scripts(&path, files)?;
        } else if path.extension().is_some_and(|it| it == "script") {
            files.push(path);
        }
    }
    Ok(())
}
