//! One example: its project, its script, what came of it.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use hc_cli::error_page::Section;

use crate::project::Project;

/// How long one example may take.
const LONGEST: Duration = Duration::from_secs(45);
/// What the script ends with when a command before the last one fails.
const BROKEN: i32 = 99;

/// The commands of an example, each with the lines in which it goes on.
fn commands(example: &str) -> Result<Vec<String>, String> {
    let mut commands: Vec<String> = Vec::new();
    for line in example.lines() {
        match (line.strip_prefix("$ "), line.strip_prefix("> "), commands.last_mut()) {
            (Some(command), ..) => commands.push(command.to_owned()),
            (None, Some(more), Some(command)) => command.push_str(&format!("\n{more}")),
            _ => return Err(format!("`{line}` begins neither with `$ ` nor goes on with `> `")),
        }
    }
    if commands.is_empty() { Err("there is no command".into()) } else { Ok(commands) }
}

/// The script: what comes before the last command is said to `.before`, and must succeed.
fn script(commands: &[String]) -> String {
    let (last, before) = commands.split_last().unwrap();
    let mut script = String::from("exec 3>&1 4>&2 >.before 2>&1\n");
    for command in before {
        script.push_str(&format!("{{\n{command}\n}} || exit {BROKEN}\n"));
    }
    script.push_str(&format!("exec >&3 2>&4 3>&- 4>&-\n{last}\n"));
    script
}

/// The project of an example, with what it needs besides.
fn project(needs: &[&str]) -> Result<Project, String> {
    let project = Project::with_motd();
    for need in needs {
        match *need {
            "source" => source(&project),
            "plugin" => plugin(&project),
            "server" | "root" | "strace" | "relatime" => {}
            other => return Err(format!("`console {other}` is not known")),
        }
    }
    Ok(project)
}

/// A git repository beside hybrid.toml, and the source that it is.
fn source(project: &Project) {
    project.write("upstream/hello.sh", "#!/bin/sh\nset -eu\necho hello\n");
    let commands =
        "git init -q -b main upstream && cd upstream && git add -A && git commit -q -m one && git tag v1";
    assert!(shell(project, commands, "").status().unwrap().success());
    let settings = project.read("hybrid.toml");
    let upstream = project.path("upstream");
    project.write(
        "hybrid.toml",
        &format!(
            "{settings}\n[[sources]]\nname = \"modules\"\nurl = \"file://{}\"\nref = \"v1\"\n",
            upstream.display()
        ),
    );
}

/// A builder that asks for a plugin, and a packer that is content with everything and installs nothing.
fn plugin(project: &Project) {
    project.write(
        "packer",
        "#!/bin/sh\n[ \"$1\" = version ] && echo 'Packer v1.16.0'\n[ \"$1\" != plugins ] || { echo 'no network'; exit 1; }\n",
    );
    project.write(
        "templates/linux/file/motd/plugins.pkr.hcl",
        "packer {\n  required_plugins {\n    demo = {\n      version = \">= 1.0.0\"\n      source  = \"github.com/acme/demo\"\n    }\n  }\n}\n",
    );
    let name = format!("packer-plugin-demo_v1.0.4_x5.0_{}", hc_packer::Platform::of_this_program());
    project.write_plugin(&format!("plugins/github.com/acme/demo/{name}"), "#!/bin/sh\n");
    let settings = project.read("hybrid.toml");
    project.write(
        "hybrid.toml",
        &format!("{settings}\n[packer]\nbinary = \"./packer\"\nplugin_path = \"plugins\"\n"),
    );
}

/// `sh` in the project, with `hybrid` on `PATH` and a name for git.
fn shell(project: &Project, script: &str, server: &str) -> Command {
    let own = project.command(&[]);
    let bin = Path::new(own.get_program()).parent().unwrap().display().to_string();
    let path = std::env::var("PATH").unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", script]).current_dir(project.root()).env_clear();
    command.env("PATH", format!("{bin}:{path}")).env("HOME", project.root()).env("LANG", "C.UTF-8");
    command.env("SERVER", server).env("GIT_CONFIG_NOSYSTEM", "1").env("HYBRID_TRUST", "1");
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "t").env(format!("GIT_{who}_EMAIL"), "t@example.org");
    }
    command
}

/// Whether the example can be run here.
fn possible(needs: &[&str], project: &Project) -> bool {
    let works = |script| shell(project, script, "").stderr(Stdio::null()).status().unwrap().success();
    (!needs.contains(&"root") || works("test \"$(id -u)\" = 0"))
        && (!needs.contains(&"strace") || works("strace -qq -o /dev/null true"))
        && (!needs.contains(&"relatime") || crate::observed::works())
}

/// Runs the example; the error tells everything that helps to mend it.
pub(super) fn run(code: &str, section: &Section<'_>, server: &str) -> Result<(), String> {
    let example = section.example.unwrap_or_default();
    let broken = |what: &str| format!("--- {code}: {what}\n{example}\n");
    let commands = commands(example).map_err(|what| broken(&what))?;
    let project = project(&section.needs).map_err(|what| broken(&what))?;
    if !possible(&section.needs, &project) {
        return Ok(());
    }
    let file = |name: &str| std::fs::File::create(project.path(name)).unwrap();
    let mut child = shell(&project, &script(&commands), server)
        .stdin(Stdio::null())
        .stdout(file(".stdout"))
        .stderr(file(".stderr"))
        .process_group(0)
        .spawn()
        .unwrap();
    let start = Instant::now();
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status.code(),
            None if start.elapsed() > LONGEST => break None,
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    // Whatever the example left running: holders of locks, servers.
    let _ = Command::new("kill")
        .args(["-KILL", "--", &format!("-{}", child.id())])
        .stderr(Stdio::null())
        .status();
    let _ = child.wait();
    let (stdout, stderr) = (project.read(".stdout"), project.read(".stderr"));
    let said = [format!("error[{code}]"), format!("warning[{code}]")]
        .iter()
        .any(|words| stdout.contains(words) || stderr.contains(words));
    let ended = status.is_some_and(|status| section.exit_codes.iter().any(|exit| i32::from(*exit) == status));
    let what = match status {
        Some(BROKEN) => "a command before the last one fails".to_owned(),
        None => format!("it does not end within {LONGEST:?}"),
        Some(_) if !said => "the last command does not say the code".to_owned(),
        Some(status) if !ended => format!("it ends with {status}, not with one of {:?}", section.exit_codes),
        Some(_) => return Ok(()),
    };
    let before = std::fs::read_to_string(project.path(".before")).unwrap_or_default();
    Err(format!("{}--- before\n{before}--- stdout\n{stdout}--- stderr\n{stderr}", broken(&what)))
}
