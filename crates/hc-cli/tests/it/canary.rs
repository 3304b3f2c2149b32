//! Generated secrets in every form, planted wherever a build can leak them: none is in any file of the project, nor on
//! the terminal, also when hybrid is killed (LOG-2, DIAG-1).

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use aho_corasick::AhoCorasick;
use hc_test_support::FakePacker;
use hc_test_support::canary::{Dice, encodings};

use crate::project::{Project, Ran};

/// What must not be found.
struct Needles {
    search: AhoCorasick,
    forms: Vec<(String, String)>,
}

impl Needles {
    fn of(forms: &[(String, String)]) -> Self {
        // Line ends come and go on the way; what counts is whether it can be put together again.
        let flat = |form: &String| form.chars().filter(|c| *c != '\n').collect::<String>();
        let forms: Vec<_> = forms.iter().map(|(name, form)| (name.clone(), flat(form))).collect();
        Self { search: AhoCorasick::new(forms.iter().map(|(_, form)| form)).unwrap(), forms }
    }

    /// The first needle in a text, line ends and prefixes of lines left out.
    fn found_in(&self, bytes: &[u8]) -> Option<&(String, String)> {
        let mut flat = Vec::with_capacity(bytes.len());
        for line in bytes.split(|byte| *byte == b'\n') {
            let prefix = memchr::memmem::rfind(line, b"x.y: ").map_or(0, |at| at + 5);
            flat.extend_from_slice(&line[prefix..]);
        }
        let found = [bytes, &flat].into_iter().find_map(|text| self.search.find(text))?;
        Some(&self.forms[found.pattern().as_usize()])
    }
}

/// A project whose packer prints `planted` everywhere, in pieces of odd sizes.
struct World {
    project: Project,
    outside: tempfile::TempDir,
    needles: Needles,
    secrets: Vec<String>,
}

impl World {
    fn new(count: usize, seed: u64, end: &str) -> Self {
        let mut dice = Dice(seed);
        let outside = tempfile::tempdir().unwrap();
        let mut project = Project::empty();
        let secrets: Vec<String> = (0..count).map(|_| dice.secret()).collect();
        let (mut template, mut overlay) = (String::new(), String::new());
        for (at, secret) in secrets.iter().enumerate() {
            project.set_env(&format!("CANARY_{at}"), secret);
            template.push_str(&format!(
                "variable \"s{at}\" {{\n  type      = string\n  sensitive = true\n}}\n\n"
            ));
            overlay.push_str(&format!("s{at} = env(\"CANARY_{at}\")\n"));
        }
        template.push_str(
            "variable \"hybrid_manifest\" {\n  type = string\n}\n\nsource \"null\" \"y\" {\n  communicator = \"none\"\n}\n\n\
             build {\n  sources = [\"source.null.y\"]\n}\n",
        );
        project.write("templates/linux/null/y/y.pkr.hcl", &template);
        project.write("configs/overlays/dev.pkrvars.hcl", &overlay);

        let mut forms = Vec::new();
        let (mut records, mut lines, mut custom) = (String::new(), String::new(), Vec::new());
        for secret in &secrets {
            for (name, form) in encodings(secret, &mut dice) {
                let needle = if name == "wrapped base64" { core_of(&form, secret) } else { form.clone() };
                forms.push((name.to_owned(), needle));
                for line in form.split('\n') {
                    records.push_str(&format!("1700000000,,ui,message,    x.y: {line}\n"));
                    lines.push_str(&format!("2026/11/21 08:00:00 [INFO] plugin: x.y: {line}\n"));
                }
                let escaped = form.replace(',', "%!(PACKER_COMMA)").replace('\n', "\\n");
                records.push_str(&format!("1700000000,x.y,error,x.y: failed with {escaped} at the end\n"));
                lines.push_str(&format!("plain {form} text\n"));
                custom.push(form);
            }
        }
        std::fs::write(outside.path().join("records"), records).unwrap();
        std::fs::write(outside.path().join("lines"), lines).unwrap();
        let manifest = serde_json::json!({ "last_run_uuid": "u", "builds": [{
            "name": "y", "builder_type": "null", "build_time": 1, "files": null, "artifact_id": "ami-1",
            "packer_run_uuid": "u", "custom_data": { "note": custom.join(" "), "first": secrets[0] },
        }] });
        std::fs::write(outside.path().join("manifest"), manifest.to_string()).unwrap();
        let data = outside.path().display();
        let script = format!(
            "case \" $* \" in *' build '*) ;; *) exit 0;; esac\n\
             cp {data}/lines \"$PACKER_LOG_PATH\"\n\
             dd if={data}/records bs=911 2>/dev/null\ndd if={data}/lines bs=13 2>/dev/null >&2\n{end}\n\
             for word in \"$@\"; do case $word in hybrid_manifest=*) cp {data}/manifest \"${{word#*=}}\";; esac; done\n\
             cp {data}/lines crash.log\nexit $CODE\n"
        );
        let fake = FakePacker::new(&outside.path().join("bin"), "1.11.2", &script).unwrap();
        project.write("hybrid.toml", &format!("[packer]\nbinary = \"{}\"\n", fake.path().display()));
        Self { project, outside, needles: Needles::of(&forms), secrets }
    }

    #[track_caller]
    fn is_clean(&self, when: &str) {
        let mut todo = vec![self.project.root().to_owned()];
        let mut seen = 0;
        while let Some(dir) = todo.pop() {
            for entry in std::fs::read_dir(&dir).unwrap().flatten() {
                let kind = entry.file_type().unwrap();
                if kind.is_dir() {
                    todo.push(entry.path());
                } else if kind.is_file() {
                    let bytes = std::fs::read(entry.path()).unwrap();
                    seen += bytes.len();
                    self.holds_none(&bytes, &format!("{} {when}", entry.path().display()));
                }
            }
        }
        assert!(seen > 10_000, "{when}: {seen} bytes are no project");
    }

    #[track_caller]
    fn holds_none(&self, bytes: &[u8], whose: &str) {
        if let Some((name, form)) = self.needles.found_in(bytes) {
            let text = String::from_utf8_lossy(bytes);
            let at = text.find(&**form).unwrap_or(0);
            let near: String = text[at.saturating_sub(80).min(at)..].chars().take(200).collect();
            panic!("{name} form {form:?} is in {whose}: …{near:?}…");
        }
    }

    #[track_caller]
    fn run(&self, args: &[&str]) -> Ran {
        let ran = self.project.run(args);
        self.holds_none(ran.stdout.as_bytes(), &format!("stdout of {args:?}"));
        self.holds_none(ran.stderr.as_bytes(), &format!("stderr of {args:?}"));
        ran
    }
}

/// The characters of wrapped base64 that depend on `secret` alone.
fn core_of(wrapped: &str, secret: &str) -> String {
    use base64::Engine as _;
    let flat: String = wrapped.chars().filter(|c| *c != '\n').collect();
    let decoded = base64::engine::general_purpose::STANDARD.decode(&flat).unwrap();
    let at = decoded.windows(secret.len()).position(|window| window == secret.as_bytes()).unwrap();
    flat[(at * 8).div_ceil(6)..(at + secret.len()) * 8 / 6].to_owned()
}

fn none_leaks(secrets: usize, seed: u64) {
    for end in ["CODE=0", "CODE=1; echo 'Error: the end' >&2"] {
        let world = World::new(secrets, seed, end);
        world.run(&["validate"]).expect(0);
        let built = world.run(&["build", "-vv", "--keep-work"]);
        assert_eq!(built.code, if end == "CODE=0" { 0 } else { 1 }, "{}", built.stderr);
        assert!(built.stderr.contains("***"), "nothing was replaced");
        world.run(&["build", "--format", "json", "--rebuild"]);
        world.is_clean("after two builds");
        for args in [
            &["logs", "last"][..],
            &["logs", "--format", "json"],
            &["status", "--format", "json"],
            &["artifacts", "list", "--format", "json"],
            &["state", "show"],
            &["config", "show", "--format", "json"],
            &["plan", "--format", "json"],
            &["diag", "bundle", "--out", "b.tar.zst"],
        ] {
            world.run(args).expect(0);
        }
        let unpacked = world.project.path("unpacked");
        std::fs::create_dir(&unpacked).unwrap();
        let tar = Command::new("tar")
            .args(["--zstd", "-xf"])
            .arg(world.project.path("b.tar.zst"))
            .arg("-C")
            .arg(&unpacked)
            .status();
        assert!(tar.unwrap().success());
        world.is_clean("with its bundle unpacked");
        let own = find(&world.project.path(".hybrid/work"), "packer.log");
        assert!(std::fs::read_to_string(own.unwrap()).unwrap().contains("***"));
    }
}

fn find(dir: &Path, name: &str) -> Option<std::path::PathBuf> {
    std::fs::read_dir(dir).ok()?.flatten().find_map(|entry| {
        if entry.file_name() == name { Some(entry.path()) } else { find(&entry.path(), name) }
    })
}

#[test]
fn no_form_of_two_hundred_secrets_leaks_from_a_build() {
    none_leaks(200, 0xca11ab1e);
}

#[test]
#[ignore = "long: the full count of issue 7, 10,000 secrets"]
fn no_form_of_ten_thousand_secrets_leaks_from_builds() {
    for round in 0..25 {
        none_leaks(400, 0x1000 + round);
    }
}

#[test]
fn nothing_leaks_when_hybrid_is_killed() {
    let outside = tempfile::tempdir().unwrap();
    let mark = outside.path().join("mark");
    let world = World::new(40, 0xdead, &format!("echo $$ > {}; exec sleep 60", mark.display()));
    world.run(&["validate"]).expect(0);
    let mut child =
        world.project.command(&["build"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let start = Instant::now();
    while std::fs::read_to_string(&mark).unwrap_or_default().trim().is_empty() {
        assert!(start.elapsed() < Duration::from_secs(30), "the build does not begin");
        std::thread::sleep(Duration::from_millis(20));
    }
    // Everything was said; most of it was heard.
    world.is_clean("while it runs");
    child.kill().unwrap();
    child.wait().unwrap();
    world.is_clean("after kill -9");
    let pid = std::fs::read_to_string(&mark).unwrap();
    assert!(Command::new("kill").args(["-9", pid.trim()]).status().unwrap().success());
    for args in
        [&["orphans"][..], &["orphans", "--stop"], &["status"], &["diag", "bundle", "--out", "b.tar.zst"]]
    {
        world.run(args);
    }
    world.is_clean("after it was cleared away");
    drop(outside);
    assert!(world.outside.path().exists() && world.secrets.len() == 40);
}
