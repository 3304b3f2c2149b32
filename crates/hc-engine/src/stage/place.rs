//! Where one target of a run works, and what packer is given there.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use hc_config::Dialect;
use hc_config::cloudinit::FILE_VARIABLE;
use hc_packer::call::{Call, Templated};
use hc_records::layout;
use hc_templates::compose;

use super::ssh_key::{self, SshKey};
use crate::plan::parent::{Parent, placeholder};
use crate::prepare::Prepared;
use crate::project::Project;

/// Where one target of a run works.
#[derive(Debug, Clone)]
pub struct Place {
    /// `.hybrid/work/<run>/<builder>@<env>`.
    pub work: PathBuf,
    /// The stage, in which the project's files have their places.
    pub stage: PathBuf,
    /// Working directory of packer: `workdir` of the builder, in the stage.
    pub cwd: PathBuf,
    /// Packer's directory argument.
    pub packer_dir: PathBuf,
    /// Var files that packer gets by `-var-file`.
    pub var_files: Vec<PathBuf>,
}

impl Place {
    /// The place of a target; nothing is created.
    pub fn of(project: &Project, prepared: &Prepared) -> Self {
        let work = project.at(layout::work(&project.run_id, &prepared.target));
        // Below directories of its own, in which a mirror has what lies above the project.
        let stage = work.join(if prepared.builder.in_place { "above/above/stage" } else { "stage" });
        let (mut packer_dir, mut var_files) = (stage.join(&prepared.builder.dir), Vec::new());
        if prepared.builder.in_place {
            // Packer tells the language of a var file by its ending; the values of an example are in the rendered file.
            let endings = [OsStr::new("hcl"), OsStr::new("json")];
            let named = |path: &&PathBuf| path.extension().is_some_and(|ending| endings.contains(&ending));
            // A var file would beat PKR_VAR_…, so one that sets a variable which is a secret now stays out; the
            // rendered file has its other values.
            let beats = |path: &&PathBuf| prepared.secrets_beaten_by(path).next().is_none();
            let own =
                prepared.builder.var_files.iter().filter(named).filter(beats).map(|path| stage.join(path));
            var_files = own.chain([work.join(rendered_name(prepared))]).collect();
            packer_dir = stage.join(prepared.builder.file.as_ref().unwrap_or(&prepared.builder.dir));
        }
        Self { cwd: stage.join(&prepared.builder.workdir), stage, packer_dir, var_files, work }
    }

    /// The file with the merged user data (CONFIG-6).
    pub fn user_data(&self) -> PathBuf {
        self.work.join("user-data")
    }

    /// Where its mirror waits for the next target.
    pub fn spare(&self) -> PathBuf {
        let name = self.work.file_name().unwrap_or_default().to_string_lossy();
        self.work.with_file_name(format!(".spare-{name}"))
    }

    /// Removes the work directory, and the run's when this was its last target.
    pub fn remove(&self) {
        let _ = std::fs::remove_dir_all(&self.work);
        if let Some(run) = self.work.parent() {
            // Fails, as it should, while another target works there.
            let _ = std::fs::remove_dir(run);
        }
    }

    /// Gives a call on [`Self::packer_dir`] what packer works with there.
    pub fn with<'a, W: Templated>(
        &self,
        call: Call<'a, W>,
        prepared: &Prepared,
        vars: &[(String, String)],
    ) -> Call<'a, W> {
        self.with_only(call, prepared, vars, prepared.builder.only.iter().cloned())
    }

    /// The same for other sources than the one that the builder stands for.
    pub fn with_only<'a, W: Templated>(
        &self,
        call: Call<'a, W>,
        prepared: &Prepared,
        vars: &[(String, String)],
        only: impl Iterator<Item = String>,
    ) -> Call<'a, W> {
        let call = self.var_files.iter().fold(call, |call, file| call.var_file(file));
        let call =
            vars.iter().fold(call, |call, (name, value)| call.var(prepared.builder.packer_name(name), value));
        let only = only.map(|address| prepared.builder.only_of(&address));
        let call = call.only(only).except(prepared.builder.except.iter().cloned());
        let call = if prepared.builder.dialect() == Dialect::Legacy { call.legacy() } else { call };
        // A stage without a repository must not lead git to the one that it lies in.
        match prepared.hermetic || !prepared.builder.in_place {
            true => call.set("GIT_CEILING_DIRECTORIES", &self.work),
            false => call,
        }
    }
}

/// The name of the file with the rendered variables beside a mirror: legacy templates take JSON only.
pub fn rendered_name(prepared: &Prepared) -> &'static str {
    if prepared.builder.dialect() == Dialect::Legacy { compose::RENDERED_JSON } else { compose::RENDERED }
}

/// What a build is given beyond the project's files.
#[derive(Debug, Default)]
pub struct Given<'a> {
    /// Published image that it starts from.
    pub parent: Option<&'a Parent>,
    /// Key of the run.
    pub key: Option<&'a SshKey>,
    /// Installation medium in the store.
    pub iso: Option<&'a Path>,
}

/// Values of the `hybrid_…` variables that the template declares. The manifest's path is set per attempt.
pub fn injected(
    project: &Project,
    prepared: &Prepared,
    place: &Place,
    build_id: &str,
    output_dir: &Path,
    given: &Given<'_>,
) -> Vec<(String, String)> {
    let Given { parent, key, iso } = given;
    // What is read of the project by way of it is to be noticed.
    let root = if prepared.builder.in_place { &place.stage } else { &project.root };
    let values = [
        (FILE_VARIABLE, place.user_data().display().to_string()),
        ("hybrid_output_dir", output_dir.display().to_string()),
        ("hybrid_build_id", build_id.to_owned()),
        ("hybrid_run_id", project.run_id.to_string()),
        ("hybrid_env", prepared.target.env.to_string()),
        ("hybrid_root", root.display().to_string()),
        ("hybrid_iso_path", iso.map_or("iso".to_owned(), |path| path.display().to_string())),
        ("hybrid_parent_image", parent.map_or("parent-image".to_owned(), |parent| parent.location.clone())),
        (
            "hybrid_parent_image_id",
            parent.map_or(placeholder(prepared).to_owned(), |parent| parent.image_id().to_owned()),
        ),
        ("hybrid_parent_build_id", parent.map_or(String::new(), |parent| parent.image.build_id.to_string())),
        (ssh_key::PRIVATE, key.map_or(String::new(), |key| key.private.display().to_string())),
        (ssh_key::PUBLIC, key.map_or(String::new(), |key| key.public.clone())),
    ];
    values
        .into_iter()
        .filter(|(name, _)| prepared.declared.contains_key(*name))
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
