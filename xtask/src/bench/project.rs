//! Projects for benchmarks: many small builders of one shape.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;

/// Writes a project with `builders` builders of the `file` platform that share their layers and one script.
pub(crate) fn write(dir: &Path, builders: usize) -> Result<()> {
    put(dir, "hybrid.toml", "[project]\nname = \"bench\"\n")?;
    put(
        dir,
        "templates/common.pkr.hcl",
        "variable \"hybrid_output_dir\" {\n  type    = string\n  default = \"output\"\n}\n\nvariable \"hostname\" {\n  type = string\n}\n",
    )?;
    put(dir, "templates/scripts/linux/greet.sh", "#!/bin/sh\necho hello\n")?;
    put(dir, "templates/vars/linux/common.pkrvars.hcl", "hostname = \"bench\"\n")?;
    put(dir, "configs/overlays/dev.pkrvars.hcl", "message = \"hello from ${builder}\"\n")?;
    for at in 0..builders {
        let mut text = String::from("variable \"message\" {\n  type = string\n}\n\n");
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "source \"file\" \"b{at:04}\" {{\n  content = \"${{var.message}} ${{var.hostname}}\\n\"\n  target  = \"${{var.hybrid_output_dir}}/b{at:04}\"\n}}\n\n\
             build {{\n  sources = [\"source.file.b{at:04}\"]\n\n  provisioner \"shell-local\" {{\n    execute_command = [\"sh\", \"{{{{.Script}}}}\"]\n    script          = \"${{path.root}}/../../../scripts/linux/greet.sh\"\n  }}\n}}\n"
        );
        put(dir, &format!("templates/linux/file/b{at:04}/b{at:04}.pkr.hcl"), &text)?;
    }
    Ok(())
}

fn put(dir: &Path, relative: &str, text: &str) -> Result<()> {
    let path = dir.join(relative);
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    Ok(std::fs::write(path, text)?)
}
